"""Tables of one question to several witnesses: a column a witness, a provenance line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Measured


def who(answer: Evidence) -> str:
    """The witness's name."""
    return answer.provenance.witness


def each(answers: Sequence[Evidence], cell: Callable[[dict[str, Any], str], Any], number: bool = False) -> list[Column]:
    """A column a witness."""

    def column(who: str) -> Column:
        return Column(who, lambda row: cell(row, who), number)

    return [column(who(answer)) for answer in answers]


def table(answers: Sequence[Evidence], columns: Sequence[Column], rows: Sequence[dict[str, Any]], caption: str = "") -> Measured:
    """``rows`` made from all ``answers``, with a provenance line for each of them."""
    return Measured(answers[0], columns, rows, caption, answers[1:])


def listed(names: Sequence[str], most: int = 7, between: str = ", ") -> str:
    """At most ``most`` of ``names``, and how many more there are."""
    shown = between.join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"
