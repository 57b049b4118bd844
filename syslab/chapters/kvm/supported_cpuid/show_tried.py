"""Tables of the chapter on KVM_GET_SUPPORTED_CPUID: what the ioctls take, and what a guest makes of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syslab.bits.cpuid import REGISTERS, layouts
from syslab.evidence import Evidence
from syslab.show.table import Column, Measured

from . import ask as experiment
from .by_witness import each, listed, table, who
from .model import NEITHER, Pair
from .pairs import Found


def room(answers: Sequence[Evidence]) -> Measured:
    """What the ioctls make of arrays that are too small, fit, and are too large."""
    said = {who(a): {(row["ioctl"], row["room"]): row for row in a.data} for a in answers}
    rows = [{"ioctl": row["ioctl"], "room": row["room"]} for row in answers[0].data]

    def cell(row: dict[str, Any], who: str) -> str:
        one = said[who][row["ioctl"], row["room"]]
        return f"{one['nent']}: {one['result']}" if one["result"] != "0" else f"{one['nent']}: ok, {one['returned']} entries"

    columns = [Column("ioctl", "ioctl"), Column("Room", "room"), *each(answers, cell)]
    return table(answers, columns, rows, "nent as passed: what came back")


def emulated(answers: Sequence[Evidence]) -> Measured:
    """The flags of KVM_GET_EMULATED_CPUID, and whether the other two have them."""
    rows = []
    for answer in answers:
        for row in answer.data:
            for register, layout in layouts(row["leaf"], row["subleaf"]).items():
                at = REGISTERS.index(register)
                for field in layout.fields:
                    if field.width == 1 and field.of(row["emulated"][at]):
                        one = Found(row["leaf"], row["subleaf"], register, Pair(field, 0, 0, NEITHER))
                        rows.append(
                            {
                                "who": who(answer),
                                "flag": field.name,
                                "where": one.link,
                                "host": field.of(row["host"][at]),
                                "supported": field.of(row["supported"][at]) if row["supported"] else 0,
                            }
                        )
    columns = [
        Column("Witness", "who"),
        Column("Flag", "flag"),
        Column("Where", "where"),
        Column("Emulated", lambda row: 1, number=True),
        Column("Supported", "supported", number=True),
        Column("Host", "host", number=True),
    ]
    return table(answers, columns, rows)


def readings(answers: Sequence[Evidence]) -> Measured:
    """What KVM_SET_CPUID2 said to three tables, and how many flags the guest then read as they were given."""
    rows = []
    for answer in answers:
        for given in dict.fromkeys(row["table"] for row in answer.data):
            words = [row for row in answer.data if row["table"] == given]
            rows.append({"who": who(answer), "table": given, "result": words[0]["result"], **_read(words)})
    columns = [
        Column("Witness", "who"),
        Column("Table", "table"),
        Column("KVM_SET_CPUID2", lambda row: "ok" if row["result"] == "0" else row["result"]),
        Column("Flags unlike reported", "changed", number=True),
        Column(f"Guest reads as given, of {32 * len(experiment.FEATURE_WORDS)}", "held", number=True),
        Column("Guest reads otherwise", "others"),
    ]
    return table(answers, columns, rows, f"flags in {len(experiment.FEATURE_WORDS)} words of features")


def _read(words: Sequence[dict[str, Any]]) -> dict[str, Any]:
    changed = held = 0
    others: list[str] = []
    for row in words:
        for i in range(32):
            reported, given = row["reported"] >> i & 1, row["given"] >> i & 1
            changed += reported != given
            if row["guest"] is None or row["guest"] >> i & 1 == given:
                held += row["guest"] is not None
            else:
                others.append(_flag_name(row, i))
    return {"changed": changed, "held": held, "others": listed(others, 6)}


def _flag_name(row: dict[str, Any], bit: int) -> str:
    layout = layouts(row["leaf"], row["subleaf"])[row["register"]]
    place = f"{row['leaf']:x}.{row['subleaf']} {row['register'].upper()} bit {bit}"
    return next((f.name for f in layout.fields if f.bit == bit), place)


def beyond(answers: Sequence[Evidence]) -> Measured:
    """Instructions, with and without their bit in the guest's table."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for answer in answers:
        for row in answer.data:
            one = rows.setdefault((who(answer), row["instruction"]), {"who": who(answer), **row})
            one["set" if row["given"] else "clear"] = row["outcome"].removeprefix("KVM_EXIT_")
    columns = [
        Column("Witness", "who"),
        Column("Instruction", "instruction"),
        Column("Host", lambda row: int(row["host"]), number=True),
        Column("Supported", lambda row: int(row["supported"]), number=True),
        Column("Emulated", lambda row: int(row["emulated"]), number=True),
        Column("Bit set in the guest's table", "set"),
        Column("Bit clear", "clear"),
    ]
    return table(answers, columns, list(rows.values()))


def exits(answers: Sequence[Evidence]) -> Measured:
    """Which exits KVM_CAP_X86_DISABLE_EXITS offers to switch off."""
    said = {who(a): {row["exit"]: row["offered"] for row in a.data} for a in answers}
    rows = answers[0].data
    columns = [
        Column("Flag", lambda row: f"KVM_X86_DISABLE_EXITS_{row['exit']}"),
        Column("Value", lambda row: 1 << row["bit"], number=True),
        *each(answers, lambda row, who: "offered" if said[who][row["exit"]] else "not offered"),
    ]
    return table(answers, columns, rows)
