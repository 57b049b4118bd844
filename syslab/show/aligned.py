"""The rows of several answers, aligned by what their key columns show: a line has the values of each answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .cells import Column


class Line(NamedTuple):
    """The key's cells, the cells of each answer's values (None: it has no such row), and the rows that they are made from."""

    key: list[Any]
    values: list[list[Any] | None]
    rows: list[Any]


def aligned(each: Sequence[Sequence[Any]], keys: Sequence[Column[Any]], columns: Sequence[Column[Any]]) -> list[Line]:
    """``each``: the rows of each answer. The first answer's order; equal keys are aligned one by one."""
    found: dict[tuple[Any, ...], Line] = {}
    for place, rows in enumerate(each):
        seen: dict[tuple[str, ...], int] = {}
        for row in rows:
            cells = [column.of(row) for column in keys]
            key = tuple(map(str, cells))
            seen[key] = seen.get(key, 0) + 1
            line = found.setdefault((*key, seen[key]), Line(cells, [None] * len(each), []))
            line.values[place] = [column.of(row) for column in columns]
            line.rows.append(row)
    return list(found.values())


def groups(lines: Sequence[Line], count: int, fold: bool) -> list[list[int]]:
    """Places of ``count`` answers, those together that show the same everywhere if they are to be folded."""
    if not fold:
        return [[place] for place in range(count)]
    same: dict[str, list[int]] = {}
    for place in range(count):
        shown = str([None if (cells := line.values[place]) is None else list(map(str, cells)) for line in lines])
        same.setdefault(shown, []).append(place)
    return list(same.values())


def mark(line: Line, names: Sequence[str]) -> str:
    """Whether the answers show the same: "", "differs", or "only kvm-pvm" where the others have no such row."""
    there = [name for name, cells in zip(names, line.values, strict=True) if cells is not None]
    if len(there) < len(line.values):
        return "only " + ", ".join(there)
    return "differs" if len({tuple(map(str, cells or ())) for cells in line.values}) > 1 else ""
