"""The modes of an x86 CPU, as state that KVM_SET_SREGS takes: no guest code has to switch anything.

Each function changes a :class:`kvm_sregs` in place. A segment register is set with what the CPU keeps in its hidden
part, so no descriptor table is read; a guest that loads segments or takes interrupts needs :func:`gdt` in memory.

Source: Intel SDM volume 3A, "Mode switching" and "Hierarchical paging structures"; volume 3C, "Checks on guest segment
registers", for what a CPU accepts at VM entry.
"""

from __future__ import annotations

import struct

from .structs import kvm_segment, kvm_sregs

CR0_PE, CR0_ET, CR0_PG = 1 << 0, 1 << 4, 1 << 31
CR4_PAE = 1 << 5
EFER_LME, EFER_LMA = 1 << 8, 1 << 10
EXTENDED_FEATURES, HAS_LONG_MODE = 0x8000_0001, 1 << 29
"""The leaf of CPUID, and its bit of EDX, that say whether a CPU has long mode."""
CODE, DATA, TASK = 0x08, 0x10, 0x18
"""Selectors of the flat segments."""
_CODE_TYPE, _DATA_TYPE, _BUSY_TSS = 11, 3, 11  # execute and read, accessed; read and write, accessed
DATA_SEGMENTS = ("ds", "es", "fs", "gs", "ss")

PAGE, LARGE_PAGE = 4096, 2 << 20
PRESENT, WRITABLE, USER, PAGE_SIZE = 1, 2, 4, 0x80
MAPPED = 4 << 30
"""Bytes that :func:`identity_map` maps: all that 32 bits reach, so also where a PC has its devices."""
_DIRECTORIES = MAPPED // (512 * LARGE_PAGE)
TABLE_BYTES = (2 + _DIRECTORIES) * PAGE


def real_mode(sregs: kvm_sregs, selector: int = 0, base: int | None = None) -> None:
    """16-bit code, addresses that are base + offset. ``base`` of CS is ``selector`` times 16 unless told otherwise."""
    sregs.cr0, sregs.cr4, sregs.efer = CR0_ET, 0, 0
    sregs.cs = _segment(_CODE_TYPE, selector, limit=0xFFFF)
    sregs.cs.base = selector << 4 if base is None else base
    for name in DATA_SEGMENTS:
        setattr(sregs, name, _segment(_DATA_TYPE, 0, limit=0xFFFF))


def protected_mode(sregs: kvm_sregs) -> None:
    """32-bit code, flat segments of 4 GByte, no paging."""
    sregs.cr0, sregs.cr4, sregs.efer = CR0_PE | CR0_ET, 0, 0
    _flat(sregs)
    sregs.cs = _segment(_CODE_TYPE, CODE, db=1)


def long_mode(sregs: kvm_sregs, cr3: int) -> None:
    """64-bit code, flat segments, and paging by the tables at guest-physical ``cr3``."""
    sregs.cr0, sregs.cr3, sregs.cr4 = CR0_PE | CR0_ET | CR0_PG, cr3, CR4_PAE
    sregs.efer = EFER_LME | EFER_LMA
    _flat(sregs)
    sregs.cs = _segment(_CODE_TYPE, CODE, l=1)


def _segment(kind: int, selector: int, limit: int = 0xFFFF_FFFF, **bits: int) -> kvm_segment:
    """A code or data segment of ``limit`` + 1 bytes at 0; above 64 kByte its limit is counted in pages."""
    return kvm_segment(limit=limit, selector=selector, type=kind, present=1, s=1, g=int(limit > 0xFFFF), **bits)


def _flat(sregs: kvm_sregs) -> None:
    for name in DATA_SEGMENTS:
        setattr(sregs, name, _segment(_DATA_TYPE, DATA, db=1))
    sregs.tr = kvm_segment(limit=0xFFFF, selector=TASK, type=_BUSY_TSS, present=1)  # a CPU enters no guest without


def identity_map(cr3: int) -> bytes:
    """Page tables for guest-physical ``cr3``: 4 GByte, each address mapped to itself, by pages of 2 MByte.

    One PML4, one page-directory-pointer table, four page directories: :data:`TABLE_BYTES`, everything writable and
    for user mode too.
    """
    if cr3 % PAGE:
        raise ValueError(f"page tables begin at a multiple of 4096, not at {cr3:#x}")
    leads_on = PRESENT | WRITABLE | USER
    pml4 = _table(cr3 + PAGE | leads_on)
    pdpt = _table(*(cr3 + (2 + number) * PAGE | leads_on for number in range(_DIRECTORIES)))
    pages = struct.pack(f"<{_DIRECTORIES * 512}Q", *(at | leads_on | PAGE_SIZE for at in range(0, MAPPED, LARGE_PAGE)))
    return pml4 + pdpt + pages


def _table(*entries: int) -> bytes:
    return struct.pack(f"<{len(entries)}Q", *entries).ljust(PAGE, b"\0")


def gdt(long: bool) -> bytes:
    """Descriptors of :data:`CODE` and :data:`DATA`, as bytes for the guest's memory: what IRET and interrupts load."""
    code = 0x00AF_9B00_0000_FFFF if long else 0x00CF_9B00_0000_FFFF
    return struct.pack("<3Q", 0, code, 0x00CF_9300_0000_FFFF)


def idt(handlers: dict[int, int]) -> bytes:
    """An interrupt descriptor table of long mode: for each vector, 0 to 255, the address of its handler."""
    table = bytearray(16 * (max(handlers, default=-1) + 1))
    for vector, address in handlers.items():
        if not (0 <= vector <= 255 and 0 <= address < 1 << 64):
            raise ValueError(f"no gate leads from vector {vector} to address {address:#x}")
        gate = (address & 0xFFFF, CODE, 0, 0x8E, address >> 16 & 0xFFFF, address >> 32, 0)  # present, interrupt gate
        struct.pack_into("<HHBBHII", table, 16 * vector, *gate)
    return bytes(table)
