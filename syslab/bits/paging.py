"""Entries of x86-64 paging structures: what maps a page of each size, and what references a table.

Linux keeps notes of its own in bits that the CPU ignores, and moved some between versions: :func:`pte` and its
sisters take the version. The constants PTE, PDE_2M, PDPTE_1G and TABLE are those of the newest.
"""

from __future__ import annotations

from functools import cache

from .core import Case, Field, Layout, Source, otherwise
from .reading import Reader

P, W, U, A, D, PS, XD = 1, 1 << 1, 1 << 2, 1 << 5, 1 << 6, 1 << 7, 1 << 63
VERSIONS = ("6.1", "6.12", "7.2")
"""Linux versions whose software bits are known here."""

_SPECIAL = ("_PAGE_BIT_SOFTW1", "_PAGE_BIT_SPECIAL", "_PAGE_BIT_CPA_TEST")
_UFFD = ("_PAGE_BIT_SOFTW2", "_PAGE_BIT_UFFD_WP")
_SOFT_DIRTY = ("_PAGE_BIT_SOFTW3", "_PAGE_BIT_SOFT_DIRTY")
_SAVED = ("_PAGE_BIT_SOFTW5", "_PAGE_BIT_SAVED_DIRTY", "_PAGE_BIT_NOPTISHADOW")
_SOFTWARE: dict[str, dict[int, tuple[str, ...]]] = {
    "6.1": {9: _SPECIAL, 10: _UFFD, 11: _SOFT_DIRTY, 58: ("_PAGE_BIT_SOFTW4", "_PAGE_BIT_DEVMAP")},
    "6.12": {9: _SPECIAL, 10: _UFFD, 11: _SOFT_DIRTY, 57: ("_PAGE_BIT_SOFTW4", "_PAGE_BIT_DEVMAP"), 58: _SAVED},
    "7.2": {9: _SPECIAL, 10: _UFFD, 11: (*_SOFT_DIRTY, "_PAGE_BIT_KERNEL_4K"), 57: ("_PAGE_BIT_SOFTW4",), 58: _SAVED},
}
_USE = {
    "_PAGE_BIT_SPECIAL": "mapped without counting a reference in a struct page, which may exist (device memory, the zero page)",
    "_PAGE_BIT_CPA_TEST": "the kernel's own test of changing page attributes",
    "_PAGE_BIT_UFFD_WP": "write-protected for userfaultfd",
    "_PAGE_BIT_SOFT_DIRTY": "written since /proc/PID/clear_refs was",
    "_PAGE_BIT_KERNEL_4K": "a kernel page that must stay a 4-KByte page",
    "_PAGE_BIT_DEVMAP": "memory of a device that is mapped directly (DAX)",
    "_PAGE_BIT_SAVED_DIRTY": "dirty, kept here because read-only with D=1 means a shadow stack",
    "_PAGE_BIT_NOPTISHADOW": "in a root entry: not copied into the user half that PTI keeps",
}
_SOURCES = (
    Source("Intel SDM volume 3A", "Paging, 4-Level Paging and 5-Level Paging", "by title"),
    Source("AMD64 APM volume 2", "Long-Mode Page Translation", "by title"),
    Source("Linux", "arch/x86/include/asm/pgtable_types.h", "6.1.192, 6.12.117, 7.2.13"),
)
_MAXPHYADDR = "Frame bits at and above the CPU's MAXPHYADDR (CPUID 0x80000008) are reserved: they must be 0 in a present entry."


def _software(bit: int, version: str, restart: bool = False) -> Field:
    names = _SOFTWARE[version].get(bit, ())
    uses = [_USE[name] for name in names if name in _USE]
    title = "the CPU ignores it" + ("; Linux: " + ", or ".join(uses) if uses else "")
    if restart:
        title = "restarts HLAT paging, otherwise " + title
    return Field("R" if restart else f"SW{bit}", bit, title, linux=names)


