"""VMX: which writes to CR0 and CR4 leave the guest, and what the guest reads. A model of the guest/host mask.

A bit of the mask that is 1 belongs to the host: the guest reads it from the read shadow, and a write that would change
what the guest reads leaves. A bit that is 0 is the guest's own. Values are integers of 64 bits.

Source: Intel SDM volume 3, *Instructions That Cause VM Exits Conditionally* and *Changes to Instruction Behavior in VMX
Non-Root Operation* (MOV to CR0, MOV to CR4, LMSW, CLTS, MOV from CR0, MOV from CR4, SMSW), by title.
"""

from __future__ import annotations

from dataclasses import dataclass

from syslab.bits import given
from syslab.bits.control_registers import CR0, CR4
from syslab.bits.core import Layout

WIDTH = 64
ALL = (1 << WIDTH) - 1


@dataclass(frozen=True)
class Write:
    """An instruction that writes a control register.

    ``looks``: the bits it writes at all; ``sets_only``: bits that it can set and not clear; ``operand``: its source where
    it has no operand of its own.
    """

    key: str
    name: str
    layout: Layout
    looks: int = ALL
    sets_only: int = 0
    operand: int | None = None

    def source(self, operand: int) -> int:
        """What it tries to write: ``operand``, or its own constant."""
        return _word(operand) if self.operand is None else self.operand

    def tries(self, operand: int) -> int:
        """The bits that it tries to write: those of ``looks``, without those that it could only have cleared."""
        return self.looks & ~(self.sets_only & ~self.source(operand)) & ALL


MOV_CR0 = Write("mov-cr0", "MOV to CR0", CR0)
MOV_CR4 = Write("mov-cr4", "MOV to CR4", CR4)
LMSW = Write("lmsw", "LMSW", CR0, looks=0xF, sets_only=0x1)
CLTS = Write("clts", "CLTS", CR0, looks=CR0.field("TS").mask, operand=0)
WRITES = (MOV_CR0, MOV_CR4, LMSW, CLTS)


def _word(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a control register is an int, not {type(value).__name__} {value!r:.60}")
    if not 0 <= value <= ALL:
        raise ValueError(f"{value:#x} does not fit into {WIDTH} bits")
    return value


def refused(write: Write, mask: int, shadow: int, operand: int = 0) -> int:
    """The host's bits that the write would change as the guest sees them. The write leaves the guest iff this is not 0."""
    return (write.source(operand) ^ _word(shadow)) & _word(mask) & write.tries(operand)


def leaves(write: Write, mask: int, shadow: int, operand: int = 0) -> bool:
    """Whether the write leaves the guest."""
    return refused(write, mask, shadow, operand) != 0


def after(write: Write, mask: int, shadow: int, real: int, operand: int = 0) -> int:
    """The real register after the write, where it does not leave: only the guest's bits change. ValueError if it leaves."""
    if leaves(write, mask, shadow, operand):
        raise ValueError(f"this {write.name} leaves the guest: the register is as it was")
    own = write.tries(operand) & ~mask
    return (_word(real) & ~own) | (write.source(operand) & own)


def guest_reads(mask: int, shadow: int, real: int) -> int:
    """What MOV from the register gives the guest. SMSW is the same, of its low bits."""
    return (_word(real) & ~_word(mask)) | (_word(shadow) & mask)


def io_bitmap(port: int) -> tuple[str, int, int]:
    """Where the I/O bitmaps have a port: bitmap A or B, byte, bit. ValueError where it is no port.

    >>> io_bitmap(0x3F8)
    ('A', 127, 0)
    """
    given.number(port, "a port", 0, 0xFFFF)
    return "AB"[port >> 15], (port & 0x7FFF) >> 3, port & 7
