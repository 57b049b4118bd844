"""Tables: as HTML for the book and JupyterLab and as text for everything else, from the same cells.

>>> Table(answer)                                         # every key a column
>>> Table(answer, [Column("Code", lambda row: row["error_code"])])  # the columns named; mypy knows the rows' keys
>>> Table(answer, values, keys=keys)                      # rows with equal keys aligned, a column a witness
>>> Table(answers, columns, rows)                         # rows of your own, made from all the answers
>>> Table(columns=columns, rows=rows, source="Intel SDM") # nothing measured

Under a measured table stand a provenance line an answer and the code that asked. Of more than ten rows a page shows those that
tell, and lets the reader choose; text has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypedDict, TypeVar, Unpack, overload

from syslab.evidence import Evidence
from syslab.evidence.line import styled

from .aligned import Line, aligned, groups, mark
from .asked import under
from .cells import Column, Each, Link, Verdict, by_keys, flat, listed, rows_of, witnesses
from .others import Others, others
from .rows import WITNESSES, Row, Telling, tells, verdict, wide, written
from .template import filled

__all__ = ["Column", "Each", "Link", "Named", "Table", "Verdict", "fields", "flat"]

NOTHING = "no such row"
D = TypeVar("D")
R = TypeVar("R")


class Look(TypedDict, Generic[R], total=False):
    """How a :class:`Table` looks, whatever its rows are."""

    fold: bool
    source: str
    kind: str
    label: str
    heads: int
    telling: Callable[[R], bool] | Collection[str]
    tints: Mapping[str, str]


class Named(TypedDict):
    """A row of an answer that is a mapping: a row a key."""

    what: str
    answer: Any


class Table:
    """Rows with columns, and who answered.

    ``answers``: one or several, also of several questions; without ``rows`` their own are shown. ``rows`` are rows of your own,
    or a function that picks from one answer. ``columns`` default to the rows' keys.

    With ``keys``, the rows of several answers are aligned by what the ``keys`` columns show, and the ``columns`` come once a
    witness. Where witnesses differ the row is marked "differs", and "only kvm-pvm" where the others have no such row. Rows keep
    the first answer's order; those of later answers follow. Rows with equal keys are aligned one by one. ``fold`` shows
    witnesses that say the same as one.

    ``heads`` columns name the row: the keys, else the first; 0 where none does. ``telling`` are the rows of a long table that
    stand unfolded: a function of the row, or a collection of what row headers show.

    ``source`` says what a table is made from that was not measured; ``kind`` is a class of the style sheet. With ``tints``, the
    kinds of outcome and their words, it is a heat map of :class:`~syslab.show.heat.Heat`.
    """

    @overload
    def __init__(
        self,
        answers: Evidence[Sequence[R]] | Iterable[Evidence[Sequence[R]]],
        columns: Sequence[Column[R]] | None = None,
        rows: None = None,
        caption: str = "",
        *,
        keys: Sequence[Column[R]] = (),
        **look: Unpack[Look[R]],
    ) -> None: ...  # the answers' own rows

    @overload
    def __init__(
        self,
        answers: Evidence[Mapping[str, Any]] | Iterable[Evidence[Mapping[str, Any]]],
        columns: Sequence[Column[Named]] | None = None,
        rows: None = None,
        caption: str = "",
        *,
        keys: Sequence[Column[Named]] = (),
        **look: Unpack[Look[Named]],
    ) -> None: ...  # the answers' keys

    @overload
    def __init__(
        self,
        answers: Evidence[D] | Iterable[Evidence[D]],
        columns: Sequence[Column[R]] | None,
        rows: Callable[[Evidence[D]], Sequence[R]],
        caption: str = "",
        *,
        keys: Sequence[Column[R]] = (),
        **look: Unpack[Look[R]],
    ) -> None: ...  # rows picked from each answer

    @overload
    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any],
        columns: Sequence[Column[R] | Each[R]] | None,
        rows: Sequence[R],
        caption: str = "",
        **look: Unpack[Look[R]],
    ) -> None: ...  # rows of your own

    @overload
    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any] = (),
        *,
        columns: Sequence[Column[R] | Each[R]] | None = None,
        rows: Sequence[R],
        caption: str = "",
        **look: Unpack[Look[R]],
    ) -> None: ...  # rows of your own, named

    @overload
    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any],
        columns: None = None,
        rows: None = None,
        caption: str = "",
    ) -> None: ...  # as they come

    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any] = (),
        columns: Sequence[Column[Any] | Each[Any]] | None = None,
        rows: Sequence[Any] | Callable[[Evidence[Any]], Sequence[Any]] | None = None,
        caption: str = "",
        *,
        keys: Sequence[Column[Any]] = (),
        fold: bool = False,
        source: str = "",
        kind: str = "",
        label: str = "",
        heads: int | None = None,
        telling: Telling = (),
        tints: Mapping[str, str] | None = None,
    ) -> None:
        self.answers = flat(answers)
        self.keys, self.fold = tuple(keys), fold
        self.source, self.kind, self._label = source, kind, label
        self.heads = (len(self.keys) or 1) if heads is None else heads
        self.telling, self.tints = telling, dict(tints or {})
        self._each: list[list[Any]] = []
        plain = columns is None
        if rows is not None and not callable(rows):
            self.rows = list(rows)
        else:
            self._each = [list((rows or rows_of)(answer)) for answer in self.answers]
            self.rows = [row for each in self._each for row in each]
            if columns is None and len(self.answers) > 1:
                columns = self._stacked()
        if columns is None:
            columns = by_keys(self.rows)
        self.columns: list[Column[Any]] = []
        for column in columns:
            self.columns += column.columns(witnesses(self.answers)) if isinstance(column, Each) else [column]
        self.others: list[Others] = []
        if rows is None or callable(rows):
            self._ask_others(rows or rows_of, plain)
        self._same = groups(self._lines(), len(self.answers), fold) if self.keys else []
        self.caption = caption
        if fold and len(self._same) == 1 < len(self.answers):
            self.caption += f"{': t' if caption else 'T'}he same from {listed(witnesses(self.answers))}"

    def _ask_others(self, rows: Callable[[Evidence[Any]], Sequence[Any]], plain: bool) -> None:
        """Other machines' records: those that show otherwise stand beside, where there are columns a witness."""

        def shown(answer: Evidence[Any]) -> list[tuple[str, ...]]:
            if plain:
                return [(str(row),) for row in rows(answer)]
            return [tuple(str(column.of(row)) for column in (*self.keys, *self.columns)) for row in rows(answer)]

        self.others = [others(answer, shown) for answer in self.answers]
        if self.keys:
            beside = [one for other in self.others for one in other.unlike]
            self.answers += tuple(beside)
            self._each += [list(rows(one)) for one in beside]

    def _stacked(self) -> list[Column[Any]]:
        """Several answers and nobody said how: one where they are equal, else one below the other."""
        if all(each == self._each[0] for each in self._each):
            self.rows = self._each[0]
            return by_keys(self.rows)
        named = [(who, row) for who, each in zip(witnesses(self.answers), self._each, strict=True) for row in each]
        self.rows = named
        inner = by_keys([row for _, row in named])
        return [Column[Any]("witness", lambda named: named[0]), *map(_inner, inner)]

    def _lines(self) -> list[Line]:
        return aligned(self._each, self.keys, self.columns)

    @property
    def shown_columns(self) -> list[Column[Any]]:
        """The columns as they stand in the table."""
        if not self.keys:
            return self.columns
        columns, names = [*self.keys], witnesses(self.answers)
        if self.fold and len(self._same) == 1:
            return [*columns, *self.columns]
        for group in self._same:
            who = listed([names[place] for place in group])
            alone = len(self.columns) == 1 and len(self.answers) > 1
            columns += [replace(column, heading=who if alone else f"{column.heading} · {who}") for column in self.columns]
        return columns + ([Column(WITNESSES, str)] if len(self._same) > 1 else [])

    def written_rows(self) -> list[Row]:
        """The rows as a page has them."""
        if not self.keys:
            found = []
            for row in self.rows:
                cells = [column.of(row) for column in self.columns]
                found.append(Row("", cells, tells(self.telling, row, cells, self.heads)))
            return found
        rows, names = [], witnesses(self.answers)
        for line in self._lines():
            marked = mark(line, names)
            cells = [*line.key]
            for place, *_ in self._same:
                some = line.values[place]
                cells += [NOTHING] * len(self.columns) if some is None else some
            if len(self._same) > 1:
                cells.append(Verdict(False) if marked == "differs" else marked or "agree")
            rows.append(Row(marked, cells, any(tells(self.telling, row, cells, self.heads) for row in line.rows)))
        return rows

    def shown_rows(self) -> list[tuple[str, list[Any]]]:
        """Each row's mark and its cells; where there is one, the mark's own cell included."""
        return [(row.mark, row.cells) for row in self.written_rows()]

    @property
    def differing(self) -> int:
        """How many rows are marked."""
        return sum(bool(mark) for mark, _ in self.shown_rows())

    @property
    def label(self) -> str:
        """What a screen reader calls the table."""
        said = ", ".join(column.heading for column in self.shown_columns)
        by = ", ".join(dict.fromkeys(answer.provenance.witness for answer in self.answers))
        return self._label or self.caption or (f"measured by {by}: {said}" if by else said)

    def __repr__(self) -> str:
        head = [column.heading for column in self.shown_columns]
        lines = [head, *([str(cell) for cell in cells] for _, cells in self.shown_rows())]
        wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
        text = ["  ".join(cell.ljust(w) for cell, w in zip(line, wide, strict=True)).rstrip() for line in lines]
        said = [line for other in self.others for line in other.told(bool(self.keys))]
        return "\n".join([*text, *([self.source] if self.source else []), *map(repr, self.answers), *said])

    def _repr_html_(self) -> str:
        columns, rows = self.shown_columns, self.written_rows()
        values = {
            "columns": columns,
            "written": written(rows),
            "cards": wide(columns, rows),
            "verdict": verdict(columns, rows),
            "under": under(self.answers, self.others, bool(self.keys)),
        }
        return styled(str(filled("table.html", table=self, **values)))


def _inner(column: Column[Any]) -> Column[Any]:
    """The column for rows that stand behind their witness's name."""
    return replace(column, of=lambda named: column.of(named[1]))


def _field(key: str) -> Column[Mapping[str, str]]:
    return Column(key.title(), lambda row: row[key], number=key == "bits")


def fields(layout: Any, telling: Collection[str] = ()) -> Table:
    """A layout's table: a row a field, with what brought it and the kernel's name for it. ``telling``: names of fields."""
    columns = [_field(key) for key in ("bits", "name", "meaning", "since", "linux")]
    source = "; ".join(str(source) for source in layout.sources)
    rows = layout.table()
    return Table(columns=columns, rows=rows, source=source, kind="fields", label=layout.name, heads=2, telling=telling)
