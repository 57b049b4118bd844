"""Exercises of the chapter on ioctl."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import arguments, one
from .show import error, third

read_size = Exercise(
    anchor="ioctl-read-size",
    question="strace -X raw shows ioctl(5, 0x8138ae83, 0x7ffd0a2c6b40) = 0. How many bytes did the kernel write for us?",
    accepts=("312",),
    why="The size is in bits 29 to 16, and 0x138 is 312. The 8 before it is the direction: read. This is KVM_GET_SREGS.",
    near={
        "0x8138": "Nearly. The upper half holds the direction too, in its two highest bits.",
        "0": "That is what the call returned: no error. The answer is in the structure.",
        "0xae83": "That is the type, 0xae, and the number of the request, 0x83.",
        "0x83": "That is the number of the request.",
        "138": "The right digits, but they are hex.",
    },
    hint="Take the upper half, 0x8138, and leave its two highest bits out.",
)

build = Exercise(
    anchor="ioctl-build",
    question="The header says: #define TIOCGPTLCK _IOR('T', 0x39, int). An int has 4 bytes. What is the number?",
    accepts=("0x80045439",),
    why="Read is 2, in the two highest bits: 0x8. Then the size 0x004, the letter T 0x54, and 0x39.",
    near={
        "0x40045439": "That is _IOW. The direction is the program's: it reads, and the kernel fills.",
        "0xc0045439": "That is _IOWR, both directions.",
        "0x5439": "Type and number are right. Direction and size are missing: it is no plain number.",
        "0x80005439": "The size is missing: an int has 4 bytes.",
        "0x80043954": "The type comes before the number: 0x54, then 0x39.",
    },
    hint="direction << 30 | size << 16 | type << 8 | number, with read = 2.",
)

opaque = Exercise(
    anchor="ioctl-opaque",
    question="You set direction and size in TIOCGWINSZ, 0x5413, as _IOR would: 0x80085413. What does a terminal answer?",
    choices=("the size of the window", "ENOTTY", "EFAULT"),
    accepts=("ENOTTY",),
    why="This driver compares the whole number, and here is one that it does not know.",
    near={
        "the size of the window": "The parts are for people and tools. For this driver it is another number.",
        "EFAULT": "The kernel never comes to the buffer, because it does not know the request.",
    },
)


def _in_place(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give the argument as text, such as 'bytes(8)', not {type(answer).__name__}.")
    return tried(
        one,
        lambda asked: _judged(asked.data["the error"], asked.data["it returns"], asked.data["the buffer afterwards"]),
        argument=answer,
    )


def _judged(error: str, returned: str, buffer: str) -> Feedback:
    if error:
        return Feedback(False, f"It raised {error}.")
    if returned != "0":
        return Feedback(False, f"It returned {returned}. So that was a copy; your own buffer has nothing.")
    if (length := int(buffer.split(" ", 1)[0])) <= 1024:
        return Feedback(False, f"It returned 0, and the answer is in your buffer. But that has only {length} bytes.")
    return Feedback(True, f"It returned 0. Your buffer has {buffer}")


def _tried(argument: str) -> Feedback:
    row = next(row for row in ask(arguments).data if third(row) == argument)
    return _judged(error(row), row["returned"], row["buffer"])


in_place = Trial(
    anchor="ioctl-in-place",
    question="Give TIOCGWINSZ a buffer of more than 1024 bytes, in which you find the answer afterwards.",
    judge=_in_place,
    wrong=("", "0", "bytes(8)", "bytes(2000)", "bytearray(8)", "bytearray(1024)", "bytearray(9999999)", "2000 bytes", 2000),
    choices={argument: argument for argument in ("0", "bytes(1024)", "bytes(1025)", "bytearray(8)", "bytearray(1025)")},
    outcome=_tried,
)
