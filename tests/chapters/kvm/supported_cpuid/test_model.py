"""Two words compared field by field: every bit lands in exactly one place, whatever the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.bits import Field, Layout
from syslab.bits.cpuid import BY_ANCHOR
from syslab.chapters.kvm.supported_cpuid.model import (
    BOTH,
    CHANGED,
    FIRST,
    FLAG_OUTCOMES,
    NEITHER,
    SAME,
    SECOND,
    VALUE_OUTCOMES,
    ZEROED,
    compare,
    outcome,
)

WORD = st.integers(0, 0xFFFF_FFFF)
TOY = Layout("toy", "toy", 8, (Field("A", 0, "a"), Field("B", 1, "b"), Field("MODE", 2, "mode", width=3)))


def test_the_four_of_a_flag_and_the_three_of_a_value() -> None:
    assert [outcome(a, b) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))] == [BOTH, FIRST, SECOND, NEITHER] == list(FLAG_OUTCOMES)
    assert [outcome(a, b, 3) for a, b in ((5, 5), (5, 0), (5, 4), (0, 4), (0, 0))] == [SAME, ZEROED, CHANGED, CHANGED, SAME]
    assert set(VALUE_OUTCOMES) == {SAME, ZEROED, CHANGED}


def test_reserved_bits_are_named_never_dropped() -> None:
    pairs = {p.field.name: p for p in compare(TOY, 0b1010_0001, 0b0010_0110)}
    assert {name: p.outcome for name, p in pairs.items()} == {
        "A": FIRST,
        "B": SECOND,
        "MODE": CHANGED,
        "bit 5": BOTH,
        "bit 7": FIRST,
    }
    assert [p.known for p in pairs.values()] == [True, True, True, False, False]
    assert (pairs["MODE"].first, pairs["MODE"].second) == (0, 1)


@given(st.sampled_from(sorted(BY_ANCHOR)), WORD, WORD)
def test_the_pairs_make_up_both_words_and_agree_with_the_arithmetic(anchor: str, a: int, b: int) -> None:
    layout = BY_ANCHOR[anchor]
    pairs = list(compare(layout, a, b))
    assert sum(p.first << p.field.bit for p in pairs) == a
    assert sum(p.second << p.field.bit for p in pairs) == b
    flags = sum(p.field.mask for p in pairs if p.field.width == 1)
    for which, word in ((BOTH, a & b), (FIRST, a & ~b), (SECOND, b & ~a)):
        assert sum(p.field.mask for p in pairs if p.outcome == which) == word & flags
    back = {p.field.name: p.outcome for p in compare(layout, b, a) if p.field.width == 1}
    turned = {FIRST: SECOND, SECOND: FIRST}
    assert back == {p.field.name: turned.get(p.outcome, p.outcome) for p in pairs if p.field.width == 1}


@pytest.mark.parametrize(
    ("first", "second", "error"), [(256, 0, ValueError), (0, -1, ValueError), ("0", 0, TypeError), (0, True, TypeError)]
)
def test_words_that_do_not_fit(first: int, second: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="toy"):
        list(compare(TOY, first, second))
