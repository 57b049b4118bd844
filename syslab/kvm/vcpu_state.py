"""What a vCPU is: registers, mode, CPUID, pending events. Each method is one ioctl, or few."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import cpuid_table, modes, stats
from .cpuid_table import CpuidEntry
from .files import File
from .ioctls import (
    KVM_ENABLE_CAP,
    KVM_GET_CPUID2,
    KVM_GET_MP_STATE,
    KVM_GET_REGS,
    KVM_GET_SREGS,
    KVM_GET_VCPU_EVENTS,
    KVM_INTERRUPT,
    KVM_NMI,
    KVM_SET_CPUID2,
    KVM_SET_GUEST_DEBUG,
    KVM_SET_MP_STATE,
    KVM_SET_REGS,
    KVM_SET_SREGS,
    KVM_SET_VCPU_EVENTS,
    Ioctl,
    KvmError,
    call,
)
from .structs import kvm_enable_cap, kvm_guest_debug, kvm_interrupt, kvm_mp_state, kvm_regs, kvm_sregs, kvm_vcpu_events

if TYPE_CHECKING:
    from .vm import Vm

KVM_GUESTDBG_ENABLE, KVM_GUESTDBG_SINGLESTEP = 1 << 0, 1 << 1
KVM_GUESTDBG_USE_SW_BP, KVM_GUESTDBG_USE_HW_BP = 1 << 16, 1 << 17
_DR7_ALWAYS = 0x400
BREAKPOINTS = 4
"""DR0 to DR3."""
STACK = 0x1000
"""Where the stack begins, downwards, in real and protected mode."""


class State:
    """The half of :class:`Vcpu` that asks and sets; KVM allows it while the vCPU is not running.

    While it runs in another thread, the kernel would let the caller wait until that run is over, and no signal but a deadly
    one would end the wait: RuntimeError instead.
    """

    def __init__(self, vm: Vm, file: File) -> None:
        self.vm = vm
        self._file = file

    @property
    def fd(self) -> int:
        """The file descriptor, for an ioctl of your own."""
        return self._file.number

    def _idle(self) -> int:
        """The descriptor, for a vCPU that is not running."""
        return self.fd

    def _call(self, ioctl: Ioctl, argument: Any = 0) -> int:
        return call(self._idle(), ioctl, argument)

    # registers

    @property
    def regs(self) -> kvm_regs:
        """A copy of the general registers, RIP and RFLAGS: ``vcpu.regs.rax``."""
        regs = kvm_regs()
        self._call(KVM_GET_REGS, regs)
        return regs

    def set_regs(self, regs: kvm_regs | None = None, **changes: int) -> None:
        """Set all of ``regs``; or change the named ones, ``set_regs(rip=0x1000, rax=7)``, and keep the others."""
        regs = self.regs if regs is None else kvm_regs.from_buffer_copy(regs)
        for name, value in changes.items():
            if not hasattr(regs, name):
                raise TypeError(f"there is no register {name!r} among {', '.join(kvm_regs().asdict())}")
            setattr(regs, name, value)
        self._call(KVM_SET_REGS, regs)

    def sregs(self) -> kvm_sregs:
        """A copy of the segment, table and control registers, EFER and the APIC's base."""
        sregs = kvm_sregs()
        self._call(KVM_GET_SREGS, sregs)
        return sregs

    def set_sregs(self, sregs: kvm_sregs) -> None:
        """Set all of them. KvmError EINVAL for a state that KVM knows to be none."""
        self._call(KVM_SET_SREGS, sregs)

    # modes

    def real_mode(self, rip: int = 0x1000, selector: int = 0, base: int | None = None) -> None:
        """16-bit code at offset ``rip`` of CS; the other registers are zero, the stack ends at 0x1000."""
        sregs = self.sregs()
        modes.real_mode(sregs, selector, base)
        self._start(sregs, rip, STACK)

    def protected_mode(self, rip: int = 0x1000) -> None:
        """32-bit code at ``rip``, flat and without paging; the stack ends at 0x1000."""
        sregs = self.sregs()
        modes.protected_mode(sregs)
        self._start(sregs, rip, STACK)

    def long_mode(self, rip: int = 0x1000, cr3: int | None = None) -> None:
        """64-bit code at ``rip``, by the page tables at ``cr3``.

        Without ``cr3``, the last 28 kByte of the VM's memory get page tables that map 4 GByte to itself, and a GDT;
        the stack ends below them. A vCPU without any CPUID is given a table of one bit, long mode, where KVM insists
        on it: Linux 6.12.118 does.
        """
        sregs, stack = self.sregs(), STACK
        if cr3 is None:
            stack = cr3 = self.vm.size - modes.TABLE_BYTES - modes.PAGE
            if cr3 <= 0:
                raise ValueError(f"the VM's {self.vm.size} bytes have no room for {modes.TABLE_BYTES} of page tables and a GDT")
            self.vm.write(cr3, modes.identity_map(cr3))
            descriptors = modes.gdt(long=True)
            self.vm.write(cr3 + modes.TABLE_BYTES, descriptors)
            sregs.gdt.base, sregs.gdt.limit = cr3 + modes.TABLE_BYTES, len(descriptors) - 1
        modes.long_mode(sregs, cr3)
        try:
            self._start(sregs, rip, stack)
        except KvmError as refused:
            if refused.errno != errno.EINVAL or any(entry.function for entry in self.get_cpuid()):
                raise
            self.set_cpuid([CpuidEntry(modes.EXTENDED_FEATURES, edx=modes.HAS_LONG_MODE)])
            self._start(sregs, rip, stack)

    def _start(self, sregs: kvm_sregs, rip: int, stack: int) -> None:
        self.set_sregs(sregs)
        self.set_regs(kvm_regs(rip=rip, rsp=stack, rflags=2))  # bit 1 of RFLAGS is always set

    def set_vectors(self, handlers: dict[int, int]) -> None:
        """For real mode: lead each vector to its handler, an offset in segment 0, by the vector table at address 0."""
        for vector, offset in handlers.items():
            self.vm.write(4 * vector, struct.pack("<HH", offset, 0))

    def set_idt(self, handlers: dict[int, int], address: int) -> None:
        """For long mode: put an IDT that leads each vector to its handler's address at ``address``, and load it."""
        table = modes.idt(handlers)
        self.vm.write(address, table)
        sregs = self.sregs()
        sregs.idt.base, sregs.idt.limit = address, max(len(table) - 1, 0)
        self.set_sregs(sregs)

    # CPUID and capabilities

    def set_cpuid(self, entries: Iterable[CpuidEntry | tuple[int, ...]]) -> None:
        """KVM_SET_CPUID2. KvmError: E2BIG for more than 256, EINVAL for what KVM checks or, after a run, any change."""
        self._call(KVM_SET_CPUID2, cpuid_table.pack(entries))

    def get_cpuid(self, room: int = cpuid_table.MOST_ENTRIES) -> list[CpuidEntry]:
        """KVM_GET_CPUID2, as many entries as KVM says it wrote: Linux 6.1 says ``room``, and the rest are zeros."""
        return cpuid_table.ask(self._idle(), KVM_GET_CPUID2, room)

    def enable_cap(self, capability: int, *arguments: int) -> None:
        """KVM_ENABLE_CAP on the vCPU, with up to four numbers."""
        self._call(KVM_ENABLE_CAP, kvm_enable_cap(cap=capability, args=arguments))

    # states and events

    @property
    def mp_state(self) -> int:
        """KVM_MP_STATE_ as a number: 0 is runnable, 3 halted."""
        state = kvm_mp_state()
        self._call(KVM_GET_MP_STATE, state)
        return int(state.mp_state)

    def set_mp_state(self, state: int) -> None:
        """KvmError EINVAL for one that this VM cannot have."""
        self._call(KVM_SET_MP_STATE, kvm_mp_state(state))

    def events(self) -> kvm_vcpu_events:
        """Exceptions, interrupts, NMIs and SMIs that are pending or being injected."""
        events = kvm_vcpu_events()
        self._call(KVM_GET_VCPU_EVENTS, events)
        return events

    def set_events(self, events: kvm_vcpu_events) -> None:
        """What its ``flags`` name is set too; see api.rst, "KVM_SET_VCPU_EVENTS"."""
        self._call(KVM_SET_VCPU_EVENTS, events)

    def nmi(self) -> None:
        """Queue a non-maskable interrupt."""
        self._call(KVM_NMI)

    def interrupt(self, vector: int) -> None:
        """Queue an interrupt. KvmError ENXIO where KVM has the interrupt controller: then raise its lines."""
        self._call(KVM_INTERRUPT, kvm_interrupt(vector))

    def guest_debug(self, single_step: bool = False, hardware: Iterable[int] = (), software: bool = False, extra: int = 0) -> None:
        """Have KVM_RUN come back with :class:`Debug`; without arguments, no longer.

        ``single_step``: after every instruction; ``hardware``: before those at these linear addresses, up to four;
        ``software``: at INT3. ``extra`` are more bits of ``control``, such as KVM_GUESTDBG_BLOCKIRQ.
        """
        debug, addresses = kvm_guest_debug(control=extra), list(hardware)
        if len(addresses) > BREAKPOINTS:
            raise ValueError(f"an x86 CPU has {BREAKPOINTS} breakpoint registers; {len(addresses)} addresses are too many")
        debug.control |= KVM_GUESTDBG_SINGLESTEP * bool(single_step) | KVM_GUESTDBG_USE_SW_BP * bool(software)
        if addresses:
            debug.control |= KVM_GUESTDBG_USE_HW_BP
            debug.debugreg[: len(addresses)] = addresses
            debug.debugreg[7] = _DR7_ALWAYS | sum(1 << 2 * number for number in range(len(addresses)))  # L0 to L3: on execution
        if debug.control:
            debug.control |= KVM_GUESTDBG_ENABLE
        self._call(KVM_SET_GUEST_DEBUG, debug)

    def stats(self) -> dict[str, int]:
        """KVM's statistics of this vCPU by name: exits, halt_exits, insn_emulation and others."""
        return stats.read(self._idle())
