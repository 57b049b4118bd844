"""The types of rows, which mypy checks tables against, are true of what was measured: of each committed record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from syslab.evidence import records
from tools.record import experiments

QUESTIONS = {question.name: question for question in experiments()}
ENTRIES = [entry for entry in records.entries() if not entry.other]


def wrong(data: Any, kind: Any, where: str) -> Iterator[str]:
    """Where ``data``, as JSON has it, is not of the type ``kind``. Tuples and NamedTuples are lists there, and keys are strings."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if origin in (Union, UnionType):
        if all(list(wrong(data, one, where)) for one in inner):
            yield f"{where}: {data!r:.60} is no {kind}"
    elif origin is Literal:
        if data not in inner:
            yield f"{where}: {data!r} is none of {inner}"
    elif is_typeddict(kind):
        yield from _typed(data, kind, where)
    elif origin in (list, Sequence, Iterator, set, frozenset) or (origin is tuple and inner[-1] is Ellipsis):
        if not isinstance(data, list):
            yield f"{where}: {data!r:.60} is no list"
        else:
            for number, one in enumerate(data):
                yield from wrong(one, inner[0], f"{where}[{number}]")
    elif origin is tuple or hasattr(kind, "_fields"):
        kinds = inner or tuple(get_type_hints(kind).values())
        if not isinstance(data, list) or len(data) != len(kinds):
            yield f"{where}: {data!r:.60} is no {kind}"
        else:
            for number, (one, of) in enumerate(zip(data, kinds, strict=True)):
                yield from wrong(one, of, f"{where}[{number}]")
    elif origin in (dict, Mapping):
        if not isinstance(data, dict):
            yield f"{where}: {data!r:.60} is no mapping"
        else:
            for key, one in data.items():
                yield from wrong(one, inner[1], f"{where}[{key!r}]")
    elif kind in (None, NoneType):
        if data is not None:
            yield f"{where}: {data!r:.60} is not None"
    elif type(data) is not kind and not (kind is float and type(data) is int):
        yield f"{where}: {data!r:.60} is no {kind.__name__}"


def _typed(data: Any, kind: Any, where: str) -> Iterator[str]:
    if not isinstance(data, dict):
        yield f"{where}: {data!r:.60} is no mapping"
        return
    hints = get_type_hints(kind)  # without NotRequired
    if missing := kind.__required_keys__ - set(data):
        yield f"{where}: lacks {sorted(missing)}"
    if more := set(data) - set(hints):
        yield f"{where}: has {sorted(more)} as well"
    for key in set(data) & set(hints):
        yield from wrong(data[key], hints[key], f"{where}[{key!r}]")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.name}-{entry.provenance.witness}")
def test_a_record_has_the_type_that_its_question_declares(entry: records.Entry) -> None:
    kind = get_type_hints(QUESTIONS[entry.name].function)["return"]
    assert kind is not Any and get_args(kind) != (dict[str, Any],), "declared as anything"
    assert list(wrong(entry.load(), kind, entry.name)) == []


class Row(TypedDict):
    """A row."""

    name: str
    bits: list[int] | None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "x", "bits": None}, ""),
        ({"name": "x", "bits": [1, 2]}, ""),
        ({"name": "x"}, "lacks ['bits']"),
        ({"name": "x", "bits": None, "more": 1}, "has ['more'] as well"),
        ({"name": 1, "bits": None}, "is no str"),
        ({"name": "x", "bits": [1, True]}, "is no list[int] | None"),
        ([], "is no mapping"),
    ],
)
def test_the_test_finds_what_is_wrong(row: Any, said: str) -> None:
    found = list(wrong([row], Iterator[Row], "rows"))
    assert (said in found[0]) if said else (found == [])
