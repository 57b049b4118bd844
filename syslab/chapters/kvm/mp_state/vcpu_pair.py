"""Two vCPUs that can send each other INIT, SIPI and NMI, as a PC's CPUs do when a second one is started.

Each runs 16-bit code. To send something, a vCPU writes its local APIC's interrupt command register, MSR 0x830. Only the
standard library is used.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self

from syslab.bits import apic
from syslab.kvm import Exit, Io, Kvm, KvmError, Vcpu
from syslab.kvm.ioctls import KVM_RUN
from syslab.native import asm

SENDER, NAPPER, HANDLERS = 0x2000, 0x3000, 0x500
"""Where the code lies that sends, that halts, and that answers NMI (vector 2) and #GP (13)."""
SENT, STARTED, NMI_CAME, GP_CAME, ASTRAY = 0x10, 0x11, 0x12, 0x13, 0x1F
"""Ports by which the guest's code says how far it is."""
NMI_VECTOR, GP_VECTOR = 2, 13
X2APIC = 3 << 10  # IA32_APIC_BASE: the local APIC is enabled, and in x2APIC mode
PATIENCE = 30.0
"""Seconds, for what takes well under a millisecond on an idle machine."""
HALT = asm.code16("f4  eb fd", "hlt; jmp $-1")
_LOOK = 0.001
_SYSCALL_IOCTL = 16


def out(port: int, value: int) -> bytes:
    """Say ``value``, and halt for ever."""
    return asm.say(port, value) + HALT


class Runner:
    """Runs one vCPU in a thread of its own: :meth:`start`, :meth:`settle`, :meth:`stop`.

    The thread stays the same, as KVM waits for an RCU grace period when a vCPU changes its thread.
    """

    def __init__(self, vcpu: Vcpu) -> None:
        self.vcpu = vcpu
        self._go, self._done = threading.Semaphore(0), threading.Event()
        self._came: Exit | BaseException | None = None
        self._over = False
        self._done.set()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        self._proc = Path("/proc/self/task", str(self._thread.native_id))

    def _work(self) -> None:
        while self._go.acquire() and not self._over:
            try:
                self._came = self.vcpu.run(PATIENCE)
            except BaseException as error:  # told to who asks: a thread has nobody above it
                self._came = error
            self._done.set()

    def start(self) -> None:
        """Enter KVM_RUN. RuntimeError where it is still there."""
        if not self._done.is_set():
            raise RuntimeError("this vCPU is in KVM_RUN already")
        self._done.clear()
        self._go.release()

    def _asleep(self) -> bool:
        """Whether the kernel has put the thread to sleep inside KVM_RUN, until something wakes it."""
        # "running" while it runs, also in the guest; its state is D, not S, where KVM waits for the kernel itself
        number, *arguments = (self._proc / "syscall").read_text().split()
        state = (self._proc / "stat").read_text().rpartition(") ")[2][0]
        return state == "S" and number == str(_SYSCALL_IOCTL) and int(arguments[1], 16) == KVM_RUN.number

    def settle(self) -> str:
        """``waits`` once the vCPU sleeps in KVM_RUN, else what KVM_RUN came back with: an exit's name, or an errno."""
        end, seen = time.monotonic() + PATIENCE, 0
        while not self._done.is_set():
            seen = seen + 1 if self._asleep() else 0
            if seen >= 2:
                return "waits"
            if time.monotonic() > end:
                return "runs on"
            time.sleep(_LOOK)
        return self._told()

    def stop(self) -> str:
        """Kick it out of KVM_RUN if it is still there; what KVM_RUN came back with."""
        if not self._done.is_set():
            self.vcpu.kick()
            self._done.wait(2 * PATIENCE)
        return self._told()

    def _told(self) -> str:
        if not self._done.is_set():
            raise RuntimeError("the vCPU does not leave KVM_RUN")
        if isinstance(self._came, KvmError):
            return self._came.errorname
        if not isinstance(self._came, Exit):
            raise RuntimeError("the vCPU's run failed") from self._came
        return "EINTR" if self._came.name == "KVM_EXIT_INTR" else self._came.name

    @property
    def said(self) -> tuple[int, int] | None:
        """The port and the byte, where the vCPU came back with an OUT."""
        return (self._came.port, self._came.data[0]) if isinstance(self._came, Io) and self._came.out else None

    def close(self) -> None:
        """Kick the vCPU out, and end the thread."""
        self._over = True
        if not self._done.is_set():
            self.vcpu.kick()
        self._go.release()
        self._thread.join(2 * PATIENCE)


class Pair:
    """vCPU 0, the bootstrap processor, and vCPU 1. A context manager. ``irqchip``: with their local APICs in KVM."""

    def __init__(self, kvm: Kvm, irqchip: bool) -> None:
        self.irqchip = irqchip
        self.vm = kvm.create_vm(1 << 20, irqchip)
        lead = {NMI_VECTOR: NMI_CAME, GP_VECTOR: GP_CAME}
        handlers = {vector: HANDLERS + 16 * (lead.get(vector, ASTRAY) & 0xF) for vector in range(256)}
        for vector, at in handlers.items():
            self.vm.write(at, out(lead[vector], vector) if vector in lead else out(ASTRAY, 0))
        self.vm.write(NAPPER, HALT)
        self.vcpus = [self.vm.create_vcpu(number) for number in (0, 1)]
        self.vcpus[0].set_vectors(handlers)  # both have the same memory
        self.first_states = [vcpu.mp_state for vcpu in self.vcpus]
        for vcpu in self.vcpus:
            vcpu.set_cpuid(kvm.supported_cpuid())
            if irqchip:
                sregs = vcpu.sregs()
                sregs.apic_base |= X2APIC
                vcpu.set_sregs(sregs)
        self.runners = [Runner(vcpu) for vcpu in self.vcpus]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for runner in self.runners:
            runner.close()
        self.vm.close()

    def send(self, to: int, mode: int, vector: int = 0) -> str:
        """Have the other vCPU write its ICR: ``ok``, or ``#GP`` where it has no local APIC in KVM."""
        sender = self.vcpus[1 - to]
        if self.irqchip:
            sender.set_mp_state(0)
        self.vm.write(SENDER, asm.wrmsr16(apic.MSR, apic.command(mode, to, vector)) + out(SENT, 0))
        sender.real_mode(SENDER)
        came = sender.run(PATIENCE)
        if not isinstance(came, Io) or came.port not in (SENT, GP_CAME):
            raise RuntimeError(f"vCPU {1 - to} was to send something and came back with {came}")
        return "ok" if came.port == SENT else "#GP"

    def place(self, number: int) -> str:
        """Where a vCPU is: ``0800:0004``, its CS and IP."""
        vcpu = self.vcpus[number]
        return f"{vcpu.sregs().cs.selector:04x}:{vcpu.regs.rip:04x}"
