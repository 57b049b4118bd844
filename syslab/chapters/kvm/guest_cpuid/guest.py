"""A guest that is given a CPUID table: what KVM says to it, what CPUID answers inside, and whether an instruction runs.

Standard library only, so that it also runs in the lab VM.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Self

from syslab import kvm
from syslab.kvm import CpuidEntry, Kvm, Vcpu, ioctls, modes

Place = tuple[int, int]

OK, RAN = "ok", "it ran"
VECTORS = {0: "#DE", 1: "#DB", 3: "#BP", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF"}

_CODE, _IDT, _HANDLERS, _TSS, _DATA, _STACK, _SUPERVISOR = (0x1000 * n for n in range(1, 8))
_USER_STACK = _STACK - 0x800
_APART = 16  # bytes from one handler to the next
_RING_3 = 3
_CPUID_HLT = bytes.fromhex("0fa2 f4")
KVM_SET_XCRS = ioctls.Ioctl("KVM_SET_XCRS", 0x4188_AEA7)
_XCRS = struct.Struct("<IIIIQ 240x 128x")  # nr_xcrs, flags, and the first of 16: xcr, reserved, value
UD2, HLT = b"\x0f\x0b", b"\xf4"


def set_table(vcpu: Vcpu, table: Iterable[CpuidEntry]) -> str:
    """KVM_SET_CPUID2: ``ok``, or the error's name."""
    try:
        vcpu.set_cpuid(table)
    except kvm.KvmError as error:
        return error.errorname
    return OK


def run_to_halt(vcpu: Vcpu) -> None:
    """KVM_RUN. RuntimeError unless the guest halts."""
    left = vcpu.run()
    if left.name != "KVM_EXIT_HLT":
        raise RuntimeError(f"the guest ended in {left}, not in HLT")


def asks(vcpu: Vcpu, places: Iterable[Place]) -> dict[Place, list[int]]:
    """What CPUID answers inside the guest, in real mode: leaf and subleaf -> EAX, EBX, ECX, EDX."""
    vcpu.real_mode(rip=_CODE)
    return asks_again(vcpu, places)


def asks_again(vcpu: Vcpu, places: Iterable[Place]) -> dict[Place, list[int]]:
    """As :func:`asks`, and control registers stay what they are."""
    vcpu.vm.write(_CODE, _CPUID_HLT)
    seen = {}
    for leaf, subleaf in places:
        vcpu.set_regs(rip=_CODE, rflags=2, rax=leaf, rbx=0, rcx=subleaf, rdx=0)
        run_to_halt(vcpu)
        after = vcpu.regs
        seen[leaf, subleaf] = [getattr(after, name) & 0xFFFF_FFFF for name in ("rax", "rbx", "rcx", "rdx")]
    return seen


def set_xcr0(vcpu: Vcpu, value: int) -> None:
    """KVM_SET_XCRS. KvmError EINVAL for a state component that the guest may not have."""
    ioctls.call(vcpu.fd, KVM_SET_XCRS, _XCRS.pack(1, 0, 0, 0, value))


class Guests:
    """One VM, and a new vCPU for each question: making and ending a VM is what takes time. A context manager."""

    def __init__(self, device: Kvm) -> None:
        self.vm = device.create_vm()
        self._made = 0
        self.vm.write(_HANDLERS, HLT * _APART * (max(VECTORS) + 1))
        self.vm.write(_TSS + 4, struct.pack("<Q", _STACK))  # RSP0
        self._tables = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.vm.close()

    def new(self) -> Vcpu:
        """A vCPU without a table, which has not run."""
        self._made += 1
        return self.vm.create_vcpu(self._made - 1)

    def ask(self, table: Iterable[CpuidEntry], places: Iterable[Place]) -> tuple[str, dict[Place, list[int]]]:
        """``table`` given to a new vCPU: what KVM_SET_CPUID2 said, and what the guest then reads at ``places``."""
        vcpu = self.new()
        result = set_table(vcpu, table)
        return result, asks(vcpu, places) if result == OK else {}

    def attempt(
        self, table: Sequence[CpuidEntry], code: bytes, user: bool = False, cr4: int = 0, efer: int = 0, xcr0: int = 0
    ) -> str:
        """Execute ``code`` once in 64-bit mode on a vCPU with ``table``; ``cr4``, ``efer`` (bits) and ``xcr0`` are set before.

        :data:`RAN`, the name of the exception (``#UD``), the error's name if KVM does not take the registers, or the
        exit's name. In ``user`` mode the code is at CPL 3. Data may lie at RSI.
        """
        vcpu, vm = self.new(), self.vm
        vcpu.set_cpuid(table)
        vm.write(_CODE, code + (UD2 if user else HLT))  # user code may not execute HLT
        self._long_mode(vcpu, user)
        sregs = vcpu.sregs()
        sregs.cr4, sregs.efer = sregs.cr4 | cr4, sregs.efer | efer
        try:
            vcpu.set_sregs(sregs)
            if xcr0:
                set_xcr0(vcpu, xcr0)
        except kvm.KvmError as error:
            return error.errorname
        vcpu.set_regs(rip=_CODE, rflags=2, rsp=_USER_STACK, rsi=_DATA)
        try:
            left = vcpu.run()
        except kvm.VcpuTimeout:
            return "it did not come back"
        return _what(vcpu, _CODE + len(code), user) if left.name == "KVM_EXIT_HLT" else left.name

    def _long_mode(self, vcpu: Vcpu, user: bool) -> None:
        """64-bit mode with an IDT and a TSS. Kernel-mode code lies in pages of its own, or SMEP would forbid it."""
        if self._tables:
            vcpu.long_mode(_CODE, self._tables)
        else:
            vcpu.long_mode(_CODE)
            self._tables = vcpu.sregs().cr3
            (first,) = struct.unpack("<Q", self.vm.read(self._tables, 8))
            self.vm.write(_SUPERVISOR, struct.pack("<Q", first & ~modes.USER))
        vcpu.set_idt({vector: _HANDLERS + _APART * vector for vector in VECTORS}, _IDT)
        sregs = vcpu.sregs()
        sregs.gdt.base, sregs.gdt.limit = self._tables + modes.TABLE_BYTES, 23
        sregs.tr.base, sregs.tr.limit = _TSS, 0x67
        if user:
            for segment, selector in ((sregs.cs, modes.CODE), (sregs.ss, modes.DATA)):
                segment.dpl, segment.selector = _RING_3, selector | _RING_3
        else:
            sregs.cr3 = _SUPERVISOR
        vcpu.set_sregs(sregs)


def _what(vcpu: Vcpu, end: int, user: bool) -> str:
    """What a halted guest has come through: the end of its code, or a handler."""
    after = vcpu.regs
    if after.rip == end + 1 and not user:
        return RAN
    if not _HANDLERS < after.rip < _HANDLERS + 0x1000:
        return f"halted at {after.rip:#x}"
    vector = (after.rip - _HANDLERS) // _APART
    has_error = vector in (8, 10, 11, 12, 13, 14)
    (at,) = struct.unpack("<Q", vcpu.vm.read(after.rsp + 8 * has_error, 8))
    return RAN if user and vector == 6 and at == end else VECTORS.get(vector, f"vector {vector}")
