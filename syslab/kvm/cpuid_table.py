"""A CPUID table as KVM takes and gives it: a head with the number of entries, and the entries."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import NamedTuple

from .ioctls import Ioctl, call
from .structs import kvm_cpuid2, kvm_cpuid_entry2

MOST_ENTRIES = 256
"""KVM_MAX_CPUID_ENTRIES: KVM refuses longer tables with E2BIG."""
_HEAD, _ENTRY = ctypes.sizeof(kvm_cpuid2), ctypes.sizeof(kvm_cpuid_entry2)


class CpuidEntry(NamedTuple):
    """What CPUID answers for EAX = ``function``, and ECX = ``index`` where bit 0 of ``flags`` says that it counts.

    ``index`` hides the tuple's own method, which nobody needs here.
    """

    function: int
    index: int = 0  # type: ignore[assignment]
    flags: int = 0
    eax: int = 0
    ebx: int = 0
    ecx: int = 0
    edx: int = 0


def pack(entries: Iterable[CpuidEntry | tuple[int, ...]]) -> bytearray:
    """``struct kvm_cpuid2`` with its entries. ValueError for a number that does not fit in 32 bits."""
    rows = [CpuidEntry(*entry) for entry in entries]
    packed = bytearray(bytes(kvm_cpuid2(nent=len(rows))))
    for row in rows:
        for name, value in row._asdict().items():
            if not 0 <= value < 1 << 32:
                raise ValueError(f"CPUID entry {row.function:#x}: {name} is 32 bits wide, {value:#x} does not fit")
        packed += bytes(kvm_cpuid_entry2(*row))
    return packed


def unpack(table: bytes | bytearray) -> list[CpuidEntry]:
    """As many entries as the head says."""
    count = kvm_cpuid2.from_buffer_copy(table).nent
    found = (kvm_cpuid_entry2.from_buffer_copy(table, _HEAD + _ENTRY * number) for number in range(count))
    return [CpuidEntry(*(getattr(entry, name) for name in CpuidEntry._fields)) for entry in found]


def ask(fd: int, ioctl: Ioctl, room: int) -> list[CpuidEntry]:
    """What KVM_GET_*_CPUID writes into room for ``room`` entries. KvmError E2BIG where that is too little."""
    if not 0 <= room <= 1 << 16:
        raise ValueError(f"room for {room} entries: it is 0 to {1 << 16}")
    table = pack([CpuidEntry(0)] * room)
    call(fd, ioctl, table)
    return unpack(table)
