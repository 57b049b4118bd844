"""A pseudoterminal as a terminal window has one, and a program in it that is told of new sizes."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypedDict

from syslab.posix import fcntl, pty, termios

PATIENCE = 30.0
"""Seconds that anything here may take; on an idle machine nothing takes a tenth of one."""


class Terminal(NamedTuple):
    """The two ends of a pseudoterminal: the one of the window, and the one of the programs in it."""

    master: int
    tty: int


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A new pseudoterminal of no size; both ends are closed afterwards."""
    ends = Terminal(*pty.openpty())
    try:
        yield ends
    finally:
        for fd in ends:
            os.close(fd)


def resize(fd: int, rows: int, columns: int) -> None:
    """TIOCSWINSZ: four numbers of 16 bits, of which the last two are pixels and not used here."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


# The program in the window. SIGWINCH is blocked, so one that was sent is still pending when it looks for it.
PROGRAM = """
import fcntl, signal, struct, sys, termios
tty, winch = int(sys.argv[1]), {signal.SIGWINCH}
signal.pthread_sigmask(signal.SIG_BLOCK, winch)
fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
print("ready", flush=True)
for _ in sys.stdin:
    came = signal.sigtimedwait(winch, 0)
    size = struct.unpack("4H", fcntl.ioctl(tty, termios.TIOCGWINSZ, bytes(8)))
    print(int(came is not None), *size[:2], flush=True)
"""


@contextmanager
def program(tty: int) -> Iterator[subprocess.Popen[str]]:
    """A child, in a session of its own, whose terminal this is. TimeoutError if it does not begin."""
    argv = [sys.executable, "-S", "-I", "-c", PROGRAM, str(tty)]
    child = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, pass_fds=[tty], start_new_session=True
    )
    try:
        if _line(child) != "ready":
            raise RuntimeError("the program in the terminal did not begin")
        yield child
    finally:
        child.kill()
        child.communicate()


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    if not select.select([child.stdout], [], [], PATIENCE)[0]:
        raise TimeoutError(f"the program in the terminal said nothing for {PATIENCE:g} s")
    return child.stdout.readline().strip()


class Seen(TypedDict):
    """What a program in a terminal sees: whether SIGWINCH came since it was asked last, and the size in characters."""

    signal: bool
    rows: int
    columns: int


def asked(child: subprocess.Popen[str]) -> Seen:
    """What the program in the terminal sees now."""
    assert child.stdin
    child.stdin.write("?\n")
    came, rows, columns = map(int, _line(child).split())
    return {"signal": bool(came), "rows": rows, "columns": columns}
