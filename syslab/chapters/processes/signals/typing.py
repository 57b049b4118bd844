"""What ^C, ^\\ and ^Z reach: keys on a terminal with an interactive bash, a job in front and a job behind."""

from __future__ import annotations

import re
import signal
import sys
from typing import TypedDict

from . import target
from .cases import interactive
from .processes import Child, stat, state
from .running import PROMPT, Running

KEYS = {"^C": ("\x03", 2), "^\\": ("\x1c", 3), "^Z": ("\x1a", 20)}  # Linux's SIGINT, SIGQUIT, SIGTSTP
RUN = '"$PYTHON" -S -I "$TARGET"'  # typed into bash, which takes the paths from its environment


def _type(shell: Child, command: str) -> int:
    """Type a command; the position in what the shell said where its output starts."""
    since = len(shell.said)
    shell.tell(command + "\n")
    return shell.hear("\n", since)


def _shell(number: int) -> Child:
    name = signal.Signals(number).name
    shell = interactive(PYTHON=sys.executable, TARGET=target.__file__)
    try:
        since = _type(shell, f"trap 'echo \"shell: handler {name}\"' {name.removeprefix('SIG')}; echo tr''apped")
        shell.hear(PROMPT, shell.hear("trapped\n", since))
    except BaseException:
        shell.close()
        raise
    return shell


def _pid(shell: Child, label: str) -> int:
    found = shell.until(lambda: re.findall(rf"{label}: ready (\d+)\n", shell.said), f"the {label} job")
    return int(found[0])


def _fate(pid: int) -> str:
    now = state(pid)
    return "died" if now in ("", "Z", "X") else "stopped" if now == "T" else "survived"


class Pressed(TypedDict):
    """What a key did to one process. ``shell_status`` is the shell's ``$?`` for it, None where it gives none."""

    key: str
    signal: str
    situation: str  # jobs, prompt
    process: str
    in_foreground_group: bool
    got_it: bool
    outcome: str  # died, stopped, survived
    shell_status: int | None


def _row(
    key: str, situation: str, process: str, in_front: bool, got_it: bool, outcome: str, shell_status: int | None = None
) -> Pressed:
    return {
        "key": key,
        "signal": signal.Signals(KEYS[key][1]).name.removeprefix("SIG"),
        "situation": situation,
        "process": process,
        "in_foreground_group": in_front,
        "got_it": got_it,
        "outcome": outcome,
        "shell_status": shell_status,
    }


def with_jobs(key: str) -> list[Pressed]:
    """The key while a pipeline of two runs in front, another job behind; the shell has a trap for the signal."""
    pressed, number = KEYS[key]
    heard = f"handler {signal.Signals(number).name}\n"
    with _shell(number) as shell:
        _type(shell, f"{RUN} {number} handled behind &")
        behind = _pid(shell, "behind")
        _type(shell, f"{RUN} {number} default first 1>&2 | {RUN} {number} default second")
        front = {label: _pid(shell, label) for label in ("first", "second")}
        groups = {pid: int(stat(pid)[2]) for pid in (shell.pid, behind, *front.values())}
        group = shell.foreground()
        since = len(shell.said)
        shell.tell(pressed)
        shell.hear(PROMPT, since)
        fates = {label: _fate(pid) for label, pid in front.items()}
        shell.hear("\n", at := shell.hear("status ", _type(shell, 'echo "status $? ${PIPESTATUS[*]}"')))
        last, *each = (int(code) for code in shell.said[at:].splitlines()[0].split())
        # a pipeline that stops leaves PIPESTATUS as it was, so only $? counts
        codes = [None, last] if fates["second"] == "stopped" else each
        reached = {"behind": f"behind: {heard}" in shell.said[since:], "shell": f"shell: {heard}" in shell.said[since:]}
        if not reached["behind"]:  # it would have said so: now it does
            shell.hear(f"behind: {heard}", _type(shell, f"kill -{number} %1"))
        rows = []
        for (label, pid), code in zip(front.items(), codes, strict=True):
            title, fate = f"job in front, {label} of its pipeline", fates[label]
            rows.append(_row(key, "jobs", title, groups[pid] == group, fate in ("died", "stopped"), fate, code))
        for label, title, pid in (("behind", "job behind", behind), ("shell", "the shell", shell.pid)):
            rows.append(_row(key, "jobs", title, groups[pid] == group, reached[label], _fate(pid)))
        return rows


def at_prompt(key: str) -> Pressed:
    """The key at the shell's prompt: the shell, with a trap for the signal, is the foreground process group."""
    pressed, number = KEYS[key]
    with _shell(number) as shell:
        running = Running(shell, shell.pid)
        running.rest()
        ours = int(stat(shell.pid)[2]) == shell.foreground()
        since = len(shell.said)
        shell.tell(pressed)
        shell.hear("shell: handler", since)
        running.rest()
        outcome = running.settle(since)
        got_it = f"shell: handler {signal.Signals(number).name}\n" in shell.said[since:]
    return _row(key, "prompt", "the shell", ours, got_it, outcome)
