"""Paging entries and control registers: against kernel headers, every constant and every version."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from syslab import bits as layouts
from syslab.bits import paging
from syslab.bits.core import Field, Layout
from syslab.bits.paging import PDE_2M, PDPTE_1G, PTE, TABLE

ORACLES = Path(__file__).parents[1] / "oracles"
PAGE_BITS = json.loads((ORACLES / "linux_page_bits.json").read_text())["constants"]
REGISTERS = json.loads((ORACLES / "linux_control_registers.json").read_text())["constants"]


def short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def entries(version: str) -> list[Layout]:
    return [make(short(version)) for make in (paging.pte, paging.pde_2m, paging.pdpte_1g, paging.table)]


def bit_of(field: Field, name: str) -> int:
    """A field of several bits that has a constant for each names them lowest first."""
    return field.bit + (field.linux.index(name) if field.width == len(field.linux) > 1 else 0)


@pytest.mark.parametrize("version", PAGE_BITS)
def test_every_page_bit_of_the_kernel(version: str) -> None:
    ours: dict[str, set[int]] = {}
    for layout in entries(version):
        for field in layout.fields:
            for name in field.linux:
                ours.setdefault(name, set()).add(bit_of(field, name))
    assert ours == {name: {bit} for name, bit in PAGE_BITS[version].items()}


def test_versions_are_those_of_the_oracle() -> None:
    assert tuple(short(version) for version in PAGE_BITS) == paging.VERSIONS
    with pytest.raises(ValueError, match=r"6\.1, 6\.12, 7\.2"):
        paging.pte("5.15")


CONTROL = [layouts.get(anchor) for anchor in ("cr0", "cr3", "cr3-pcid", "cr4", "cr8", "efer", "rflags")]


def constants(version: str) -> dict[str, set[int]]:
    """Every name the kernel would have for our fields: masks, and bit numbers in the kernel's way of naming them."""
    found: dict[str, set[int]] = {}
    for layout in CONTROL:
        for field in layout.fields:
            for name in field.linux:
                if name == "X86_CR3_PCID_BITS":
                    found.setdefault(name, set()).add(field.width)
                    continue
                found.setdefault(name, set()).add(field.mask)
                number = f"_{name}" if name.startswith("EFER_") else f"{name}_BIT"
                found.setdefault(number, set()).add(field.bit)
    return found


@pytest.mark.parametrize("version", REGISTERS)
def test_every_control_bit_of_the_kernel(version: str) -> None:
    ours = constants(version)
    for group in ("cr_eflags", "efer"):
        for name, value in REGISTERS[version][group].items():
            assert ours[name] == {value}, f"{name} of Linux {version}"


def test_no_control_constant_is_invented() -> None:
    known = {name for version in REGISTERS.values() for group in version.values() for name in group}
    ours = {name for layout in CONTROL for field in layout.fields for name in field.linux}
    assert ours <= known


RELEASED = {
    "X86_CR4_LASS": "6.19",
    "X86_CR4_LAM_SUP": "6.4",
    "X86_CR3_LAM_U57": "6.4",
    "X86_CR3_LAM_U48": "6.4",
    "X86_CR4_FRED": "6.9",
    "EFER_TCE": "6.15",
}
"""What came after 6.1, and the release: Linux commits 7baadd463e14 (*x86/cpufeatures: Enumerate the LASS feature bits*), 6449dcb0cac7
(*x86: CPUID and CR3/CR4 flags for Linear Address Masking*), ff45746fbf00 (*x86/cpu: Add X86_CR4_FRED macro*; "[GIT pull] x86/fred for
v6.9-rc1") and 440a65b7d25f (*x86/mm: Enable AMD translation cache extensions*; "[GIT PULL] x86 core updates for v6.15")."""


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_since_names_the_release_that_brought_a_constant() -> None:
    named = {name: re.findall(r"Linux (\S+)", field.since) for layout in CONTROL for field in layout.fields for name in field.linux}
    assert {name: found[0] for name, found in named.items() if found} == RELEASED


def test_no_release_contradicts_the_headers() -> None:
    """A constant is in no header of an older release, and in each of a newer one; what 6.1 has needs no label."""
    for version, groups in REGISTERS.items():
        names = {name for group in groups.values() for name in group}
        for name, release in RELEASED.items():
            assert (name in names) == (as_numbers(release) <= as_numbers(version)), (name, version)
    oldest, *_ = REGISTERS.values()
    ours = {name for layout in CONTROL for field in layout.fields for name in field.linux}
    assert ours - {name for group in oldest.values() for name in group} == set(RELEASED)


