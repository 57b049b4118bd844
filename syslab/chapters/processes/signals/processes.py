"""Real child processes, watched: what they say, what wait(2) says of them, and their signal masks.

Every child is a session of its own, starts with default dispositions and an unblocked mask whatever this process
inherited, has a core limit of 1 (see :data:`NO_CORE`), and is gone, with all of its session, when its ``with`` ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TypeVar

from syslab.posix import resource, termios

from . import target
from .spawn import spawn

T = TypeVar("T")
PATIENCE = 30.0  # seconds that any one thing may take: a tenth of one on an idle machine, five on one with 20 others busy
TICK = 0.001  # seconds between two looks
# A limit of 0 does not stop a piped core_pattern; 1 stops both kinds (fs/coredump.c: "RLIMIT_CORE set to 1").
NO_CORE = 1
QUESTIONS = target.QUESTIONS
MASKS = ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd")


def environment() -> dict[str, str]:
    """What a child gets: PATH, a dumb terminal, and a shell history that goes nowhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TERM": "dumb", "HISTFILE": "/dev/null"}


def parent_argv(argv: Sequence[str]) -> list[str]:
    """A command line that runs ``argv`` as a child and says its wait status (``word N``)."""
    return [sys.executable, "-S", "-I", target.__file__, "parent", *argv]


def target_argv(number: int, disposition: str, label: str = "", setup: str = "") -> list[str]:
    """The command line of :mod:`.target`; ValueError for a disposition it does not know."""
    if disposition not in target.DISPOSITIONS:
        raise ValueError(f"disposition {disposition!r} is none of {', '.join(target.DISPOSITIONS)}")
    return [sys.executable, "-S", "-I", target.__file__, str(int(number)), disposition, label, setup]


def masks(pid: int) -> dict[str, int]:
    """The signal masks of ``/proc/PID/status`` by :data:`MASKS`; OSError if there is no such process."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        lines = dict(line.split(":", 1) for line in status if ":" in line)
    return {name: int(lines[name], 16) for name in MASKS}


def stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the third on: state, parent, process group, session, ...; [] if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as line:
            return line.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def state(pid: int) -> str:
    """``R``, ``S``, ``T`` (stopped), ``Z`` (ended, not yet waited for) ...; "" if there is no such process."""
    return (stat(pid) or [""])[0]


def _with(column: int, value: int) -> list[int]:
    pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return sorted(pid for pid in pids if (fields := stat(pid)) and int(fields[column]) == value)


def children(pid: int) -> list[int]:
    """The processes whose parent is ``pid``."""
    return _with(1, pid)


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Child:
    """A child of this process, running ``argv`` (a vector: no shell reads it) in a session of its own.

    Without ``terminal``, questions go to its file descriptor :data:`QUESTIONS` and stdin is empty; with it, the child
    has a new pseudo-terminal as its controlling terminal. FileNotFoundError if the program is not on PATH.
    """

    def __init__(
        self, argv: Sequence[str], blocked: Iterable[int] = (), terminal: bool = False, variables: dict[str, str] | None = None
    ) -> None:
        path = shutil.which(argv[0])
        if not path:
            raise FileNotFoundError(f"{argv[0]} is not installed")
        self.said = ""
        self.words: list[int] = []  # what wait(2) reported, in order
        self.terminal = terminal
        if terminal:
            self._out, theirs = os.openpty()
            termios.tcsetwinsize(theirs, (24, 400))
            self._in = self._out
            opens, copies = [(0, os.ttyname(theirs), os.O_RDWR)], [(0, 1), (0, 2)]
            closing = [theirs]
        else:
            self._out, written = os.pipe()
            asked, self._in = os.pipe()
            opens, copies = [(0, os.devnull, os.O_RDWR)], [(written, 1), (written, 2), (asked, QUESTIONS)]
            closing = [written, asked]
        try:
            self.pid = spawn(path, argv, environment() | (variables or {}), opens, copies, blocked)
        except BaseException:
            closing += {self._in, self._out}
            raise
        finally:
            for descriptor in closing:
                os.close(descriptor)
        try:
            limit_core(self.pid, NO_CORE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def look(self) -> None:
        """Take in what it has said and what wait(2) has to report, for at most :data:`TICK` seconds."""
        self._wait(os.WNOHANG)
        if self.word is not None:  # all that it said is there to be read
            self._drain()
            return
        if self._out >= 0:
            self._read(TICK)
        else:
            time.sleep(TICK)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._out], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self._out, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            part = b""
        if not part:
            if self._in != self._out:
                os.close(self._out)
                self._out = -1
            return False
        self.said += part.decode("utf-8", "replace").replace("\r", "")
        return True

    def _drain(self) -> None:
        while self._out >= 0 and self._read(0):
            pass

    def _wait(self, flags: int) -> None:
        while self.word is None:
            pid, word = os.waitpid(self.pid, flags | os.WUNTRACED | os.WCONTINUED)
            if not pid:
                return
            self.words.append(word)

    @property
    def word(self) -> int | None:
        """The wait status it ended with; None while it has not ended."""
        ended = bool(self.words) and (os.WIFEXITED(self.words[-1]) or os.WIFSIGNALED(self.words[-1]))
        return self.words[-1] if ended else None

    def until(self, condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
        """Look until ``condition`` gives something true, and return it; TimeoutError that names ``what``."""
        deadline = time.monotonic() + seconds
        while not (met := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} s for {what}; the child said {self.said[-300:]!r}, wait(2) {self.words}")
            self.look()
        return met

    def hear(self, text: str, after: int = 0) -> int:
        """Wait until it has said ``text``, from position ``after`` on; the position behind it."""
        at = self.until(lambda: self.said.find(text, after) + 1, f"{text!r}")
        return at - 1 + len(text)

    def tell(self, text: str) -> None:
        """Write to its questions, or type on its terminal; nothing happens if it is gone."""
        with contextlib.suppress(OSError):  # EPIPE, EIO: it ended
            os.write(self._in, text.encode())

    @property
    def lines(self) -> list[str]:
        """What it has said, by line."""
        return self.said.splitlines()

    def foreground(self) -> int:
        """The foreground process group of its terminal."""
        return os.tcgetpgrp(self._out)

    def close(self) -> None:
        """Kill it and its whole session, wait for it, and take in its last words."""
        if self._in < 0:
            return
        self.kill()
        if self._out >= 0:
            os.close(self._out)
        if self._in != self._out:
            os.close(self._in)
        self._in = self._out = -1

    def kill(self) -> None:
        """SIGKILL for the whole session; returns when the child is waited for and everything it said is read."""
        deadline = time.monotonic() + PATIENCE
        if not self.terminal:  # without job control the session is one process group
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        while self.terminal and (left := [pid for pid in _with(3, self.pid) if state(pid) not in "ZX"]):
            for pid in left:
                _kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(left)} processes outlive SIGKILL")
        self._wait(0)
        self._drain()


def limit_core(pid: int, size: int) -> int:
    """Set the soft RLIMIT_CORE of a process to ``size`` bytes (-1: as high as its hard limit), and return the new limit."""
    hard = resource.prlimit(pid, resource.RLIMIT_CORE)[1]
    soft = hard if size < 0 else size if hard < 0 else min(size, hard)
    resource.prlimit(pid, resource.RLIMIT_CORE, (soft, hard))
    return soft
