"""The rows of a table as a page has them: what heads each, and which of many stand unfolded until the reader chooses."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import Column, Verdict

WITNESSES = "Witnesses"
"""The heading of the column that says whether they agree."""
MOST = 10
"""So many rows need no choice."""
CARDS = 44
"""Characters beside each other that fit a phone: a table that needs more has its rows as cards there."""
Telling = Callable[[Any], bool] | Collection[str]
"""Which rows tell: by the row, or by what its headers show, one of them or all with a comma between."""


def headers(cells: Sequence[Any], heads: int) -> set[str]:
    """The names of a row."""
    shown = [str(cell).replace("\N{NO-BREAK SPACE}", " ") for cell in cells[:heads]]
    return {*shown, ", ".join(shown)}


def tells(telling: Telling, row: Any, cells: Sequence[Any], heads: int) -> bool:
    """Whether a row is one of those."""
    return telling(row) if callable(telling) else not headers(cells, heads).isdisjoint(telling)


def differs(cell: Any) -> bool:
    """Whether the cell says that something is not as expected, or that witnesses disagree."""
    return getattr(cell, "held", True) is False


@dataclass(frozen=True)
class Row:
    """``mark`` is what the witnesses make of it, ``tells`` whether it was chosen to stand unfolded."""

    mark: str
    cells: list[Any]
    tells: bool = False

    @property
    def odd(self) -> bool:
        """Whether witnesses, or a model and they, differ in it."""
        return bool(self.mark) or any(map(differs, self.cells))


@dataclass(frozen=True)
class Choice:
    """A radio button above a table, and the places of the rows that it leaves."""

    value: str
    label: str
    places: Collection[int]


@dataclass(frozen=True)
class Written:
    """A table's rows with the choices above them; one of ten rows or fewer has none. The first choice is made."""

    rows: Sequence[Row]
    choices: Sequence[Choice] = ()
    marks: Sequence[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the radio buttons: the same for the same rows, another for each table of a page."""
        return f"rows-{zlib.crc32(repr([list(map(str, row.cells)) for row in self.rows]).encode()):x}"


def written(rows: Sequence[Row]) -> Written:
    """The rows that tell, or the first ten; those that differ; all."""
    count = len(rows)
    odd = [place for place, row in enumerate(rows) if row.odd]
    if count <= MOST:
        return Written(rows, (), ["differs" if row.mark else "" for row in rows])
    few = [place for place, row in enumerate(rows) if row.tells]
    first = Choice("few", f"The {len(few)} that tell" if few else "The first ten", few or range(MOST))
    choices = [first, Choice("all", f"All {count}", range(count))]
    if 0 < len(odd) < count and odd != list(first.places):
        choices.insert(1, Choice("odd", f"Only where they differ ({len(odd)})", odd))
    marks = []
    for place, row in enumerate(rows):
        classes = ["differs"] if row.mark else []
        marks.append(" ".join([*classes, *(one.value for one in choices[:-1] if place in one.places)]))
    return Written(rows, choices, marks)


def wide(columns: Sequence[Column[Any]], rows: Sequence[Row]) -> bool:
    """Whether a phone has no room for the columns side by side."""
    words = texts = 0
    for i, column in enumerate(columns):
        cells = [row.cells[i] for row in rows]
        whole = [str(cell) for cell in cells if column.number or isinstance(cell, Verdict)]
        parts = [word for cell in (column.heading, *cells) for word in str(cell).split(" ")]
        words += 2 + max(map(len, (*parts, *whole)))
        texts += 2 + min(18, max(len(str(cell)) for cell in (column.heading, *cells)))
    return len(columns) > 2 and (words > CARDS or texts > CARDS + 10)


def verdict(columns: Sequence[Column[Any]], rows: Sequence[Row]) -> int:
    """The place of the first column that says whether something held, which a phone shows beside the row's name; -1: none."""
    told = (
        i for i, one in enumerate(columns) if one.heading == WITNESSES or any(isinstance(row.cells[i], Verdict) for row in rows)
    )
    return next(told, -1)
