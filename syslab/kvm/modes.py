"""The modes of an x86 CPU, as state that KVM_SET_SREGS takes: no guest code has to switch anything.

Each function changes a :class:`kvm_sregs` in place. A segment register is set with what the CPU keeps in its hidden
part, so no descriptor table is read; a guest that loads segments or takes interrupts needs :func:`gdt` in memory.

Source: Intel SDM volume 3A, "Mode switching" and "Hierarchical paging structures"; volume 3C, "Checks on guest segment
registers", for what a CPU accepts at VM entry.
"""

from __future__ import annotations

import struct

from .structs import kvm_segment, kvm_sregs

CR0_PE, CR0_MP, CR0_ET, CR0_NE, CR0_WP, CR0_AM, CR0_PG = (1 << bit for bit in (0, 1, 4, 5, 16, 18, 31))
CR4_PAE, CR4_OSFXSR, CR4_OSXMMEXCPT = 1 << 5, 1 << 9, 1 << 10
EFER_LME, EFER_LMA = 1 << 8, 1 << 10
EXTENDED_FEATURES, HAS_LONG_MODE = 0x8000_0001, 1 << 29
"""The leaf of CPUID, and its bit of EDX, that say whether a CPU has long mode."""
CODE, DATA, USER_DATA, USER_CODE, TASK = 0x08, 0x10, 0x1B, 0x23, 0x28
"""Selectors of the flat segments, at CPL 0 and at CPL 3, and of the task state segment; the order is that which SYSRET wants."""
_CODE_TYPE, _DATA_TYPE, _BUSY_TSS = 11, 3, 11  # execute and read, accessed; read and write, accessed
DATA_SEGMENTS = ("ds", "es", "fs", "gs", "ss")

PAGE, LARGE_PAGE, TSS_BYTES, GATE_BYTES = 4096, 2 << 20, 104, 16
PRESENT, WRITABLE, USER, PAGE_SIZE = 1, 2, 4, 0x80
MAPPED = 4 << 30
"""Bytes that :func:`identity_map` maps: all that 32 bits reach, so also where a PC has its devices."""


def table_bytes(mapped: int) -> int:
    """Bytes that :func:`identity_map` needs for its tables."""
    return (2 + -(-mapped // (512 * LARGE_PAGE))) * PAGE


TABLE_BYTES = table_bytes(MAPPED)


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


def long_mode(sregs: kvm_sregs, cr3: int, cpl: int = 0) -> None:
    """64-bit code at ``cpl`` 0 or 3, flat segments, and paging by the tables at guest-physical ``cr3``."""
    sregs.cr0, sregs.cr3, sregs.cr4 = CR0_PE | CR0_ET | CR0_PG, cr3, CR4_PAE
    sregs.efer = EFER_LME | EFER_LMA
    _flat(sregs, cpl)
    sregs.cs = _segment(_CODE_TYPE, USER_CODE if cpl else CODE, l=1, dpl=cpl)


def _segment(kind: int, selector: int, limit: int = 0xFFFF_FFFF, **bits: int) -> kvm_segment:
    """A code or data segment of ``limit`` + 1 bytes at 0; above 64 kByte its limit is counted in pages."""
    return kvm_segment(limit=limit, selector=selector, type=kind, present=1, s=1, g=int(limit > 0xFFFF), **bits)


def _flat(sregs: kvm_sregs, cpl: int = 0) -> None:
    for name in DATA_SEGMENTS:
        setattr(sregs, name, _segment(_DATA_TYPE, USER_DATA if cpl else DATA, db=1, dpl=cpl))
    sregs.tr = kvm_segment(limit=0xFFFF, selector=TASK, type=_BUSY_TSS, present=1)  # a CPU enters no guest without


def identity_map(cr3: int, mapped: int = MAPPED, user: bool = True) -> bytes:
    """Page tables for guest-physical ``cr3``: ``mapped`` bytes, each address mapped to itself, by pages of 2 MByte.

    One PML4, one page-directory-pointer table, a page directory for each GByte: everything writable, and for ``user`` mode
    too. ValueError for a ``cr3`` in the middle of a page.
    """
    if cr3 % PAGE:
        raise ValueError(f"page tables begin at a multiple of 4096, not at {cr3:#x}")
    leads_on = PRESENT | WRITABLE | (USER if user else 0)
    pages = _table(*(at | leads_on | PAGE_SIZE for at in range(0, mapped, LARGE_PAGE)))
    directories = range(cr3 + 2 * PAGE, cr3 + 2 * PAGE + len(pages), PAGE)
    return _table(cr3 + PAGE | leads_on) + _table(*(at | leads_on for at in directories)) + pages


def _table(*entries: int) -> bytes:
    return struct.pack(f"<{len(entries)}Q", *entries).ljust(-(-len(entries) // 512) * PAGE, b"\0")


def gdt(long: bool) -> bytes:
    """Descriptors of :data:`CODE` and :data:`DATA`, as bytes for the guest's memory: what IRET and interrupts load."""
    code = 0x00AF_9B00_0000_FFFF if long else 0x00CF_9B00_0000_FFFF
    return struct.pack("<3Q", 0, code, 0x00CF_9300_0000_FFFF)


def user_gdt(tss: int) -> bytes:
    """:func:`gdt` of long mode, with :data:`USER_DATA`, :data:`USER_CODE`, and as :data:`TASK` the segment at ``tss``."""
    task = (TSS_BYTES - 1) | (tss & 0xFF_FFFF) << 16 | 0x8B << 40 | (tss >> 24 & 0xFF) << 56  # present, busy
    return gdt(long=True) + struct.pack("<4Q", 0x00CF_F300_0000_FFFF, 0x00AF_FB00_0000_FFFF, task, tss >> 32)


def task_state(stack: int) -> bytes:
    """A task state segment of long mode: ``stack`` is where interrupts at CPL 3 go on, and no port is allowed there."""
    return struct.pack("<IQ", 0, stack).ljust(TSS_BYTES - 2, b"\0") + struct.pack("<H", TSS_BYTES)


def idt(handlers: dict[int, int]) -> bytes:
    """An interrupt descriptor table of long mode: for each vector, 0 to 255, the address of its handler."""
    table = bytearray(GATE_BYTES * (max(handlers, default=-1) + 1))
    for number, address in handlers.items():
        if not (0 <= number <= 255 and 0 <= address < 1 << 64):
            raise ValueError(f"no gate leads from vector {number} to address {address:#x}")
        gate = (address & 0xFFFF, CODE, 0, 0x8E, address >> 16 & 0xFFFF, address >> 32, 0)  # present, interrupt gate
        struct.pack_into("<HHBBHII", table, GATE_BYTES * number, *gate)
    return bytes(table)
