"""One signal, one disposition, one kind of process: start it, send the signal, see what becomes of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from typing import TypedDict

from .processes import NO_CORE, PATIENCE, Child, children, limit_core, masks, parent_argv, target_argv
from .running import PARENT_SAYS, PROMPT, Running

SIGNALS = ("INT", "TERM", "QUIT", "HUP", "KILL", "STOP", "CONT")
DISPOSITIONS = ("default", "ignored", "handled", "blocked")
UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--")  # the first child is PID 1; we wait for it ourselves
WORDS = ("handler ", "atexit ", "finally ")  # what a target says of itself
TRAP = 'if [ "$#" -gt 0 ]; then trap -- "$1" "$2"; fi; '
SCRIPT = TRAP + 'echo "ready $$"; while read -r -u 3 question; do echo alive; done'
WAITING = (
    TRAP + "bash -c 'echo \"ready $PPID\"; read -r -u 3 question'; echo alive; while read -r -u 3 question; do echo alive; done"
)
LEAD = re.compile(rf"^(?:{PROMPT})?(?:\^.)?")  # readline echoes ^C for a SIGINT that no key sent
BACKGROUND = '"$@" & wait $!; echo "status $?"'


def number_of(name: str) -> int:
    """15 for ``TERM`` or ``SIGTERM``; ValueError that names the accepted ones."""
    short = name.upper().removeprefix("SIG") if isinstance(name, str) else name
    if short not in SIGNALS:
        raise ValueError(f"signal {name!r} is none of {', '.join(SIGNALS)}")
    return int(signal.Signals[f"SIG{short}"])


def _ready(child: Child) -> int:
    def found() -> list[str]:
        ready = re.findall(r"^ready (\d+)\n", child.said, re.MULTILINE)
        if not ready and child.word is not None:
            last = [line for line in child.lines if not line.startswith(WORDS)][-1:] or ["it said nothing"]
            raise RuntimeError(f"the child ended before it was ready, with wait status {child.word:#x}: {last[0]}")
        return ready

    return int(child.until(found, "its ready")[0])


def program(number: int, disposition: str, setup: str = "") -> Running:
    """The plain process; ``setup`` is Python that it runs before it is ready. RuntimeError if it does not get there."""
    child = Child(target_argv(number, disposition, setup=setup))
    return _or_close(child, lambda: Running(child, _ready(child)))


def _job(number: int, disposition: str) -> Running:
    child = Child(["bash", "-c", BACKGROUND, "bash", *target_argv(number, disposition)])
    return _or_close(child, lambda: Running(child, _ready(child)))


def _init(number: int, disposition: str, inside: bool = False) -> Running:
    child = Child([*UNSHARE, *parent_argv(target_argv(number, disposition))])

    def first() -> Running:
        _ready(child)
        return Running(child, children(child.pid)[0], inside)

    return _or_close(child, first)


def _init_inside(number: int, disposition: str) -> Running:
    return _init(number, disposition, inside=True)


def _actions(number: int, disposition: str) -> list[str]:
    name = signal.Signals(number).name
    action = {"ignored": "", "handled": f"echo handler {name}"}.get(disposition)
    return [] if action is None else [action, name.removeprefix("SIG")]


def script(number: int, disposition: str, text: str = SCRIPT) -> Running:
    """Bash as it runs a script: ``text``, with the trap's action and signal as its arguments if there is one."""
    blocked = [number] if disposition == "blocked" else []  # bash cannot block; a mask is inherited
    child = Child(["bash", "-c", text, "bash", *_actions(number, disposition)], blocked)
    return _or_close(child, lambda: Running(child, _ready(child)))


def _waiting(number: int, disposition: str) -> Running:
    return script(number, disposition, WAITING)


def interactive(blocked: tuple[int, ...] = (), **variables: str) -> Child:
    """An interactive bash on a terminal of its own, at its first prompt."""
    child = Child(["bash", "--norc", "--noprofile", "-i"], blocked, terminal=True, variables={"PS1": PROMPT, **variables})
    try:
        child.hear(PROMPT)
    except BaseException:
        child.close()
        raise
    return child


def _interactive(number: int, disposition: str) -> Running:
    child = interactive((number,) if disposition == "blocked" else ())

    def prepared() -> Running:
        if actions := _actions(number, disposition):
            child.tell(f"trap '{actions[0]}' {actions[1]}; echo tr''apped\n")
            child.hear(PROMPT, child.hear("\ntrapped\n"))
        return Running(child, child.pid)

    return _or_close(child, prepared)


def _or_close(child: Child, make: Callable[[], Running]) -> Running:
    try:
        return make()
    except BaseException:
        child.close()
        raise


