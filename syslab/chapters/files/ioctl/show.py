"""Tables of the chapter on ioctl, and the list of requests by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from syslab.bits.ioctl_names import BY_NAME, REQUESTS
from syslab.bits.ioctl_request import IOC
from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, SideBySide

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import Lookup

Row = dict[str, Any]
STRACE = r"\bioctl\(\s*\d+(?:<[^<>]*>)?\s*,\s*(\w+)"
"""A line of strace; group 1 is the request, by name or number."""
ENDS = {"": "", "master": "the window's", "tty": "the program's"}


def _size(rows: int, columns: int) -> str:
    return f"{rows} x {columns}"


def resized(answer: Evidence) -> Measured:
    """Step by step: which end set which size, and what the program in the window learned."""
    columns = [
        Column("Step", "step"),
        Column("TIOCSWINSZ on", lambda row: ENDS[row["end"]]),
        Column("Rows x columns", lambda row: _size(*row["set"]) if row["set"] else ""),
        Column("SIGWINCH", lambda row: "came" if row["signal"] else "none"),
        Column("TIOCGWINSZ in the program", lambda row: _size(row["rows"], row["columns"])),
    ]
    return Measured(answer, columns)


def _error(row: Row) -> str:
    if not row["error"]:
        return ""
    name = f"{row['error']} {row['errno']}".strip()
    return f"{name}: {row['message']}"


def _third(row: Row) -> str:
    """The arguments after the request, what is in ``buffer`` written out; the whole call if it has no request."""
    given = re.fullmatch(r"ioctl\(tty, TIOCGWINSZ(?:, (.*))?\)", row["call"])
    if not given:
        return str(row["call"])
    name, _, value = row["before"].partition(" = ")
    return (given[1] or "none").replace(name, value) if name else given[1] or "none"


def _is_buffer(row: Row) -> bool:
    return "bytes(" in row["call"] or row["before"].startswith("buffer")


def not_buffers(answer: Evidence) -> Measured:
    """Calls without a third argument, or with a number: none has a place for the answer."""
    columns = [Column("Third argument", _third), Column("Error", _error)]
    return Measured(answer, columns, [row for row in answer.data if not _is_buffer(row)], f"Python {answer.data[0]['python']}")


def buffers(answer: Evidence) -> Measured:
    """Calls with a buffer: what came back, and what is in the buffer afterwards."""
    columns = [
        Column("Third argument", _third),
        Column("It returns", "returned"),
        Column("The buffer afterwards", "buffer"),
        Column("Error", _error),
    ]
    title = f"Python {answer.data[0]['python']}; the terminal has 24 rows, 0x18, and 80 columns, 0x50"
    return Measured(answer, columns, [row for row in answer.data if _is_buffer(row)], title)


def files(answer: Evidence) -> Measured:
    """Two requests to each kind of file."""
    columns = [Column("File", "file"), Column("FIONREAD", "waiting"), Column("TIOCGWINSZ", "window")]
    return Measured(answer, columns)


def _call(row: Row) -> Any:
    """The call; a number in it opens in the decoder."""
    found = re.search(r"0x[0-9A-Fa-f]+", row["call"])
    return Link(row["call"], f"#{IOC.anchor}={found[0].lower()}") if found else row["call"]


def numbers(answer: Evidence) -> Measured:
    """Whether a number's parts count."""
    return Measured(answer, [Column("The request", "what"), Column("Call", _call), Column("Answer", "answer")])


def _request(row: Row) -> Link:
    return Link(row["request"], f"#{IOC.anchor}={BY_NAME[row['request']].number:#x}")


def kvm(answers: Sequence[Evidence]) -> SideBySide:
    """Requests to /dev/kvm, a column a witness."""
    keys = [Column("Question", "what"), Column("Request", _request), Column("Argument", "argument")]
    return SideBySide(answers, keys, [Column("Answer", "answer")])


def by_name() -> Lookup:
    """Every request of the tables, found by name, number, or a line of strace."""
    from syslab.widgets import Lookup

    columns = ("Name", "Number", "In the header", "Third argument", "For")
    rows = [(r.name, f"{r.number:#06x}", r.built, r.argument or "not in ioctl_tty(2)", r.purpose) for r in REQUESTS]
    words = [r.group for r in REQUESTS]
    return Lookup("request", columns, rows, words=words, readers=(STRACE,), prompt="Name, number, word or line of strace")
