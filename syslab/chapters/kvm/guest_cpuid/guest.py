"""A guest that is given a CPUID table: what KVM says to it, what CPUID answers inside, and whether an instruction runs.

Standard library only, so that it also runs in the lab VM.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from typing import Self

from syslab import kvm
from syslab.bits import exceptions
from syslab.kvm import CpuidEntry, Kvm, Vcpu, guest, ioctls
from syslab.kvm.structs import kvm_cpuid2, kvm_cpuid_entry2, kvm_xcr, kvm_xcrs
from syslab.native import asm

Place = tuple[int, int]

OK, RAN = "ok", "it ran"
_CODE, _HANDLER, _DATA = 0x1000, 0x1100, 0x5000
_CPUID_HLT = asm.any_mode("0f a2  f4", "cpuid; hlt")
_UNDEFINED, _GENERAL_PROTECTION = 6, 13
_X2APIC_MODE, _APIC_ID = 0xC00, 0x802  # bits of the APIC base: on, and in x2APIC mode; the MSR with the ID
_READ_ID = asm.code16("66 b9 {msr:4}  0f 32", "mov ecx, {msr}; rdmsr", msr=_APIC_ID)
_SAY_RAN, _SAY_FAULT = asm.say(0x10, 1), asm.say(0x10, 2)
KVM_SET_XCRS = ioctls.make("KVM_SET_XCRS", "write", 0xA7, kvm_xcrs)
UD2, HLT = asm.code("0f 0b", "ud2"), asm.any_mode("f4", "hlt")


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


def got(vcpu: Vcpu, nent: int) -> tuple[str, int, list[CpuidEntry]]:
    """KVM_GET_CPUID2 with room for ``nent``: the result, nent as it stands there afterwards, and all the room's entries."""
    buffer = bytearray(ctypes.sizeof(kvm_cpuid2) + ctypes.sizeof(kvm_cpuid_entry2) * nent)
    struct.pack_into("<I", buffer, 0, nent)
    result = OK
    try:
        ioctls.call(vcpu.fd, ioctls.KVM_GET_CPUID2, buffer)
    except kvm.KvmError as error:
        result = error.errorname
    (after,) = struct.unpack_from("<I", buffer)
    entries = [CpuidEntry(*fields[:7]) for fields in struct.iter_unpack("<10I", buffer[8:])]
    return result, after, entries


def counted(vcpu: Vcpu) -> list[CpuidEntry]:
    """KVM_GET_CPUID2 with just the room it needs, so that nent is right whoever wrote it."""
    low, high = 0, 256
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if got(vcpu, middle)[0] == OK else (middle + 1, high)
    result, _, entries = got(vcpu, low)
    if result != OK:
        raise RuntimeError(f"KVM_GET_CPUID2 with room for {low}: {result}")
    return entries


def set_xcr0(vcpu: Vcpu, value: int) -> None:
    """KVM_SET_XCRS. KvmError EINVAL for a state component that the guest may not have."""
    xcrs = kvm_xcrs(nr_xcrs=1)
    xcrs.xcrs[0] = kvm_xcr(xcr=0, value=value)
    ioctls.call(vcpu.fd, KVM_SET_XCRS, xcrs)


def read_apic_id(vcpu: Vcpu) -> tuple[str, str]:
    """The APIC base put into x2APIC mode: KVM_SET_SREGS's result; and what became of the guest's RDMSR of its APIC ID."""
    vcpu.vm.write(_CODE, _READ_ID + _SAY_RAN)
    vcpu.vm.write(_HANDLER, _SAY_FAULT)
    vcpu.real_mode(rip=_CODE)
    vcpu.set_vectors({_GENERAL_PROTECTION: _HANDLER})
    sregs = vcpu.sregs()
    sregs.apic_base |= _X2APIC_MODE
    mode = OK
    try:
        vcpu.set_sregs(sregs)
    except kvm.KvmError as error:
        mode = error.errorname
    left = vcpu.run()
    spoken = left.data if isinstance(left, kvm.Io) else b""
    return mode, {_SAY_RAN[1:2]: RAN, _SAY_FAULT[1:2]: exceptions.name(_GENERAL_PROTECTION)}.get(spoken, left.name)


class Guests:
    """One VM, and a new vCPU for each question: making and ending a VM is what takes time. A context manager."""

    def __init__(self, device: Kvm) -> None:
        self.vm = device.create_vm()
        self._kernel = guest.Kernel(self.vm)
        self._made = 0

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
        vcpu = self.new()
        vcpu.set_cpuid(table)
        self.vm.write(guest.CODE, code + (UD2 if user else HLT))  # user code may not execute HLT
        try:
            # kernel-mode code lies in pages of its own, or SMEP would forbid it
            self._kernel.enter(vcpu, cpl=3 if user else 0, cr4=cr4, efer=efer, user_pages=user)
            if xcr0:
                set_xcr0(vcpu, xcr0)
        except kvm.KvmError as error:
            return error.errorname
        vcpu.set_regs(rsi=_DATA)
        try:
            left = vcpu.run()
        except kvm.VcpuTimeout:
            return "it did not come back"
        return self._what(vcpu, left, guest.CODE + len(code), user)

    def _what(self, vcpu: Vcpu, left: kvm.Exit, end: int, user: bool) -> str:
        """What the guest has come through: the end of its code, an exception, or neither."""
        vector = guest.exception(left)
        if vector is None:
            rip = vcpu.regs.rip
            return left.name if not isinstance(left, kvm.Hlt) else RAN if rip == end + len(HLT) else f"halted at {rip:#x}"
        at_end = user and vector == _UNDEFINED and self._kernel.returns_to(vcpu, vector) == end
        return RAN if at_end else exceptions.name(vector)