TARGETS: dict[str, Callable[[int, str], Running]] = {
    "process": program,
    "script": script,
    "script-waiting": _waiting,
    "interactive-bash": _interactive,
    "background-job": _job,
    "pid-1": _init,
    "pid-1-inside": _init_inside,
}
TITLES = {
    "process": "a plain process",
    "script": "bash, running a script",
    "script-waiting": "bash, running a script, while a command of it runs",
    "interactive-bash": "an interactive bash at its prompt",
    "background-job": "a background job of a script",
    "pid-1": "PID 1 of a pid namespace, signal from outside",
    "pid-1-inside": "PID 1 of a pid namespace, signal from inside",
}
NAMESPACED = ("pid-1", "pid-1-inside")
SHELLS = ("script", "script-waiting", "interactive-bash")


@cache
def namespace_refusal() -> str:
    """Why this machine gives us no pid namespace, in unshare's words; "" if it does."""
    try:
        tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if tried.returncode == 0 else (tried.stderr.strip().splitlines() or [f"status {tried.returncode}"])[-1]


def _stands(pid: int, number: int) -> str:
    """What the kernel holds of the signal before it is sent."""
    bit, now = 1 << number - 1, masks(pid)
    names = {"SigBlk": "blocked", "SigIgn": "ignored", "SigCgt": "handled"}
    return ", ".join(word for mask, word in names.items() if now[mask] & bit) or "default"


class Observed(TypedDict):
    """One signal, disposition and target, and what became of the process; None or "" where there is nothing to say."""

    signal: str
    disposition: str
    target: str
    outcome: str  # died, survived, stopped, continued, not possible here
    why: str  # why it was not possible
    refused: str  # how the kernel refused the disposition
    stands: str  # the disposition as the kernel has it before the signal
    sig_blk: str  # the masks in hex, before the signal
    sig_ign: str
    sig_cgt: str
    wait_status: int | None
    core: bool | None
    shell_status: int | None
    pending: bool | None
    atexit_ran: bool | None
    said: list[str]


def blank(number: int, disposition: str, target: str) -> Observed:
    """A row of which nothing is measured yet."""
    return {
        "signal": signal.Signals(number).name.removeprefix("SIG"),
        "disposition": disposition,
        "target": target,
        "outcome": "not possible here",
        "why": "",
        "refused": "",
        "stands": "",
        "sig_blk": "",
        "sig_ign": "",
        "sig_cgt": "",
        "wait_status": None,
        "core": None,
        "shell_status": None,
        "pending": None,
        "atexit_ran": None,
        "said": [],
    }


def observe(number: int, disposition: str, target: str) -> Observed:
    """One row. ``CONT`` is sent to a process that got SIGSTOP before; TimeoutError if a child stays silent."""
    row = blank(number, disposition, target)
    if target in NAMESPACED and (why := namespace_refusal()):
        return {**row, "why": why}
    return watch(row, number, TARGETS[target](number, disposition))


def watch(row: Observed, number: int, running: Running) -> Observed:
    """Send the signal to ``running``, fill in ``row``, and end the target."""
    with running.child as child:
        limit_core(running.pid, NO_CORE)
        running.rest()
        before = masks(running.pid)
        row["stands"] = _stands(running.pid, number)
        row["sig_blk"], row["sig_ign"], row["sig_cgt"] = (hex(before[name]) for name in ("SigBlk", "SigIgn", "SigCgt"))
        since = len(child.said)
        fate = "survived"
        if number == signal.SIGCONT:
            running.send(signal.SIGSTOP)
            fate = running.settle(since)
            since = len(child.said)
        running.send(number)
        row["outcome"] = running.go_on(since) if fate == "stopped" else running.settle(since)
        if row["outcome"] != "died":
            now = masks(running.pid)
            row["pending"] = bool((now["SigPnd"] | now["ShdPnd"]) & 1 << number - 1)
        _conclude(row, running)
    return row


def _conclude(row: Observed, running: Running) -> None:
    child = running.child
    if row["outcome"] == "died":
        told = PARENT_SAYS.search(child.said)
        if told and told[1] == "status":
            row["shell_status"] = int(told[2])
        else:
            row["wait_status"] = int(told[2]) if told else child.word
        if row["wait_status"] is not None:
            row["core"] = os.WCOREDUMP(row["wait_status"])
        child.kill()  # what it leaves behind; and its last words are read
        if row["target"] not in SHELLS:
            row["atexit_ran"] = "atexit ran" in child.lines
    elif running.own and child.words:
        row["wait_status"] = child.words[-1]
    row["said"] = [text for line in child.lines if (text := LEAD.sub("", line)).startswith(WORDS)]
    row["refused"] = next((line.split()[1] for line in child.lines if line.startswith("refused ")), "")