def _common(version: str) -> list[Field]:
    """What every kind of entry has."""
    return [
        Field("P", 0, "the entry is used; 0: the CPU ignores all other bits", linux=("_PAGE_BIT_PRESENT",)),
        Field("R/W", 1, "writes allowed, if every level allows them", values={0: "read-only", 1: "writable"}, linux=("_PAGE_BIT_RW",)),
        Field("U/S", 2, "user-mode accesses allowed, if every level allows them", values={0: "supervisor", 1: "user"},
              linux=("_PAGE_BIT_USER",)),
        Field("PWT", 3, "memory type: page-level write-through", linux=("_PAGE_BIT_PWT",)),
        Field("PCD", 4, "memory type: page-level cache disable", linux=("_PAGE_BIT_PCD",)),
        Field("A", 5, "accessed: the CPU sets it when it uses the entry", linux=("_PAGE_BIT_ACCESSED",)),
        _software(9, version),
        _software(10, version),
        _software(11, version, restart=True),
        Field("IGN", 52, "the CPU ignores them", width=5, show="x"),
        _software(57, version),
        _software(58, version),
        Field("XD", 63, "no instruction fetches (NX), if any level says so; reserved while EFER.NXE=0", since="CPUs with NX",
              linux=("_PAGE_BIT_NX",)),
    ]  # fmt: skip


def _page(version: str) -> list[Field]:
    """What every entry that maps a page has."""
    return [
        *_common(version),
        Field("D", 6, "dirty: the CPU sets it at a write", linux=("_PAGE_BIT_DIRTY",)),
        Field("G", 8, "global: the translation survives a change of CR3 while CR4.PGE=1; Linux uses it with P=0 for PROT_NONE, and inverts FRAME then",
              linux=("_PAGE_BIT_GLOBAL", "_PAGE_BIT_PROTNONE")),
        Field("PK", 59, "protection key, while CR4.PKE=1 or CR4.PKS=1", width=4, since="CPUs with protection keys",
              linux=tuple(f"_PAGE_BIT_PKEY_BIT{n}" for n in range(4))),
    ]  # fmt: skip


_RIGHTS = (
    (Case(P | W, P | W, ": writable"), Case(P, P, ": read-only")),
    (Case(P | U, P | U, ", for user mode"), Case(P, P, ", for supervisor mode alone")),
    (Case(P | XD, P | XD, ", not for execution"), Case(P, P, ", executable")),
)
_USED = (Case(P | A | D, P | A | D, "; accessed and dirty"), Case(P | A, P | A, "; accessed"), Case(P | D, P | D, "; dirty"))
_TABLE_USED = (Case(P | A, P | A, "; accessed"),)
_SHADOW_STACK = (Case(P | W | D, P | D, "; read-only with D=1 is a shadow stack where CET is on"),)


_LEVELS = {1: "PTE", 2: "PMD", 3: "PUD", 4: "P4D", 5: "PGD"}
"""KVM's name for a level, and Linux's."""


def _of_level(*levels: int) -> tuple[Reader, ...]:
    """Lines with an entry of one of these levels; an entry of another has another layout."""
    found = []
    for level in levels:
        name = _LEVELS[level]
        found += [
            Reader(rf"\b{name} ([0-9a-f]{{1,16}})\b", 16, f"the {name} of an oops (hex)"),
            Reader(rf"\bpte ([0-9a-f]{{1,16}}) level {level}\b", 16, f"KVM's paging element of level {level}"),
        ]
    return tuple(found)


_PAE = Reader(
    r"\*p(?:dpt|de|te) = ", 0, "*pdpt, *pde and *pte are entries of a 32-bit kernel, and these are entries of 64-bit mode"
)
_READERS = {
    "pte": (
        _PAE,
        Reader(r"\bpte ([0-9a-f]{1,16}) level 1\b", 16, "KVM's paging element of level 1"),
        Reader(r"\blevel [2-5]\b", 0, "this entry is of a higher level, and has another layout: a larger page, or a reference to a table"),
        Reader(r"\bPTE ([0-9a-f]{1,16})\b", 16, "the PTE of an oops (hex)"),
        Reader(r"\bpte:([0-9a-f]{1,16})\b", 16, "pte: of a bad page map (hex), which the kernel found to be no sound entry"),
        Reader(r"\bL1\[0x[0-9a-f]{1,3}\] = ([0-9a-f]{16})\b", 16, "L1 of Xen's page-table walk (hex)"),
        Reader(r"\b(?:PMD|PUD|P4D|PGD) [0-9a-f]|\bL[2-5]\[", 0,
               "this line has no PTE, so the walk ended above it; what it has are entries of other layouts"),
    ),
    "pde-2m": (_PAE, *_of_level(2)),
    "pdpte-1g": (_PAE, *_of_level(3)),
    "paging-table": (_PAE, *_of_level(2, 3, 4, 5)),
}  # fmt: skip


