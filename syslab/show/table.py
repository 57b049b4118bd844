"""Tables: as HTML for the book and JupyterLab and as text for everything else, from the same cells.

>>> Table(answer)                                         # every key a column
>>> Table(answer, [Column("Code", lambda row: row["error_code"])])  # the columns named; mypy knows the rows' keys
>>> Table(answer, values, keys=keys)                      # rows with equal keys aligned, a column a witness
>>> Table(answers, columns, rows)                         # rows of your own, made from all the answers
>>> Table(columns=columns, rows=rows, source="Intel SDM") # nothing measured

Under a measured table stand a provenance line an answer and the code that asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, TypeVar, Unpack, overload

from syslab.evidence import Evidence
from syslab.evidence.line import styled

from .asked import under
from .cells import Column, Each, Link, Verdict, by_keys, flat, listed, rows_of, witnesses
from .others import Others, others
from .template import filled

__all__ = ["Column", "Each", "Link", "Named", "Table", "Verdict", "fields", "flat"]

NOTHING = "no such row"
D = TypeVar("D")
R = TypeVar("R")


class Look(TypedDict, total=False):
    """How a :class:`Table` looks, whatever its rows are."""

    fold: bool
    source: str
    kind: str
    label: str


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

    ``source`` says what a table is made from that was not measured; ``kind`` is a class of the style sheet.
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
        **look: Unpack[Look],
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
        **look: Unpack[Look],
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
        **look: Unpack[Look],
    ) -> None: ...  # rows picked from each answer

    @overload
    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any],
        columns: Sequence[Column[R] | Each[R]] | None,
        rows: Sequence[R],
        caption: str = "",
        **look: Unpack[Look],
    ) -> None: ...  # rows of your own

    @overload
    def __init__(
        self,
        answers: Evidence[Any] | Iterable[Any] = (),
        *,
        columns: Sequence[Column[R] | Each[R]] | None = None,
        rows: Sequence[R],
        caption: str = "",
        **look: Unpack[Look],
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
    ) -> None:
        self.answers = flat(answers)
        self.keys, self.fold = tuple(keys), fold
        self.source, self.kind, self._label = source, kind, label
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
        self._same = self._groups() if self.keys else []
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

    def _aligned(self) -> list[tuple[list[Any], list[list[Any] | None]]]:
        """Key cells, and for each answer its value cells (None: it has no such row)."""
        found: dict[tuple[Any, ...], tuple[list[Any], list[list[Any] | None]]] = {}
        for place, rows in enumerate(self._each):
            seen: dict[tuple[str, ...], int] = {}
            for row in rows:
                cells = [column.of(row) for column in self.keys]
                key = tuple(map(str, cells))
                seen[key] = seen.get(key, 0) + 1
                entry = found.setdefault((*key, seen[key]), (cells, [None] * len(self.answers)))
                entry[1][place] = [column.of(row) for column in self.columns]
        return list(found.values())

    def _groups(self) -> list[list[int]]:
        """Places of the answers, those together that show the same everywhere if they are to be folded."""
        if not self.fold:
            return [[place] for place in range(len(self.answers))]
        aligned = self._aligned()
        groups: dict[str, list[int]] = {}
        for place in range(len(self.answers)):
            shown = str([None if values[place] is None else list(map(str, values[place] or ())) for _, values in aligned])
            groups.setdefault(shown, []).append(place)
        return list(groups.values())

    def _mark(self, values: list[list[Any] | None]) -> str:
        there = [i for i, cells in enumerate(values) if cells is not None]
        if len(there) < len(values):
            return "only " + ", ".join(witnesses(self.answers)[i] for i in there)
        return "differs" if len({tuple(map(str, cells or ())) for cells in values}) > 1 else ""

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
        return columns + ([Column("Witnesses", str)] if len(self._same) > 1 else [])

    def shown_rows(self) -> list[tuple[str, list[Any]]]:
        """Each row's mark and its cells; where there is one, the mark's own cell included."""
        if not self.keys:
            return [("", [column.of(row) for column in self.columns]) for row in self.rows]
        rows = []
        for key, values in self._aligned():
            mark = self._mark(values)
            cells = [*key]
            for place, *_ in self._same:
                some = values[place]
                cells += [NOTHING] * len(self.columns) if some is None else some
            if len(self._same) > 1:
                cells.append(Verdict(False) if mark == "differs" else mark or "agree")
            rows.append((mark, cells))
        return rows

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
        columns, rows = self.shown_columns, self.shown_rows()
        return styled(
            str(
                filled(
                    "table.html", table=self, columns=columns, rows=rows, under=under(self.answers, self.others, bool(self.keys))
                )
            )
        )


def _inner(column: Column[Any]) -> Column[Any]:
    """The column for rows that stand behind their witness's name."""
    return replace(column, of=lambda named: column.of(named[1]))


def _field(key: str) -> Column[Mapping[str, str]]:
    return Column(key.title(), lambda row: row[key], number=key == "bits")


def fields(layout: Any) -> Table:
    """A layout's table: a row a field, with what brought it and the kernel's name for it."""
    columns = [_field(key) for key in ("bits", "name", "meaning", "since", "linux")]
    source = "; ".join(str(source) for source in layout.sources)
    return Table(columns=columns, rows=layout.table(), source=source, kind="fields", label=layout.name)
