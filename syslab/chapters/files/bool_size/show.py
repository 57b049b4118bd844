"""Tables of the chapter on the size of bool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table, Verdict

from .ask import Checked, Compiled, Converted, Declared, Size, Sizes
from .bit_strings import SetBit, Width
from .c_structs import Layout
from .model import lay_out

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import StructLayout

ANCHOR = "struct"


def _bytes(found: Size | None) -> str:
    if found is None:
        return "not in this compiler"
    return str(found["size"]) if found["align"] in (None, found["size"]) else f"{found['size']}, aligned to {found['align']}"


def sizes(answers: Sequence[Evidence[list[Sizes]]]) -> Table:
    """A row a type, a column an ABI."""
    return Table(
        answers,
        [
            Column("Type", lambda row: row["type"]),
            Column("x86-64", lambda row: _bytes(row["x86-64"]), number=True),
            Column("x32", lambda row: _bytes(row["x32"]), number=True),
            Column("i386", lambda row: _bytes(row["i386"]), number=True),
        ],
        caption="Bytes; the last row counts bits",
    )


def _agrees(row: Declared) -> Verdict:
    told: Layout = {"size": row["size"], "align": row["align"], "members": row["members"]}
    return Verdict(told == row["rules"])


def structs(answers: Sequence[Evidence[list[Declared]]]) -> Table:
    """A row a struct; its name opens it in the widget."""
    return Table(
        answers,
        [
            Column("Struct", lambda row: Link(row["title"], f"#{ANCHOR}={row['declaration']}")),
            Column("sizeof", lambda row: row["size"], number=True),
            Column("Alignment", lambda row: row["align"], number=True),
            Column("Padding", lambda row: lay_out(row["declaration"]).sentence.rpartition("; ")[2].rstrip(".")),
            Column("The ABI's rules", _agrees),
        ],
        telling=(
            "eight bools",
            "eight bit-fields",
            "nine bit-fields",
            "one bool and an int",
            "the same, packed",
            "bools around an int",
            "bools behind an int",
            "one that does not fit behind it",
        ),
    )


def refused(answers: Sequence[Evidence[list[Checked]]]) -> Table:
    """What was asked, and what the compiler said."""
    return Table(
        answers,
        [
            Column("Asked for", lambda row: row["what"]),
            Column("In C", lambda row: row["source"]),
            Column("Answer", lambda row: "accepted" if row["accepted"] else f"error: {row['message']}"),
        ],
    )


def conversions(answers: Sequence[Evidence[list[Converted]]]) -> Table:
    """A row a value."""
    return Table(
        answers,
        [
            Column("Value", lambda row: row["value"], number=True),
            Column("as _Bool", lambda row: row["bool"], number=True),
            Column("as unsigned char", lambda row: "not defined" if row["byte"] is None else row["byte"], number=True),
        ],
        telling=("0", "2", "256", "-1", "0.5", "256.0", "0.0 / 0.0"),
    )


def code(answers: Sequence[Evidence[list[Compiled]]]) -> Table:
    """A row a function: its C, and its instructions."""
    return Table(
        answers, [Column("C", lambda row: row["source"]), Column("Machine code", lambda row: "; ".join(row["instructions"]))]
    )


def bits(answers: Sequence[Evidence[list[SetBit]]]) -> Table:
    """A row a bit offset: where the bit went."""
    return Table(
        answers,
        [
            Column("Instruction", lambda row: row["form"]),
            Column("Bit offset", lambda row: row["offset"], number=True),
            Column("Changed", lambda row: "no byte of memory" if row["byte"] is None else f"byte {row['byte']}"),
            Column("To", lambda row: f"{row['value']:#x}", number=True),
        ],
        heads=2,
        telling=lambda row: row["offset"] in (0, 7, 8, 64, 511, -1, -64) or row["form"] != "bts qword [rdi], rsi",
    )


def widths(answers: Sequence[Evidence[list[Width]]]) -> Table:
    """A row an instruction: how much of memory must be there."""

    def short(row: Width) -> str:
        return "" if row["fault"] is None else f"#PF on byte {row['bytes'] - 1} from the address"

    return Table(
        answers,
        [
            Column("Instruction", lambda row: row["instruction"]),
            Column("Bytes it touches", lambda row: row["bytes"], number=True),
            Column("One byte short of that", short),
        ],
    )


def widget(answer: Answer[list[Declared]]) -> StructLayout:
    """The structs of the experiment to start from."""
    from .widget import StructLayout

    chosen = ("one bool and an int", "bools around an int", "eight bools", "eight bit-fields", "one that does not fit behind it")
    declared = {row["title"]: row["declaration"] for row in answer.data}
    return StructLayout(ANCHOR, {title[0].upper() + title[1:]: declared[title] for title in chosen})
