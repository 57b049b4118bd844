"""A program that waits for a signal and says what it notices. :mod:`.processes` runs it; not for readers.

    python -S -I target.py NUMBER DISPOSITION [LABEL [SETUP]]

It sets the disposition for signal NUMBER, runs SETUP (Python source), says ``ready PID`` and then answers questions
on file descriptor 3: ``?`` with ``alive``, ``send N`` by sending N to itself from a helper process beside it.

    python -S -I target.py parent ARGV...

starts ARGV, waits for it and says ``word N``: the wait status. In a new pid namespace, ARGV becomes its PID 1.
"""

from __future__ import annotations

import atexit
import errno
import os
import select
import signal
import sys
from types import FrameType

QUESTIONS = 3
DISPOSITIONS = ("default", "ignored", "handled", "blocked", "exits", "python")


def name_of(number: int) -> str:
    """``SIGTERM`` for 15."""
    return signal.Signals(number).name


def is_open(descriptor: int) -> bool:
    """Whether there is such a file descriptor."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


class Target:
    """What this process was asked to be."""

    def __init__(self, number: int, label: str) -> None:
        self.number, self.label = number, label

    def say(self, text: str) -> None:
        """One line, in one write: other processes may share the terminal."""
        os.write(1, f"{self.label}{text}\n".encode())

    def handled(self, number: int, frame: FrameType | None) -> None:
        """A handler that returns."""
        self.say(f"handler {name_of(number)}")

    def exits(self, number: int, frame: FrameType | None) -> None:
        """A handler that ends the program in order."""
        self.handled(number, frame)
        sys.exit(3)

    def dispose(self, disposition: str) -> None:
        """Set the disposition; says so if the kernel refuses. ``default`` keeps what the parent handed down."""
        if disposition != "python" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # undo Python's KeyboardInterrupt
        try:
            if disposition == "ignored":
                signal.signal(self.number, signal.SIG_IGN)
            elif disposition == "blocked":
                signal.pthread_sigmask(signal.SIG_BLOCK, [self.number])
            elif disposition in ("handled", "exits"):
                signal.signal(self.number, getattr(self, disposition))
        except OSError as error:
            self.say(f"refused {errno.errorcode.get(error.errno or 0, error.errno)}")

    def send(self, number: int) -> None:
        """Send ``number`` to this process from a child of it: inside a namespace, from the inside."""
        parent = os.getpid()
        helper = os.fork()
        if helper == 0:
            os.kill(parent, number)
            os._exit(0)
        os.waitpid(helper, 0)

    def serve(self) -> None:
        """Wait for questions and signals, until a signal ends it or nobody is there to ask."""
        # A signal that comes just before select() would go unnoticed until it returns: its byte wakes select.
        watched = [QUESTIONS] if is_open(QUESTIONS) else []
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        while True:
            ready = select.select([woken, *watched], [], [])[0]
            if woken in ready:
                os.read(woken, 512)
            if QUESTIONS in ready:
                for question in os.read(QUESTIONS, 512).decode().splitlines() or [""]:
                    if question == "":
                        watched = []  # nobody asks any more; signals still come
                    elif question.startswith("send "):
                        self.send(int(question[5:]))
                    else:
                        self.say("alive")


def main(number: int, disposition: str, label: str = "", setup: str = "") -> None:
    """Be the target."""
    target = Target(number, f"{label}: " if label else "")
    atexit.register(target.say, "atexit ran")
    target.dispose(disposition)
    exec(compile(setup, "setup", "exec"), {"signal": signal, "sys": sys, "os": os, "atexit": atexit})
    try:
        target.say(f"ready {os.getpid()}")
        target.serve()
    finally:
        target.say("finally ran")


def parent(argv: list[str]) -> None:
    """Start ``argv``, wait for its end and say its wait status."""
    pid = os.fork()
    if pid == 0:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    word = os.waitpid(pid, 0)[1]
    os.write(1, f"word {word}\n".encode())


if __name__ == "__main__" and sys.argv[1] == "parent":
    parent(sys.argv[2:])
elif __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
