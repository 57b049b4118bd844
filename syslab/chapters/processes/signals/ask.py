"""What a signal does: to which disposition, to what kind of process, and what wait(2) and the shell say of it."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import TypedDict, TypeVar, TypeVarTuple

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LINUX, tool

from . import typing as keys
from .cases import DISPOSITIONS, SIGNALS, TARGETS, Observed, blank, number_of, observe, program, script, watch
from .processes import Child, limit_core, target_argv

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
BASH = tool("bash")
UNSHARE = tool("unshare", "util-linux")
AT_ONCE = 4  # children that run side by side; each mostly waits
CORE_LIMITS = {"0": 0, "1 byte": 1, "the hard limit": -1}
EXIT_TRAP = 'trap \'echo "atexit ran"\' EXIT; echo "ready $$"; while read -r -u 3 question; do echo alive; done'


def _side_by_side(work: Callable[[*Ts], T], cases: Iterable[tuple[*Ts]]) -> Iterator[T]:
    """``work(*case)`` for every case, several at a time, the answers in order."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(lambda case: work(*case), cases)
    finally:
        pool.shutdown(cancel_futures=True)


@experiment(LINUX, BASH, UNSHARE, timeout=100, tools=("bash", "unshare"))
def outcomes() -> Iterator[Observed]:
    """Every target, signal and disposition: what became of the process. A fresh process each.

    ``CONT`` goes to a process that SIGSTOP was sent to. ``default`` means that the program sets nothing: ``stands`` is
    what the kernel then has, from a parent or from the shell itself. ``wait_status`` is None where the process lives
    on unstopped, and for the background job, whose parent is a shell: ``shell_status`` is its ``$?``.
    Where the kernel gives no pid namespace, the outcome is "not possible here" and ``why`` is its reason.
    """
    cases = product(TARGETS, SIGNALS, DISPOSITIONS)
    yield from _side_by_side(lambda target, name, how: observe(number_of(name), how, target), cases)


@experiment(LINUX, BASH, timeout=60, tools=("bash",))
def one(signal: str = "TERM", disposition: str = "default", target: str = "process") -> Observed:
    """One row of :func:`outcomes`. ValueError for unknown words, naming the accepted ones."""
    for word, known, what in ((disposition, DISPOSITIONS, "disposition"), (target, tuple(TARGETS), "target")):
        if word not in known:
            raise ValueError(f"{what} {word!r} is none of {', '.join(known)}")
    return observe(number_of(signal), disposition, target)


@experiment(LINUX, BASH, timeout=60, tools=("bash",))
def keyboard() -> Iterator[keys.Pressed]:
    """Who gets ^C, ^\\ and ^Z: a pipeline in front, a job behind and the shell; then the shell alone at its prompt."""
    for rows, prompt in _side_by_side(lambda key: (keys.with_jobs(key), keys.at_prompt(key)), ((key,) for key in keys.KEYS)):
        yield from rows
        yield prompt


def _words(child: Child) -> list[int]:
    return child.words


def _core_rule(pattern: str) -> str:
    if pattern.startswith(("|", "@")):
        return "piped"
    return "off" if not pattern else "file elsewhere" if "/" in pattern else "file"


class Core(TypedDict):
    """The end by SIGQUIT under one core limit; None where it was not tried. ``raised``: the limit is above 1 byte."""

    core_pattern: str
    rule: str
    limit: str
    raised: bool | None
    wait_status: int | None
    core: bool | None
    tried: bool


@experiment(LINUX, timeout=60)
def core_flag() -> Iterator[Core]:
    """SIGQUIT under three core limits, and what ``/proc/sys/kernel/core_pattern`` makes of them.

    The children's folder is temporary and their memory is left out of the core (coredump_filter 0). Where the pattern
    names another folder, the case that would leave a file there is not tried; where it is a pipe, the machine's own
    collector gets a core without memory, once.
    """
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8", errors="replace") as f:
        pattern = f.read().strip()
    rule = _core_rule(pattern)
    for limit, size in CORE_LIMITS.items():
        row: Core = {
            "core_pattern": pattern,
            "rule": rule,
            "limit": limit,
            "raised": None,
            "wait_status": None,
            "core": None,
            "tried": False,
        }
        if size < 0 and rule in ("file elsewhere", "piped"):
            yield row
            continue
        with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
            running = program(signal.SIGQUIT, "default", f"os.chdir({folder!r})")
            with running.child as child:
                raised = limit_core(child.pid, size)
                with open(f"/proc/{child.pid}/coredump_filter", "w", encoding="ascii") as f:
                    f.write("0")
                running.send(signal.SIGQUIT)
                word = child.until(partial(_words, child), "its end")[-1]
        yield {**row, "raised": raised not in (0, 1), "wait_status": word, "core": os.WCOREDUMP(word), "tried": True}


CLEAN_UPS = (
    ("TERM", "default", "sets nothing"),
    ("TERM", "exits", "handler that calls sys.exit(3)"),
    ("TERM", "handled", "handler that returns"),
    ("INT", "default", "default action instead of Python's"),
    ("INT", "python", "sets nothing: Python raises KeyboardInterrupt"),
    ("KILL", "default", "sets nothing"),
)


