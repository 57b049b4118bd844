"""Exercises of the chapter on signals."""

from __future__ import annotations

from typing import Any

from syslab.bits.wait_status import WAIT
from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import SETUPS, setups, with_setup
from .cases import Observed

wait_core = Exercise(
    anchor="signals-wait-core",
    question="waitpid(2) stored the status 0x83. What happened?",
    choices=(
        "it exited with code 131",
        "ended by SIGQUIT, no core dumped",
        "ended by SIGQUIT, core dumped",
        "ended by signal 131",
    ),
    accepts=("ended by SIGQUIT, core dumped",),
    why="The low seven bits are 3, SIGQUIT, and bit 7 is the core flag.",
    near={
        "it exited with code 131": "An exit code is in the second byte: exit 131 gives 0x8300.",
        "ended by SIGQUIT, no core dumped": "The signal is right. But bit 7 is set, and that is the core flag; without it the word is 0x3.",
        "ended by signal 131": "Signals end at 64, and the field for them has seven bits. 0x83 is 0x80 and 3.",
    },
)

exit_word = Exercise(
    anchor="signals-exit-word",
    question="A program calls exit(143). Which wait status does its parent get?",
    accepts=("0x8f00",),
    why="The exit code 143 is 0x8f, and it sits in the second byte. The low byte is 0: no signal.",
    near={
        "0xf": "That is the end by SIGTERM. A shell shows 143 for both, but their wait statuses differ.",
        "0x8f": "143 is 0x8f, the exit code itself. As a wait status it would mean SIGTERM with a core.",
        "0xf00": "That is exit 15. The code here is 143.",
    },
    hint="Write 143 in hex and put it where exit codes are: in bits 8 to 15.",
)

ends_bash = Exercise(
    anchor="signals-ends-bash",
    question="An interactive bash without traps sits at its prompt. Which of the three signals that the note recommends ends it?",
    choices=("SIGTERM", "SIGQUIT", "SIGKILL"),
    accepts=("SIGKILL",),
    why="An interactive bash ignores the other two. SIGHUP, which the note does not mention, ends it in a gentler way.",
    near={
        "SIGTERM": "It ends a script that bash runs. An interactive bash ignores it, so that kill 0 does not end the shell itself.",
        "SIGQUIT": "Bash ignores it in all cases, says its manual.",
    },
)


def _orderly(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give a line of Python as text, not {type(answer).__name__}.")
    return tried(with_setup, lambda asked: _judged(asked.data), setup=answer)


def _judged(row: Observed) -> Feedback:
    word = row["wait_status"]
    if row["outcome"] != "died" or word is None:
        return Feedback(False, "SIGTERM was sent, and the program runs on.")
    ran = "ran" if row["atexit_ran"] else "did not run"
    return Feedback(word == 0 and bool(row["atexit_ran"]), f"{WAIT.sentence(word)} The atexit functions {ran}.")


def _tried(setup: Any) -> Feedback:
    return _judged(next(row for row in ask(setups).data if row["setup"] == setup))


orderly = Trial(
    anchor="signals-orderly",
    question="Make SIGTERM end the program with exit code 0, its atexit functions run.",
    judge=_orderly,
    wrong=(
        "",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))",
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))",
        "signal.signal(signal.SIGTERM,",
        15,
    ),
    choices={setup: setup for setup in SETUPS},
    outcome=_tried,
)
