"""Tables of questions that several chapters ask, found by the question's name."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.show.table import Column, Table

from .kvm_capabilities import DisableExit


def disable_exits(answers: Sequence[Evidence[list[DisableExit]]]) -> Table:
    """The bits of the capability."""
    return Table(
        answers,
        [Column("Can be disabled", lambda row: "yes" if row["offered"] else "no")],
        keys=[Column("Bit", lambda row: row["bit"], number=True), Column("Exits of", lambda row: row["exit"])],
    )
