"""A failure is one sentence that says what to do; its traceback goes to a log in ``_build/logs``.

Every ``main()`` of this folder runs through :func:`run`, and the Sphinx extension through :func:`report`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from syslab.evidence.bounded import ExperimentFailed
from syslab.lab_vm.host import LabError

from .environment import BUILD, ROOT

LOGS = BUILD / "logs"
KEPT = 10  # logs
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MEMORY = "Give this machine or its container more memory, or end something that uses it"


class Failure(RuntimeError):
    """Its message is the whole sentence. ``details`` is what the log has besides the traceback."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def _limit(kind: int) -> str:
    soft = resource.getrlimit(kind)[0]
    return "unlimited" if soft == resource.RLIM_INFINITY else str(soft)


def _belongs_to(path: Path) -> str:
    found = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
    return f"{found} belongs to user {found.stat().st_uid}, and this is user {os.geteuid()}"


def advice(number: int, path: Path | None = None) -> str:
    """What to do about an errno that comes from the machine and not from this project; "" for the others."""
    match number:
        case errno.EROFS:
            return "Build in a copy of this folder on a disk that can be written"
        case errno.EACCES | errno.EPERM if path:
            return f"Make it writable, or build in a copy of your own ({_belongs_to(path)})"
        case errno.ENOSPC | errno.EDQUOT:
            return f"Make room on the disk or in the quota of {BUILD}, then run this again"
        case errno.EMFILE:
            return f"Allow more open files than {_limit(resource.RLIMIT_NOFILE)}: ulimit -n 1024"
        case errno.ENFILE:
            return "The whole machine has no file descriptors left: end something, or raise fs.file-max"
        case errno.EAGAIN:
            return f"Allow more processes than {_limit(resource.RLIMIT_NPROC)} (ulimit -u, or the container's limit), or end some"
        case errno.ENOMEM:
            return MEMORY
        case errno.EIO:
            return "The disk has errors: look at dmesg, and build on another one"
    return ""


# What others say instead of an errno. SQLite is in the execution cache, the others are Python's.
PHRASES = {
    "can't start new thread": errno.EAGAIN,
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "disk I/O error": errno.EIO,
} | {os.strerror(n): n for n in (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)}


def advice_on(text: str) -> str:
    """The advice on what a program said; "" if nothing there is known."""
    return next((advice(number) for phrase, number in PHRASES.items() if phrase in text), "")


def telling(text: str) -> str:
    """The line of what a program said that has a known cause, else its last."""
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(next((line for line in reversed(lines) if advice_on(line)), lines[-1] if lines else ""), 120)


def by_signal(number: int) -> str:
    """How a process ended, in words, from the number of the signal that ended it."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number == signal.SIGKILL:
        return f"killed by {name}: if nobody sent it, memory ran out (dmesg says so). {MEMORY}"
    if number == signal.SIGABRT:
        return f"ended by {name}: it gave up, and what it said before is why; often a limit of this shell (ulimit -a)"
    return f"ended by {name} ({signal.strsignal(number) or 'unknown'})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; of what an event's handler raised, not Sphinx's words around it."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        cause = at.__cause__ or getattr(at, "orig_exc", None)
        if cause is None or type(at).__module__ != "sphinx.errors":
            yield at
        at = cause


def one_line(text: str, most: int = 300) -> str:
    """``text`` without line breaks, at most so many characters of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."


def _known(error: BaseException) -> str:
    """The sentence for an error whose cause is outside this project's code, or which says it itself; else ""."""
    for one in _chain(error):
        if isinstance(one, Failure | LabError | ExperimentFailed):
            return str(one)
        if isinstance(one, MemoryError):
            return f"Memory ran out. {MEMORY}"
        if isinstance(one, OSError) and one.errno:
            place = Path(os.fsdecode(one.filename)) if isinstance(one.filename, str | bytes) else None
            if what := advice(one.errno, place):
                return f"{os.strerror(one.errno)}{f': {place}' if place else ''}. {what}"
        elif what := advice_on(str(one)):
            return f"{telling(str(one))}. {what}"
    return ""


def sentence(error: BaseException) -> str:
    """What was wrong and what to do. It ends without a full stop; further lines may show where."""
    if isinstance(error, KeyboardInterrupt):
        return "Stopped. What had been done is kept; the same command goes on from there"
    if known := _known(error):
        return known
    first = next(_chain(error))
    if type(first).__module__ == "sphinx.errors":
        return str(first)
    return f"{type(first).__name__}: {one_line(str(first)) or 'no message'}"


def plain(text: str) -> str:
    """``text`` without a terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _log(error: BaseException) -> Path | None:
    """Write the traceback, keep the newest logs; where it is, or None if it cannot be written."""
    path = LOGS / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        path.write_text(plain(_trace(error)), encoding="utf-8", errors="backslashreplace")
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()  # a part of a traceback on a full disk helps nobody
        return None
    for old in sorted(LOGS.glob("*.log"))[:-KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path


def _trace(error: BaseException) -> str:
    details = "".join(f"\n{one.details}\n" for one in _chain(error) if isinstance(one, Failure) and one.details)
    return f"{' '.join(sys.argv)}\nin {os.getcwd()}\n\n{''.join(traceback.format_exception(error))}{details}"


def report(error: BaseException) -> int:
    """Say it on stderr and log its traceback; the exit status to end with.

    Where there is no log, a traceback that the sentence does not explain goes to stderr before it.
    """
    if isinstance(error, KeyboardInterrupt):
        print(f"\n{sentence(error)}.", file=sys.stderr, flush=True)
        return 128 + getattr(error, "number", signal.SIGINT)
    log = _log(error)
    if log is None and not _known(error):
        print(_trace(error), file=sys.stderr)
    first, *more = sentence(error).strip().splitlines()
    print("", first if first.endswith((".", ":")) else f"{first}.", *more, sep="\n", file=sys.stderr)
    if log:
        print(f"The traceback is in {log.relative_to(ROOT)}", file=sys.stderr, flush=True)
    return 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in INTERRUPTS:
        signal.signal(other, signal.SIG_IGN)  # what ends now has deadlines of its own; a second signal must not leave things behind
    raise Interrupted(number)


def run(main: Callable[[], int | None]) -> int:
    """The exit status of ``main``. What it raises becomes a sentence; SIGTERM and SIGHUP end it as Ctrl-C does."""
    for number in INTERRUPTS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, and a shell's background job, stay deaf
            signal.signal(number, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path or a line with what this locale cannot write
    try:
        return main() or 0
    except BrokenPipeError:  # `make book | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (Exception, KeyboardInterrupt) as error:
        return report(error)
