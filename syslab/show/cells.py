"""What stands in a table: cells that lead somewhere or compare, columns, and the rows of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from syslab.evidence import Evidence, records

R = TypeVar("R", contravariant=True)
"""A row: mostly a TypedDict, as its question yields it, or a NamedTuple."""


@dataclass(frozen=True)
class Link:
    """A table cell that leads somewhere, such as into a widget on the same page: ``Link("0x15", "#pfec=0x15")``."""

    text: str
    href: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Verdict:
    """A cell that compares: what was expected, and whether it came out."""

    held: bool
    text: str = ""

    def __str__(self) -> str:
        return ("holds" if self.held else "differs") + (f": {self.text}" if self.text else "")


@dataclass(frozen=True)
class Column(Generic[R]):
    """``of`` is what stands in it for a row, and so mypy knows the row's keys; ``number`` aligns right, in monospace."""

    heading: str
    of: Callable[[R], Any]
    number: bool = False


@dataclass(frozen=True)
class Each(Generic[R]):
    """A column a witness, in a table whose rows are made from all answers: ``of`` gets the row and the witness's name."""

    of: Callable[[R, str], Any]
    number: bool = False

    def columns(self, witnesses: Iterable[str]) -> list[Column[R]]:
        """The columns."""
        return [self._column(witness) for witness in witnesses]

    def _column(self, witness: str) -> Column[R]:
        return Column(witness, lambda row: self.of(row, witness), self.number)


def flat(answers: Evidence[Any] | Iterable[Any]) -> tuple[Evidence[Any], ...]:
    """The evidence in ``answers``: one, several, or answers of several questions."""
    return (answers,) if isinstance(answers, Evidence) else tuple(one for part in answers for one in flat(part))


def witnesses(answers: Sequence[Evidence[Any]]) -> list[str]:
    """Their witnesses' names; with the machine where one stands for several after its first, or else numbered."""
    names = [answer.provenance.witness for answer in answers]
    on = [records.machine(answer.provenance) for answer in answers]
    found = []
    for i, name in enumerate(names):
        first = names.index(name)
        if names.count(name) == 1 or (i == first and len(set(on)) > 1):
            found.append(name)
        else:
            found.append(f"{name} on {on[i]}" if on[i] != on[first] else f"{name} {names[: i + 1].count(name)}")
    return found


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 2 else names)


def rows_of(answer: Evidence[Any]) -> list[Any]:
    """An answer's rows: a mapping has a row a key, and a single value is a row of its own."""
    data = answer.data
    if isinstance(data, Mapping):
        return [{"what": key, "answer": value} for key, value in data.items()]
    if not isinstance(data, list):
        return [{"answer": data}]
    return [row if isinstance(row, Mapping | list | tuple) else {"answer": row} for row in data]


def by_keys(rows: Sequence[Any]) -> list[Column[Any]]:
    """A column a key of the rows, with its name as the heading; numbers align right."""
    names = dict.fromkeys(key for row in rows for key in (row if isinstance(row, Mapping) else range(len(row))))
    return [_by_key(name, rows) for name in names]


def _by_key(name: Any, rows: Sequence[Any]) -> Column[Any]:
    values = [row[name] for row in rows if not isinstance(row, Mapping) or name in row]
    number = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return Column(str(name).replace("_", " "), lambda row: row.get(name, "") if isinstance(row, Mapping) else row[name], number)
