"""Tables of questions that several chapters ask, found by the question's name."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.show.table import Column, Table


def disable_exits(answers: Sequence[Evidence]) -> Table:
    """The bits of the capability."""
    keys = [Column("Bit", "bit", number=True), Column("Exits of", "exit")]
    return Table(answers, [Column("Can be disabled", lambda row: "yes" if row["offered"] else "no")], keys=keys)
