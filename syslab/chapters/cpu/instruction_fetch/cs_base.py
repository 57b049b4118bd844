"""The same instruction in several places of a guest, started with a CS base of our choice, in each mode of the CPU.

Each copy loads its own physical address into EAX and halts. So EAX says which copy was fetched, and RIP where the CPU
thought it was. Needs /dev/kvm; run it in a process of its own, as an experiment does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from syslab.kvm import Hlt, Kvm
from syslab.kvm.modes import PAGE, TABLE_BYTES
from syslab.native import asm

MODES = ("real", "protected", "long")
RAM = 2 << 20
FREE = RAM - TABLE_BYTES - PAGE
"""From here on are the page tables and the GDT of long mode."""


def copy(mode: str, address: int) -> bytes:
    """Code for ``mode`` that puts its ``address`` into EAX and halts."""
    if mode == "real":
        return asm.code16("66 b8 {address:4}  f4", "mov eax, {address}; hlt", address=address)
    if mode == "protected":
        return asm.code32("b8 {address:4}  f4", "mov eax, {address}; hlt", address=address)
    return asm.code("b8 {address:4}  f4", "mov eax, {address}; hlt", address=address)


@dataclass(frozen=True)
class Fetched:
    """The address ``fetched`` from, and the RIP (IP, EIP) of that instruction."""

    fetched: int
    rip: int


class Reset(TypedDict):
    """CS and RIP of a vCPU that nobody has touched."""

    selector: int
    base: int
    rip: int


def after_reset() -> Reset:
    """What KVM gives a new vCPU."""
    with Kvm() as kvm, kvm.create_vm(RAM) as vm:
        vcpu = vm.create_vcpu()
        cs = vcpu.sregs().cs
        return {"selector": cs.selector, "base": cs.base, "rip": vcpu.regs.rip}


def start(mode: str, base: int, rip: int, copies: Iterable[int]) -> Fetched:
    """Start in ``mode`` with CS ``base`` at ``rip``. RuntimeError if what ran was no copy."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
    with Kvm() as kvm, kvm.create_vm(RAM) as vm:
        places = set(copies)
        for address in places:
            vm.write(address, copy(mode, address))
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(kvm.supported_cpuid())
        if mode == "real":
            vcpu.real_mode(rip)
        elif mode == "protected":
            vcpu.protected_mode(rip)
        else:
            vcpu.long_mode(rip)
        sregs = vcpu.sregs()
        sregs.cs.base = base
        vcpu.set_sregs(sregs)
        left, regs = vcpu.run(), vcpu.regs
    if not isinstance(left, Hlt) or regs.rax not in places:
        raise RuntimeError(f"no copy ran: {left.name}, RAX {regs.rax:#x}, RIP {regs.rip:#x}")
    return Fetched(regs.rax, regs.rip - len(copy(mode, regs.rax)))
