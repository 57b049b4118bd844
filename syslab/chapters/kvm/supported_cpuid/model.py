"""Two words of one layout side by side, field by field: what one has and the other has not.

The words may be a host's CPUID and KVM's, or a register before and after. Of a flag it says which of the two has it;
of a wider field, whether the value is the same.

>>> from syslab.bits.cpuid import BY_ANCHOR
>>> [pair.field.name for pair in compare(BY_ANCHOR["cpuid-7-0-ebx"], 1 << 7 | 1 << 20, 1 << 20) if pair.outcome == FIRST]
['SMEP']
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from syslab.bits.core import Field, Layout

NEITHER, FIRST, SECOND, BOTH = "neither", "first", "second", "both"
SAME, ZEROED, CHANGED = "same", "zeroed", "changed"
FLAG_OUTCOMES = (BOTH, FIRST, SECOND, NEITHER)
VALUE_OUTCOMES = (SAME, ZEROED, CHANGED)


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
