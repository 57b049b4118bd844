"""The chapter's browser: host against KVM, entry by entry, for every machine that ever answered."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.bits.cpuid import REGISTERS, layouts, title
from syslab.evidence import Evidence, recorded, records

from .ask import Entry, compared
from .pairs import OUTCOMES
from .widget import CompareBits, Side


def build(answers: Sequence[Evidence[list[Entry]]]) -> CompareBits:
    """The widget, with every witness of ``answers`` and every further record."""
    there = {answer.provenance.witness: answer for answer in answers}
    more = {who: recorded(compared, who) for who in records.witnesses(compared.name) if who not in there}
    machines: dict[str, Side] = {}
    places: dict[str, tuple[int, int]] = {}
    for who, answer in (there | more).items():
        entries = {f"{row['leaf']:x}.{row['subleaf']}": row for row in answer.data}
        rows = [(entry, row["host"], row["kvm"]) for entry, row in entries.items()]
        machines[who] = Side(f"{who} ({answer.provenance.how})", rows, answer.provenance.line())
        places |= {entry: (row["leaf"], row["subleaf"]) for entry, row in entries.items()}
    return CompareBits(
        machines,
        REGISTERS,
        ("host", "KVM"),
        OUTCOMES,
        layouts={entry: layouts(*place) for entry, place in places.items()},
        titles={entry: title(leaf) for entry, (leaf, _) in places.items()},
        anchor="kvmcpuid",
        start="7.0",
    )