class Cleaned(TypedDict):
    """A program that got a signal, and which of its clean-up code ran. bash has no ``finally``: None."""

    program: str
    handling: str
    signal: str
    outcome: str
    wait_status: int | None
    atexit_ran: bool
    finally_ran: bool | None
    said: list[str]


def _cleaned(program: str, row: Observed, title: str) -> Cleaned:
    said = row["said"]
    return {
        "program": program,
        "handling": title,
        "signal": row["signal"],
        "outcome": row["outcome"],
        "wait_status": row["wait_status"],
        "atexit_ran": "atexit ran" in said,
        "finally_ran": "finally ran" in said if program == "Python" else None,
        "said": said,
    }


def _clean_python(name: str, disposition: str, title: str) -> Cleaned:
    return _cleaned("Python", observe(number_of(name), disposition, "process"), title)


def _clean_bash(name: str) -> Cleaned:
    number = number_of(name)
    row = watch(blank(number, "default", "script"), number, script(number, "default", EXIT_TRAP))
    return _cleaned("bash", row, "a trap on EXIT, none on the signal")


@experiment(LINUX, BASH, timeout=60, tools=("bash",))
def clean_up() -> Iterator[Cleaned]:
    """Whether clean-up code runs: Python's atexit and finally, bash's trap on EXIT."""
    yield from _side_by_side(_clean_python, CLEAN_UPS)
    yield from _side_by_side(_clean_bash, (("TERM",), ("KILL",)))


INHERITS = "grep SigIgn /proc/self/status; grep SigIgn /proc/self/status & wait"
CLEANS_UP = "trap 'echo cleaning up' EXIT; kill -TERM $$; echo never reached"


class Script(TypedDict):
    """A script that bash ran, what it said, and its end as wait(2) and as Python have it."""

    script: str
    said: str
    wait_status: int
    returncode: int


def _bash(script: str) -> Script:
    with Child(["bash", "-c", script]) as child:
        word = child.until(partial(_words, child), "its end")[-1]
        return {"script": script, "said": child.said, "wait_status": word, "returncode": os.waitstatus_to_exitcode(word)}


@experiment(LINUX, BASH, tool("grep"), timeout=60, tools=("bash",))
def inherited() -> Script:
    """A script shows its commands' ignored signals: once in front, once in the background."""
    return _bash(INHERITS)


@experiment(LINUX, BASH, timeout=60, tools=("bash",))
def trapped() -> Script:
    """A script with a trap on EXIT sends itself SIGTERM."""
    return _bash(CLEANS_UP)


def _command(number: int) -> list[str]:
    return target_argv(number, "default")


class End(TypedDict):
    """An end as wait(2), Python and bash's ``$?`` have it."""

    command: str
    wait_status: int
    returncode: int
    shell_status: int


def _both(command: str, argv: list[str], number: int | None) -> End:
    """Run ``argv`` once as our child and once as bash's; ``number`` is sent to it, or None if it ends by itself."""

    def ended(child: Child) -> None:
        if number is not None:
            pid = child.until(lambda: re.findall(r"^ready (\d+)\n", child.said, re.MULTILINE), "its ready")[0]
            os.kill(int(pid), number)

    with Child(argv) as child:
        ended(child)
        word = child.until(partial(_words, child), "its end")[-1]
    with Child(["bash", "-c", '"$@"; echo "status $?"', "bash", *argv]) as child:
        ended(child)
        status = child.until(lambda: re.findall(r"^status (\d+)\n", child.said, re.MULTILINE), "the shell's word")[0]
    code = os.waitstatus_to_exitcode(word)
    return {"command": command, "wait_status": word, "returncode": code, "shell_status": int(status)}


@experiment(LINUX, BASH, timeout=60, tools=("bash",))
def shell_says() -> Iterator[End]:
    """The same end three ways: the word of wait(2), Python's returncode, bash's ``$?``."""
    by_signal = [
        (f"ended by SIG{name}", _command(number_of(name)), number_of(name)) for name in ("HUP", "INT", "QUIT", "KILL", "TERM")
    ]
    by_itself = [(f"exit {code}", ["bash", "-c", 'exit "$1"', "bash", str(code)], None) for code in (0, 3, 143, 255)]
    yield from _side_by_side(_both, [*by_signal, *by_itself])


@experiment(LINUX, timeout=60)
def with_setup(setup: str, signal: str = "TERM") -> Observed:
    """A row for a plain process that first runs ``setup``: Python that may use signal, sys, os and atexit.

    RuntimeError with Python's last words if ``setup`` fails; TimeoutError if it does not end.
    """
    number = number_of(signal)
    return watch(blank(number, "its own", "process"), number, program(number, "default", setup))


SETUPS = (
    "signal.signal(signal.SIGTERM, signal.SIG_DFL)",
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))",
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))",
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))",
    "signal.signal(signal.SIGTERM, lambda *_: None)",
)
"""Lines that an exercise offers to choose from."""


class SetUp(Observed):
    """A row for a process that first ran the line ``setup``."""

    setup: str


@experiment(LINUX, timeout=60)
def setups() -> Iterator[SetUp]:
    """What becomes of a process that ran each of :data:`SETUPS` and then got SIGTERM."""
    for setup in SETUPS:
        yield {"setup": setup, **with_setup(setup=setup)}
