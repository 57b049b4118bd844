"""Tables of the chapter on the size of bool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, Verdict

from .model import lay_out

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import StructLayout

ANCHOR = "struct"
Row = dict[str, Any]


def sizes(answer: Evidence) -> Measured:
    """A row a type, a column an ABI."""

    def cell(abi: str) -> Column:
        def told(row: Row) -> str:
            found = row[abi]
            if found is None:
                return "not in this compiler"
            return (
                str(found["size"]) if found["align"] in (None, found["size"]) else f"{found['size']}, aligned to {found['align']}"
            )

        return Column(abi, told, number=True)

    abis = [key for key in answer.data[0] if key != "type"]
    return Measured(answer, [Column("Type", "type"), *map(cell, abis)], caption="Bytes; the last row counts bits")


def _agrees(row: Row) -> Verdict:
    return Verdict({key: row[key] for key in ("size", "align", "members")} == row["rules"])


def structs(answer: Evidence) -> Measured:
    """A row a struct; its name opens it in the widget."""
    columns = [
        Column("Struct", lambda row: Link(row["title"], f"#{ANCHOR}={row['declaration']}")),
        Column("sizeof", "size", number=True),
        Column("Alignment", "align", number=True),
        Column("Padding", lambda row: lay_out(row["declaration"]).sentence.rpartition("; ")[2].rstrip(".")),
        Column("The ABI's rules", _agrees),
    ]
    return Measured(answer, columns)


def refused(answer: Evidence) -> Measured:
    """What was asked, and what the compiler said."""
    columns = [
        Column("Asked for", "what"),
        Column("In C", "source"),
        Column("Answer", lambda row: "accepted" if row["accepted"] else f"error: {row['message']}"),
    ]
    return Measured(answer, columns)


def conversions(answer: Evidence) -> Measured:
    """A row a value."""
    columns = [
        Column("Value", "value", number=True),
        Column("as _Bool", "bool", number=True),
        Column("as unsigned char", lambda row: "not defined" if row["byte"] is None else row["byte"], number=True),
    ]
    return Measured(answer, columns)


def code(answer: Evidence) -> Measured:
    """A row a function: its C, and its instructions."""
    columns = [Column("C", "source"), Column("Machine code", lambda row: "; ".join(row["instructions"]))]
    return Measured(answer, columns)


def bits(answer: Evidence) -> Measured:
    """A row a bit offset: where the bit went."""

    def where(row: Row) -> str:
        return "no byte of memory" if row["byte"] is None else f"byte {row['byte']}"

    columns = [
        Column("Instruction", "form"),
        Column("Bit offset", "offset", number=True),
        Column("Changed", where),
        Column("To", lambda row: f"{row['value']:#x}", number=True),
    ]
    return Measured(answer, columns)


def widths(answer: Evidence) -> Measured:
    """A row an instruction: how much of memory must be there."""

    def short(row: Row) -> str:
        return "" if row["fault"] is None else f"#PF on byte {row['bytes'] - 1} from the address"

    columns = [
        Column("Instruction", "instruction"),
        Column("Bytes it touches", "bytes", number=True),
        Column("One byte short of that", short),
    ]
    return Measured(answer, columns)


def widget(answer: Evidence) -> StructLayout:
    """The structs of the experiment to start from."""
    from .widget import StructLayout

    chosen = ("one bool and an int", "bools around an int", "eight bools", "eight bit-fields", "one that does not fit behind it")
    declared = {row["title"]: row["declaration"] for row in answer.data}
    return StructLayout(ANCHOR, {title[0].upper() + title[1:]: declared[title] for title in chosen})
