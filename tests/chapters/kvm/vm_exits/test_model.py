"""Mask and shadow: the properties that the SDM's sentences promise, over random words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.chapters.kvm.vm_exits.model import (
    ALL,
    CLTS,
    LMSW,
    MOV_CR0,
    MOV_CR4,
    WRITES,
    after,
    guest_reads,
    io_bitmap,
    leaves,
    refused,
)

word = st.integers(0, ALL)
bit = st.integers(0, 63)


@given(word, word)
def test_without_a_mask_nothing_leaves_and_the_guest_reads_the_register(shadow: int, value: int) -> None:
    assert not any(leaves(each, 0, shadow, value) for each in WRITES)
    assert guest_reads(0, shadow, value) == value


@given(word, word, word)
def test_mov_leaves_iff_a_host_bit_differs_from_the_shadow(mask: int, shadow: int, value: int) -> None:
    """Bit by bit, as the SDM says it."""
    said = any(mask >> i & 1 and (value >> i & 1) != (shadow >> i & 1) for i in range(64))
    assert leaves(MOV_CR0, mask, shadow, value) == leaves(MOV_CR4, mask, shadow, value) == said


@given(word, word, word, word)
def test_a_write_that_stays_is_read_back_as_written(mask: int, shadow: int, real: int, value: int) -> None:
    if leaves(MOV_CR0, mask, shadow, value):
        value = (value & ~mask) | (shadow & mask)  # what the guest may write
    became = after(MOV_CR0, mask, shadow, real, value)
    assert guest_reads(mask, shadow, became) == value
    assert (became ^ real) & mask == 0, "the host's bits do not change"


@given(word, word, word)
def test_writing_what_one_reads_never_leaves(mask: int, shadow: int, real: int) -> None:
    seen = guest_reads(mask, shadow, real)
    assert not leaves(MOV_CR0, mask, shadow, seen)
    assert not leaves(LMSW, mask, shadow, seen)


@given(word, word, word)
def test_lmsw_as_the_sdm_says_it(mask: int, shadow: int, value: int) -> None:
    """Bit 0: mask and operand set, shadow clear. Bits 3:1: mask set, operand and shadow differ."""
    pe = bool(mask & value & ~shadow & 1)
    rest = bool(mask & (value ^ shadow) & 0b1110)
    assert leaves(LMSW, mask, shadow, value) == (pe or rest)


@given(word, word, word)
def test_clts_as_the_sdm_says_it(mask: int, shadow: int, real: int) -> None:
    assert leaves(CLTS, mask, shadow) == bool(mask & shadow & 8)
    if not leaves(CLTS, mask, shadow):
        assert after(CLTS, mask, shadow, real) == (real if mask & 8 else real & ~8)


@given(word, word, word, bit)
def test_one_more_host_bit_never_lets_more_through(mask: int, shadow: int, value: int, extra: int) -> None:
    for each in WRITES:
        assert leaves(each, mask, shadow, value) <= leaves(each, mask | 1 << extra, shadow, value)
        assert refused(each, mask, shadow, value) & ~mask == 0


def test_facts_of_the_topics() -> None:
    assert refused(MOV_CR0, 0x80000021, 0x21, 0x80000021) == 1 << 31
    assert not leaves(MOV_CR0, 0x80000021, 0x21, 0x21)
    assert not leaves(LMSW, 1, 1, 0), "LMSW never clears PE"
    assert leaves(LMSW, 1, 0, 1)
    assert (CLTS.layout.name, MOV_CR4.layout.name) == ("CR0", "CR4")


def test_io_bitmaps() -> None:
    assert io_bitmap(0) == ("A", 0, 0)
    assert io_bitmap(0x7FFF) == ("A", 0xFFF, 7)
    assert io_bitmap(0x8000) == ("B", 0, 0)
    assert io_bitmap(0x3F8) == ("A", 0x3F8 >> 3, 0)
    for bad in (-1, 0x10000):
        with pytest.raises(ValueError, match="a port is 0 to 65535"):
            io_bitmap(bad)


def test_refuses_what_does_not_fit() -> None:
    for bad in (-1, 1 << 64):
        with pytest.raises(ValueError, match="does not fit into 64 bits"):
            leaves(MOV_CR0, bad, 0, 0)
    with pytest.raises(ValueError, match="leaves the guest"):
        after(MOV_CR0, 1, 0, 0, 1)
