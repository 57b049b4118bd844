"""Two words of one layout side by side, field by field: what one has and the other has not.

The words may be a host's CPUID and KVM's, or a register before and after. Of a flag it says which of the two has it;
of a wider field, whether the value is the same.

>>> from syslab.bits.cpuid import BY_ANCHOR
>>> [pair.field.name for pair in compare(BY_ANCHOR["cpuid-7-0-ebx"], 1 << 7 | 1 << 20, 1 << 20) if pair.outcome == FIRST]
['SMEP']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from syslab.bits.core import Field, Layout

NEITHER, FIRST, SECOND, BOTH = "neither", "first", "second", "both"
SAME, ZEROED, CHANGED = "same", "zeroed", "changed"
FLAG_OUTCOMES = (BOTH, FIRST, SECOND, NEITHER)
VALUE_OUTCOMES = (SAME, ZEROED, CHANGED)
Words = Sequence[int] | None
"""The words of one entry; None where that side has no such entry."""
_RAW = Field("whole word", 0, "this book has no layout for it", width=32, show="x")


class Pair(NamedTuple):
    """One field in two words; ``known`` is False for a bit that the layout reserves."""

    field: Field
    first: int
    second: int
    outcome: str
    known: bool = True


def outcome(first: int, second: int, width: int = 1) -> str:
    """What became of a field of ``width`` bits: one of FLAG_OUTCOMES, or of VALUE_OUTCOMES where it is wider than a bit."""
    if width == 1:
        return (NEITHER, FIRST, SECOND, BOTH)[bool(first) + 2 * bool(second)]
    return SAME if first == second else CHANGED if second else ZEROED


def compare(layout: Layout, first: int, second: int) -> Iterator[Pair]:
    """A :class:`Pair` for every field of ``layout``, and for every reserved bit that is set in either word.

    TypeError or ValueError, naming the layout, where a word is no int or does not fit.
    """
    layout.check(first)
    layout.check(second)
    for field in layout.fields:
        a, b = field.of(first), field.of(second)
        yield Pair(field, a, b, outcome(a, b, field.width))
    odd = (first | second) & layout.reserved_mask
    for bit in (i for i in range(layout.width) if odd >> i & 1):
        field = Field(f"bit {bit}", bit, "not known to this book")
        a, b = field.of(first), field.of(second)
        yield Pair(field, a, b, outcome(a, b), known=False)


def paired(names: Sequence[str], layouts: Mapping[str, Layout], first: Words, second: Words) -> dict[str, list[Pair]]:
    """Every field of every word of an entry, in both; a word without a layout is one field, left out where it is 0.

    ``names``: what the words are called, in their order.
    """
    said = {}
    for i, name in enumerate(names):
        a, b = (first[i] if first else 0), (second[i] if second else 0)
        if name in layouts:
            said[name] = list(compare(layouts[name], a, b))
        else:
            said[name] = [Pair(_RAW, a, b, outcome(a, b, _RAW.width), known=False)] if a or b else []
    return said
