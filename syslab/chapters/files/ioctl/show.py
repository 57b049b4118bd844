"""Tables of the chapter on ioctl, and the list of requests by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.bits.ioctl_names import BY_NAME, REQUESTS
from syslab.bits.ioctl_request import CALL, IOC
from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table

from .ask import Argument, Asked, Number, OnKvm, Resized, Room

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import Lookup

STRACE = CALL + r"(\w+(?: or \w+){0,4})"
"""A line of strace; group 1 is the request, by number, name, or the names of a shared number."""
UNKNOWN = (CALL + r"_IOC\(", "strace has no name for this request, and writes its direction, type, number and size")
ADDRESSES = {"KVM_SET_TSS_ADDR": "an address in the guest"}
"""Third arguments that are numbers of 64 bits."""
ENDS = {"": "", "master": "the window's", "tty": "the program's"}


def _size(rows: int, columns: int) -> str:
    return f"{rows} x {columns}"


def resized(answers: Sequence[Evidence[list[Resized]]]) -> Table:
    """Step by step: which end set which size, and what the program in the window learned."""
    return Table(
        answers,
        [
            Column("Step", lambda row: row["step"]),
            Column("TIOCSWINSZ on", lambda row: ENDS[row["end"]]),
            Column("Rows x columns", lambda row: _size(*row["set"]) if row["set"] else ""),
            Column("SIGWINCH", lambda row: "came" if row["signal"] else "none"),
            Column("TIOCGWINSZ in the program", lambda row: _size(row["rows"], row["columns"])),
        ],
    )


def error(row: Argument) -> str:
    """``OSError EFAULT: Bad address``, or ""."""
    if not row["error"]:
        return ""
    name = f"{row['error']} {row['errno']}".strip()
    return f"{name}: {row['message']}"


def third(row: Argument) -> str:
    """The arguments after the request, what is in ``buffer`` written out; the whole call if it has no request."""
    given = re.fullmatch(r"ioctl\(tty, TIOCGWINSZ(?:, (.*))?\)", row["call"])
    if not given:
        return row["call"]
    name, _, value = row["before"].partition(" = ")
    return (given[1] or "none").replace(name, value) if name else given[1] or "none"


def arguments(answers: Answer[list[Argument]]) -> Table:
    """Every third argument: what came back, and what is in the buffer afterwards."""
    python = answers.data[0]["python"]
    return Table(
        answers,
        [
            Column("Third argument", third),
            Column("It returns", lambda row: row["returned"]),
            Column("The buffer afterwards", lambda row: row["buffer"]),
            Column("Error", error),
        ],
        caption=f"Python {python}; the terminal has 24 rows, 0x18, and 80 columns, 0x50",
    )


def files(answers: Sequence[Evidence[list[Asked]]]) -> Table:
    """Two requests to each kind of file."""
    return Table(
        answers,
        [
            Column("File", lambda row: row["file"]),
            Column("FIONREAD", lambda row: row["waiting"]),
            Column("TIOCGWINSZ", lambda row: row["window"]),
        ],
    )


def _call(row: Number) -> Link | str:
    """The call; a number in it opens in the decoder."""
    found = re.search(r"0x[0-9A-Fa-f]+", row["call"])
    return Link(row["call"], f"#{IOC.anchor}={found[0].lower()}") if found else row["call"]


def numbers(answers: Sequence[Evidence[list[Number]]]) -> Table:
    """Whether a number's parts count."""
    return Table(
        answers,
        [Column("The request", lambda row: row["what"]), Column("Call", _call), Column("Answer", lambda row: row["answer"])],
    )


def kvm(answers: Sequence[Evidence[list[OnKvm]]]) -> Table:
    """Requests to /dev/kvm, a column a witness."""

    def request(row: OnKvm) -> Link:
        return Link(row["request"], f"#{IOC.anchor}={BY_NAME[row['request']].number:#x}")

    return Table(
        answers,
        [Column("Answer", lambda row: row["answer"])],
        keys=[
            Column("Question", lambda row: row["what"]),
            Column("Request", request),
            Column("Argument", lambda row: row["argument"]),
        ],
    )


def room(answers: Sequence[Evidence[list[Room]]]) -> Table:
    """What becomes of a program whose buffer is shorter than what it promises."""
    return Table(
        answers,
        [
            Column("Room, as the header says", lambda row: f"{row['nent']} {'entry' if row['nent'] == 1 else 'entries'}"),
            Column("The buffer has", lambda row: f"{row['bytes']} bytes"),
            Column("Outcome", lambda row: row["outcome"]),
        ],
        heads=2,
    )


def by_name() -> Lookup:
    """Every request of the tables, found by name, number, or a line of strace."""
    from syslab.widgets import Lookup

    columns = ("Name", "Number", "In the header", "Third argument", "For")
    rows = [
        (r.name, f"{r.number:#06x}", r.built, ADDRESSES.get(r.name) or r.argument or "not in ioctl_tty(2)", r.purpose)
        for r in REQUESTS
    ]
    words = [r.group for r in REQUESTS]
    prompt = "Name, number, word or line of strace"
    return Lookup("request", columns, rows, words=words, readers=(STRACE,), refusals=(UNKNOWN,), prompt=prompt)
