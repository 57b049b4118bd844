"""The CPUID instruction, executed in this process: one leaf, or all that this CPU has.

x86-64 Linux only: elsewhere every entry point raises :class:`~syslab.native.UnsupportedMachine`. Which subleaves
a leaf has is told in Intel's SDM volume 2A and AMD's APM volume 3, under CPUID.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypedDict

from . import asm
from .code import Code

CPUID_CODE = b"".join(
    (
        asm.code("53  49 89 d0", "push rbx; mov r8, rdx"),  # RBX is the caller's, RDX where the answer goes; CPUID writes both
        asm.code("89 f8  89 f1  0f a2", "mov eax, edi; mov ecx, esi; cpuid"),
        asm.code("41 89 00  41 89 58 04", "mov [r8], eax; mov [r8 + 4], ebx"),
        asm.code("41 89 48 08  41 89 50 0c", "mov [r8 + 8], ecx; mov [r8 + 12], edx"),
        asm.code("5b  c3", "pop rbx; ret"),
    )
)
"""A function of leaf, subleaf and the address of four 32-bit words."""

LARGEST = 0xFFFF_FFFF
MOST_LEAVES = 256  # in one range; a larger maximum is a broken answer, not more leaves
MOST_SUBLEAVES = 64
HYPERVISOR = 0x4000_0000


class Registers(NamedTuple):
    """What CPUID answered, four unsigned 32-bit numbers."""

    eax: int
    ebx: int
    ecx: int
    edx: int


class Leaf(TypedDict):
    """A leaf and subleaf, and what it answers: all unsigned 32-bit numbers."""

    leaf: int
    subleaf: int
    eax: int
    ebx: int
    ecx: int
    edx: int


Ask = Callable[[int, int], Registers]


def _check(name: str, number: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"CPUID's {name} is an int, not {type(number).__name__} {number!r}")
    if not 0 <= number <= LARGEST:
        raise ValueError(f"CPUID's {name} is 32 bits wide; {number:#x} does not fit in 0..{LARGEST:#x}")


@contextmanager
def _asking() -> Iterator[Ask]:
    answer = (ctypes.c_uint32 * 4)()
    with Code(CPUID_CODE) as code:

        def ask(leaf: int, subleaf: int = 0) -> Registers:
            code(leaf, subleaf, ctypes.addressof(answer))
            return Registers(*answer)

        yield ask


def cpuid(leaf: int, subleaf: int = 0) -> Registers:
    """CPUID with EAX = ``leaf`` and ECX = ``subleaf``, on the CPU this thread happens to run on.

    A leaf beyond the CPU's last is no error: AMD answers zeros, Intel the last basic leaf. TypeError or ValueError
    where a number is not 0 to 0xffffffff.
    """
    _check("leaf", leaf)
    _check("subleaf", subleaf)
    with _asking() as ask:
        return ask(leaf, subleaf)


@contextmanager
def pinned(cpu: int | None = None) -> Iterator[int]:
    """Keep this thread on ``cpu`` (by default the lowest it may use), yield its number, and let it go afterwards.

    ValueError where the thread may not run there.
    """
    allowed = os.sched_getaffinity(0)
    if cpu is None:
        cpu = min(allowed)
    if cpu not in allowed:
        raise ValueError(f"this process may not run on CPU {cpu!r}; it may on {sorted(allowed)}")
    os.sched_setaffinity(0, {cpu})
    try:
        yield cpu
    finally:
        os.sched_setaffinity(0, allowed)


def row(leaf: int, subleaf: int, answer: Registers) -> Leaf:
    """An answer with its question."""
    return {"leaf": leaf, "subleaf": subleaf, "eax": answer.eax, "ebx": answer.ebx, "ecx": answer.ecx, "edx": answer.edx}


def dump(cpu: int | None = None) -> list[Leaf]:
    """Every leaf and subleaf that CPU ``cpu`` has.

    Ranges: basic, the hypervisor's where leaf 1 announces one, extended, and Transmeta's and Centaur's where they
    answer. A range has at most :data:`MOST_LEAVES` leaves, a leaf :data:`MOST_SUBLEAVES` subleaves.
    """
    with pinned(cpu), _asking() as ask:
        return [row(leaf, subleaf, answer) for leaf in _leaves(ask) for subleaf, answer in _subleaves(ask, leaf)]


def _leaves(ask: Ask) -> Iterator[int]:
    yield from range(min(ask(0, 0).eax + 1, MOST_LEAVES))
    hypervisor = ask(1, 0).ecx >> 31
    for base in (0x2000_0000, HYPERVISOR, HYPERVISOR + 0x100, 0x8000_0000, 0x8086_0000, 0xC000_0000):
        if base >> 16 == HYPERVISOR >> 16 and not hypervisor:
            continue
        last = ask(base, 0).eax
        if base == HYPERVISOR and last == 0 and ask(base, 0).ebx:
            last = base + 1  # old KVM says 0 for it (Documentation/virt/kvm/x86/cpuid.rst)
        size = 0x100 if hypervisor and base >> 16 == HYPERVISOR >> 16 else 0x1_0000
        if base <= last < base + size:
            yield from range(base, min(last + 1, base + MOST_LEAVES))


def _subleaves(ask: Ask, leaf: int) -> Iterator[tuple[int, Registers]]:
    first = ask(leaf, 0)
    yield 0, first
    for subleaf in _others(ask, leaf, first):
        yield subleaf, ask(leaf, subleaf)


def _others(ask: Ask, leaf: int, first: Registers) -> Iterator[int]:
    """The subleaves after 0."""
    if leaf in _LAST_IN_EAX:
        yield from range(1, min(first.eax + 1, MOST_SUBLEAVES))
    elif leaf == 0x20:  # EAX counts the subleaves
        yield from range(1, min(first.eax, MOST_SUBLEAVES))
    elif leaf in _BITS:
        mask = _BITS[leaf](ask, first)
        yield from (n for n in range(1, MOST_SUBLEAVES) if mask >> n & 1)
    elif leaf in _ENDS:
        start, ended, keep_last = _ENDS[leaf]
        if ended(first):
            return
        for n in range(1, MOST_SUBLEAVES):
            over = n >= start and ended(ask(leaf, n))
            if over and not keep_last:
                return
            yield n
            if over:
                return


def _states(ask: Ask, first: Registers) -> int:
    more = ask(0xD, 1)
    return (first.eax | first.edx << 32 | more.ecx | more.edx << 32) & ~1 | 2


# EAX of subleaf 0 is the last subleaf.
_LAST_IN_EAX = frozenset((7, 0x14, 0x17, 0x18, 0x1D, 0x1E, 0x24))
# Bit n of this mask: there is a subleaf n.
_BITS: dict[int, Callable[[Ask, Registers], int]] = {
    0xD: _states,
    0xF: lambda ask, first: first.edx,
    0x10: lambda ask, first: first.ebx,
    0x23: lambda ask, first: first.eax,
    0x8000_0020: lambda ask, first: first.ebx,
}
# Subleaves go on until one says that it is none: the first that may, how it says so, whether it still holds data
# (the x2APIC ID is in every subleaf of a topology leaf).
_ENDS: dict[int, tuple[int, Callable[[Registers], bool], bool]] = {
    4: (1, lambda r: not r.eax & 0x1F, False),
    0xB: (1, lambda r: not r.ecx >> 8 & 0xFF, True),
    0x12: (2, lambda r: not r.eax & 0xF, False),
    0x1B: (1, lambda r: not r.eax & 0xFFF, False),
    0x1F: (1, lambda r: not r.ecx >> 8 & 0xFF, True),
    0x8000_001D: (1, lambda r: not r.eax & 0x1F, False),
    0x8000_0026: (1, lambda r: not r.ecx >> 8 & 0xFF, True),
}