def test_defined_bits_are_not_called_reserved() -> None:
    """SDM volume 3A, Control Registers: CR4.KL is bit 19, CR4.UINTR 25. APM volume 2, EFER: MCOMMIT 17, INTWB 18, UAIE 20."""
    assert layouts.get("cr4").decode(1 << 19 | 1 << 25).set_names == ("UINTR", "KL")
    assert layouts.get("efer").decode(1 << 17 | 1 << 18 | 1 << 20).set_names == ("UAIE", "INTWB", "MCOMMIT")


@pytest.mark.parametrize(
    ("layout", "value", "words"),
    [
        (PTE, 0x8000000000000067, "Maps the 4-KByte frame number 0x0: writable, for user mode, not for execution; accessed and dirty."),
        (PTE, 0x123456025, "Maps the 4-KByte frame number 0x123456: read-only, for user mode, executable; accessed."),
        (PTE, 0x8000000000000163, "Maps the 4-KByte frame number 0x0: writable, for supervisor mode alone, not for execution; accessed and dirty."),
        (PTE, 0x123456161, "Maps the 4-KByte frame number 0x123456: read-only, for supervisor mode alone, executable; accessed and dirty; "
                           "read-only with D=1 is a shadow stack where CET is on."),
        (PTE, 0xFFFFEDCBA9120, "Not present: the CPU ignores all other bits."),
        (PDE_2M, 0x4000E7, "Maps the 2-MByte frame number 0x2: writable, for user mode, executable; accessed and dirty."),
        (PDE_2M, 0x4020E7, "Maps the 2-MByte frame number 0x2: writable, for user mode, executable; accessed and dirty. Reserved bit set: 13."),
        (PDPTE_1G, 0x400000E3, "Maps the 1-GByte frame number 0x1: writable, for supervisor mode alone, executable; accessed and dirty."),
        (TABLE, 0x123456067, "References the table at frame number 0x123456: writable, for user mode, executable; accessed."),
    ],
)  # fmt: skip
def test_sentences(layout: Layout, value: int, words: str) -> None:
    assert layout.sentence(value) == words


def test_the_frame_of_a_page_that_linux_closed_is_inverted() -> None:
    # arch/x86/include/asm/pgtable-invert.h in 6.1.192, 6.12.117 and 7.2.13: not present and not 0 is XORed in PTE_PFN_MASK, bits 51:12.
    # PAGE_NONE in pgtable_types.h: _PAGE_ACCESSED and _PAGE_BIT_PROTNONE, which is bit 8; pte_modify() takes D from a page without R/W.
    raw = dict(PTE.examples)["PROT_NONE"]
    assert (raw ^ 0xF_FFFF_FFFF_F000) == 0x123456000 | 1 << 5 | 1 << 8
    assert "inverts FRAME" in PTE.field("G").title


def test_special_does_not_deny_the_struct_page() -> None:
    """Linux 7.2.13, mm/memory.c, __vm_normal_page(): either it doesn't exist, or it exists but they don't want to touch it; the zero
    folios are special because neither refcount nor mapcount is adjusted, and some walkers work with the underlying struct page."""
    title = PTE.field("SW9").title
    assert "without counting a reference in a struct page, which may exist" in title and "zero page" in title


def test_the_other_kind_of_entry_is_said_so() -> None:
    assert "references a table" in PDE_2M.sentence(0x1067)
    assert "maps a page" in TABLE.sentence(0x4000E7)


def test_facts_of_the_notes() -> None:
    assert PTE.decode(0x80000001234560E7).fields["PAT"] == 1
    assert PTE.decode(0x80000001234560E7).fields["FRAME"] == 0x123456
    assert PTE.decode(0x8000000123456867).fields["R"] == 1
    assert PTE.encode("P", "R/W", "A", "D", "G", "XD") == 0x8000000000000163
    assert PTE.encode("P", PK=5) == 1 | 5 << 59
    assert layouts.get("cr4").encode("SMEP", "SMAP") == 0x300000
    assert layouts.get("rflags").encode("AC") == 0x40000
    assert layouts.get("efer").decode(0xD01).set_names == ("NXE", "LMA", "LME", "SCE")
    assert PTE.read("PGD 1a2b067 P4D 1a2b067 PUD 1a2c067 PMD 1a2d067 PTE 8000000123456867").value == 0x8000000123456867
    with pytest.raises(ValueError, match="this line has no PTE"):
        PTE.read("PGD 1a2b067 P4D 1a2b067 PUD 1a2c067 PMD 0")


@pytest.mark.parametrize("layout", [PTE, PDE_2M, PDPTE_1G, TABLE])
def test_every_bit_is_claimed_but_the_reserved_ones(layout: Layout) -> None:
    reserved = {"pde-2m": 0x1FE000, "pdpte-1g": 0x3FFFE000}.get(layout.anchor, 0)
    assert layout.reserved_mask == reserved