def _entry(
    name: str, anchor: str, begins: str, fields: list[Field], note: str, examples: tuple[tuple[str, int], ...], ps: int | None
) -> Layout:
    not_present = Case(P, 0, "Not present: the CPU ignores all other bits")
    begin: tuple[Case, ...] = (not_present, otherwise(begins))
    if ps is not None:
        other = "references a table" if ps else "maps a page"
        begin = (not_present, Case(PS, ps, begins), otherwise(f"With bit 7 = {int(not ps)} this {other} and has another layout"))
    page = "D" in {f.name for f in fields}
    return Layout(
        name=name,
        anchor=anchor,
        width=64,
        fields=tuple(fields),
        sources=_SOURCES,
        clauses=(begin, *_RIGHTS, *((_USED, _SHADOW_STACK) if page else (_TABLE_USED,)), (otherwise("."),)),
        readers=_READERS[anchor],
        examples=examples,
        note=f"{note} {_MAXPHYADDR}",
    )


def _check(version: str) -> None:
    if version not in VERSIONS:
        raise ValueError(f"Linux {version!r} is not among the versions known here: {', '.join(VERSIONS)}")


@cache
def pte(version: str = VERSIONS[-1]) -> Layout:
    """An entry that maps a 4-KByte page, with the software bits of Linux ``version`` (one of VERSIONS, else ValueError)."""
    _check(version)
    return _entry(
        "page-table entry, 4-KByte page", "pte", "Maps the 4-KByte frame number {FRAME}",
        [
            *_page(version),
            Field("PAT", 7, "memory type: upper bit of the PAT index", linux=("_PAGE_BIT_PAT",)),
            Field("FRAME", 12, "physical address of the 4-KByte frame, divided by 4096", width=40, show="x"),
        ],
        f"Software bits as in Linux {version}.",
        (("Kernel data", 0x8000000000000163), ("User data", 0x8000000123456867), ("User code", 0x123456025), ("PROT_NONE", 0xFFFFEDCBA9120)),
        None,
    )  # fmt: skip


def _large(version: str, name: str, anchor: str, size: str, low: int) -> Layout:
    _check(version)
    return _entry(
        name, anchor, f"Maps the {size} frame number {{FRAME}}",
        [
            *_page(version),
            Field("PS", 7, "1: this entry maps a page; 0: it references a table", linux=("_PAGE_BIT_PSE",)),
            Field("PAT", 12, "memory type: upper bit of the PAT index", linux=("_PAGE_BIT_PAT_LARGE",)),
            Field("FRAME", low, f"physical address of the {size} frame, divided by its size", width=52 - low, show="x"),
        ],
        f"Software bits as in Linux {version}. Bits {low - 1}:13 are reserved.",
        (("Kernel data", 0x80000000000001E3 | 1 << low), ("Reserved bit 13 set", 0xE7 | 1 << 13)),
        PS,
    )  # fmt: skip


@cache
def pde_2m(version: str = VERSIONS[-1]) -> Layout:
    """A page-directory entry that maps a 2-MByte page; ``version`` as in :func:`pte`."""
    return _large(version, "page-directory entry, 2-MByte page", "pde-2m", "2-MByte", 21)


@cache
def pdpte_1g(version: str = VERSIONS[-1]) -> Layout:
    """A page-directory-pointer-table entry that maps a 1-GByte page; ``version`` as in :func:`pte`."""
    return _large(version, "page-directory-pointer-table entry, 1-GByte page", "pdpte-1g", "1-GByte", 30)


@cache
def table(version: str = VERSIONS[-1]) -> Layout:
    """An entry of any level that references the next table; ``version`` as in :func:`pte`."""
    _check(version)
    return _entry(
        "paging-structure entry, reference to a table", "paging-table", "References the table at frame number {FRAME}",
        [
            *_common(version),
            Field("SW6", 6, "the CPU ignores it"),
            Field("PS", 7, "0: references a table; 1 in a PDE or PDPTE: maps a page; reserved in a PML4E or PML5E", linux=("_PAGE_BIT_PSE",)),
            Field("SW8", 8, "Intel ignores it; AMD reserves it in a PML4E or PML5E"),
            Field("FRAME", 12, "physical address of the table, divided by 4096", width=40, show="x"),
            Field("IGN2", 59, "the CPU ignores them", width=4, show="x"),
        ],
        f"Software bits as in Linux {version}.",
        (("Linux, kernel and user", 0x123456067), ("Linux, kernel alone", 0x123456063)),
        0,
    )  # fmt: skip


PTE, PDE_2M, PDPTE_1G, TABLE = pte(), pde_2m(), pdpte_1g(), table()
