"""What ^C, ^\\ and ^Z reach: keys on a terminal with an interactive bash, a job in front and a job behind."""

from __future__ import annotations

import re
import signal
import sys
from typing import Any

from . import target as signal_target
from .cases import PROMPT, Running, interactive
from .processes import Child, stat, state

KEYS = {"^C": ("\x03", 2), "^\\": ("\x1c", 3), "^Z": ("\x1a", 20)}  # Linux's SIGINT, SIGQUIT, SIGTSTP
RUN = '"$PYTHON" -S -I "$TARGET"'  # typed into bash, which takes the paths from its environment


def _type(shell: Child, command: str) -> int:
    """Type a command; the position in what the shell said where its output starts."""
    since = len(shell.said)
    shell.tell(command + "\n")
    return shell.hear("\n", since)


def _shell(number: int) -> Child:
    name = signal.Signals(number).name
    shell = interactive(PYTHON=sys.executable, TARGET=signal_target.__file__)
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


def _row(key: str, number: int, situation: str, process: str, **measured: Any) -> dict[str, Any]:
    row = {"in_foreground_group": None, "got_it": None, "outcome": "", "shell_status": None}
    signal_name = signal.Signals(number).name.removeprefix("SIG")
    return {"key": key, "signal": signal_name, "situation": situation, "process": process} | row | measured


def with_jobs(key: str) -> list[dict[str, Any]]:
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
        rows = [
            _row(
                key, number, "jobs", f"job in front, {label} of its pipeline", in_foreground_group=groups[pid] == group,
                got_it=fates[label] in ("died", "stopped"), outcome=fates[label], shell_status=code,
            )
            for (label, pid), code in zip(front.items(), codes, strict=True)
        ]  # fmt: skip
        others = (("behind", "job behind", behind), ("shell", "the shell", shell.pid))
        return rows + [
            _row(
                key, number, "jobs", title, in_foreground_group=groups[pid] == group, got_it=reached[label],
                outcome=_fate(pid),
            )
            for label, title, pid in others
        ]  # fmt: skip


def at_prompt(key: str) -> dict[str, Any]:
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
    return _row(key, number, "prompt", "the shell", in_foreground_group=ours, got_it=got_it, outcome=outcome)
