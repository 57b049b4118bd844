"""Linear addresses of 64-bit mode: canonical or not, which half, and which entry of each table translates them."""

from __future__ import annotations

from typing import NamedTuple

from . import given
from .core import Case, Field, Layout, Source, otherwise
from .reading import Reader

BITS = 64
WIDTHS = {4: 48, 5: 57}
"""Levels of page tables -> bits of a linear address that they translate."""
PAGE_BITS, INDEX_BITS = 12, 9
TABLES = ("PML5", "PML4", "PDPT", "PD", "PT")


def _check(address: int) -> int:
    if isinstance(address, bool) or not isinstance(address, int):
        raise TypeError(f"an address is an int, not {type(address).__name__} {address!r}")
    if not 0 <= address < 1 << BITS:
        raise ValueError(f"an address has {BITS} bits; {address:#x} does not fit")
    return address


def _width(levels: int) -> int:
    if levels not in WIDTHS:
        raise ValueError(f"page tables have 4 or 5 levels, not {levels!r}")
    return WIDTHS[levels]


def canonical(address: int, levels: int = 4) -> bool:
    """Whether the bits above those that ``levels`` translate all repeat the highest translated one.

    >>> canonical(0x7fffffffffff), canonical(0x800000000000), canonical(0x800000000000, levels=5)
    (True, False, True)
    """
    upper = _check(address) >> (_width(levels) - 1)
    return upper in (0, (1 << (BITS + 1 - _width(levels))) - 1)


def half(address: int, levels: int = 4) -> str:
    """``lower``, ``upper``, or ``hole`` between the two."""
    if not canonical(address, levels):
        return "hole"
    return "upper" if address >> (BITS - 1) else "lower"


def hole(levels: int = 4) -> tuple[int, int]:
    """The first and the last address that is not canonical."""
    edge = 1 << (_width(levels) - 1)
    return edge, (1 << BITS) - edge - 1


class Walk(NamedTuple):
    """``indices``: PML5, PML4, PDPT, PD, PT; ``offset``: the byte in the 4-KByte page."""

    indices: list[int]
    offset: int


def walk(address: int) -> Walk:
    """Which entry of each table translates ``address``. With four levels the first index is not used.

    >>> walk(0x7f6d54137abc)
    Walk(indices=[0, 254, 437, 160, 311], offset=2748)
    """
    pages = _check(address) >> PAGE_BITS
    return Walk([pages >> INDEX_BITS * n & 511 for n in (4, 3, 2, 1, 0)], address & ((1 << PAGE_BITS) - 1))


def from_walk(indices: list[int], offset: int = 0) -> int:
    """The canonical address with these indices (four or five, the root's first) and this offset.

    ValueError for another number of indices, or one that does not fit.
    """
    levels = len(indices)
    width = _width(levels)
    for index in indices:
        given.number(index, "an index", 0, (1 << INDEX_BITS) - 1)
    given.number(offset, "the offset", 0, (1 << PAGE_BITS) - 1)
    address = 0
    for index in indices:
        address = address << INDEX_BITS | index
    address = address << PAGE_BITS | offset
    return address | ((1 << BITS) - (1 << width)) * (address >> (width - 1))


def _above(bit: int) -> int:
    return (1 << BITS) - (1 << bit)


_4, _5 = _above(WIDTHS[4] - 1), _above(WIDTHS[5] - 1)
_PAGE = _above(PAGE_BITS)

VA = Layout(
    name="64-bit linear address",
    anchor="va",
    width=BITS,
    fields=(
        Field("Byte", 0, "the offset: which byte in the 4-KByte page", width=12, show="x"),
        Field("PT", 12, "index into the page table", width=9),
        Field("PD", 21, "index into the page directory; with 2-MByte pages bits 20:0 are the offset", width=9),
        Field("PDPT", 30, "index into the page-directory-pointer table; with 1-GByte pages bits 29:0 are the offset", width=9),
        Field("PML4", 39, "index into the PML4, the root with four levels; its top bit, 47, has to be repeated above", width=9),
        Field("PML5", 48, "with five levels: index into the PML5, the root, and bit 56 has to be repeated above; with four: "
              "nine copies of bit 47", width=9, since="CPUs with LA57"),
        Field("Upper", 57, "copies of the highest translated bit; with LAM a program's tag", width=6, show="x"),
        Field("Top", 63, "the half: 0 user, 1 kernel; LASS looks at it alone", values={0: "lower half", 1: "upper half"}),
    ),
    sources=(
        Source("Intel SDM volume 3A", "Linear-Address Pre-Processing; 4-Level Paging and 5-Level Paging", "by title"),
        Source("AMD64 APM volume 2", "Long-Mode Page Translation", "by title"),
        Source("Linux", "Documentation/arch/x86/x86_64/mm.rst", "with commit 035c5e2143f3 (2024)"),
    ),
    clauses=(
        (
            Case(_4, 0, "Canonical with four levels and with five: in the lower half, which Linux gives to user space."),
            Case(_4, _4, "Canonical with four levels and with five: in the upper half, which Linux keeps for the kernel."),
            Case(_5, 0, "Canonical with five levels only: in the lower half, for a program that asked for it. With four it is in "
                        "the hole, and an access is #GP, or #SS by RSP or RBP."),
            Case(_5, _5, "Canonical with five levels only: in the upper half, the kernel's. With four it is in the hole, and an "
                         "access is #GP, or #SS by RSP or RBP."),
            otherwise("In the hole with four levels and with five: not canonical, and an access is #GP, or #SS by RSP or RBP. No page table "
                      "is read."),
        ),
        (
            Case(_PAGE, (1 << 47) - (1 << 12), " Linux with four levels never maps this page, the last of the lower half."),
            Case(_PAGE, (1 << 56) - (1 << 12), " Linux with five levels never maps this page, the last of the lower half."),
            Case(_PAGE, 0xFFFF_FFFF_FF60_0000, " This is the vsyscall page."),
        ),
        (
            Case(_5 ^ _4, 0, " Indices: PML4 {PML4}, PDPT {PDPT}, PD {PD}, PT {PT}; offset {Byte}."),
            otherwise(" Indices: PML5 {PML5}, PML4 {PML4}, PDPT {PDPT}, PD {PD}, PT {PT}; offset {Byte}."),
        ),
    ),
    readers=(
        Reader(r"\bnon-canonical address 0x([0-9a-f]{1,16})\b", 16, "the non-canonical address of a general protection fault"),
    ),
    examples=(
        ("In a library", 0x7F6D_5413_7ABC), ("Last of the user half", 0x7FFF_FFFF_FFFF), ("First in the hole", 0x8000_0000_0000),
        ("Last in the hole", 0xFFFF_7FFF_FFFF_FFFF), ("First of the kernel half", 0xFFFF_8000_0000_0000),
        ("Five levels: first in the hole", 1 << 56), ("Five levels: kernel half", 0xFF00_0000_0000_0000),
    ),
)  # fmt: skip
