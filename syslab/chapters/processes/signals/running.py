"""A process that is to get a signal, and what becomes of it.

What is seen is settled, not timed: after the signal the process is asked whether it is alive. A signal is acted on
before a process returns to user mode, so an answer comes from one that survived it; otherwise it has stopped or died.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass

from .processes import Child, state

PROMPT = "prompt> "
PARENT_SAYS = re.compile(r"^(status|word) (\d+)\n", re.MULTILINE)


@dataclass
class Running:
    """A target that is ready. ``pid`` gets the signal; ``child`` is the process we wait for, itself or its parent."""

    child: Child
    pid: int
    inside: bool = False  # the signal is sent from inside its pid namespace

    @property
    def own(self) -> bool:
        """Whether the target is our own child."""
        return self.pid == self.child.pid

    def rest(self) -> None:
        """Until it sleeps, or has stopped or ended.

        Before the signal, because a shell about to read is not one that reads. After it, because what we type next
        must not be there when it wakes: a process is no longer asleep once kill(2) has returned.
        """
        self.child.until(lambda: state(self.pid) in ("S", "T", "Z", "X", ""), "its sleep")

    def send(self, number: int) -> None:
        """The signal."""
        if self.inside:
            self.child.tell(f"send {number}\n")
        else:
            os.kill(self.pid, number)
            self.rest()

    def ask(self) -> None:
        """Whether it is alive."""
        self.child.tell("echo al''ive\n" if self.child.terminal else "?\n")

    def _fate(self, since: int) -> str:
        heard = re.compile(r"^alive\n.*" + PROMPT if self.child.terminal else r"^alive\n", re.MULTILINE | re.DOTALL)
        if heard.search(self.child.said, since):
            return "survived"
        if self.child.word is not None or PARENT_SAYS.search(self.child.said):
            return "died"
        if self.own:
            return "stopped" if self.child.words and os.WIFSTOPPED(self.child.words[-1]) else ""
        return "stopped" if state(self.pid) == "T" else ""

    def settle(self, since: int) -> str:
        """``survived``, ``died`` or ``stopped``, by what it says from position ``since`` on; TimeoutError if neither."""
        again = 0.0

        def fate() -> str:
            nonlocal again
            if time.monotonic() > again:  # a shell that is interrupted may drop what was typed
                again = time.monotonic() + (0.5 if self.child.terminal else 60)
                self.ask()
            return self._fate(since)

        return self.child.until(fate, "an answer, a stop or an end")

    def go_on(self, since: int) -> str:
        """``continued`` once it runs again."""
        if self.own:
            self.child.until(lambda: os.WIFCONTINUED(self.child.words[-1]), "word of its continuing")
        fate = self.settle(since)
        return "continued" if fate == "survived" else fate
