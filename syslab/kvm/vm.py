"""The two objects above a vCPU: /dev/kvm itself, and a virtual machine with its memory."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from typing import Self

from . import backends, cpuid_table, modes, stats
from .cpuid_table import CpuidEntry
from .files import File, KvmClosed
from .ioctls import (
    KVM_CHECK_EXTENSION,
    KVM_CREATE_IRQCHIP,
    KVM_CREATE_VCPU,
    KVM_CREATE_VM,
    KVM_ENABLE_CAP,
    KVM_GET_API_VERSION,
    KVM_GET_EMULATED_CPUID,
    KVM_GET_SUPPORTED_CPUID,
    KVM_GET_VCPU_MMAP_SIZE,
    KVM_IRQ_LINE,
    KVM_SET_TSS_ADDR,
    KVM_SET_USER_MEMORY_REGION,
    call,
)
from .structs import kvm_enable_cap, kvm_irq_level, kvm_userspace_memory_region
from .vcpu import Vcpu

TSS = 0x7FFB_D000
"""Three pages that KVM needs for real mode on an older Intel CPU; the guest's memory ends below."""


class KvmMissing(RuntimeError):
    """There is no /dev/kvm here, or not for this user; the message says what helps."""


class Kvm:
    """/dev/kvm, opened. A context manager: leaving it closes the VMs made with it."""

    def __init__(self, device: str = backends.DEVICE) -> None:
        try:
            self._file = File(os.open(device, os.O_RDWR), "Kvm")
        except OSError as error:
            raise KvmMissing(backends.missing(device) or f"{device}: {error.strerror}") from None
        self._vms: list[Vm] = []

    @property
    def fd(self) -> int:
        """The file descriptor, for an ioctl of your own."""
        return self._file.number

    @property
    def backend(self) -> str:
        """``vmx``, ``svm``, ``pvm``, ``svm-tcg`` or ``unknown``."""
        return backends.backend()

    def version(self) -> int:
        """KVM_GET_API_VERSION: 12 since 2007."""
        return call(self.fd, KVM_GET_API_VERSION)

    def check(self, capability: int) -> int:
        """KVM_CHECK_EXTENSION: 0 where it is missing, else 1 or a number that api.rst explains."""
        return call(self.fd, KVM_CHECK_EXTENSION, capability)

    def supported_cpuid(self, room: int = cpuid_table.MOST_ENTRIES) -> list[CpuidEntry]:
        """KVM_GET_SUPPORTED_CPUID: what KVM can give a guest. KvmError E2BIG without ``room`` for all entries."""
        return cpuid_table.ask(self.fd, KVM_GET_SUPPORTED_CPUID, room)

    def emulated_cpuid(self, room: int = cpuid_table.MOST_ENTRIES) -> list[CpuidEntry]:
        """KVM_GET_EMULATED_CPUID: what KVM can emulate though the CPU lacks it, and slower."""
        return cpuid_table.ask(self.fd, KVM_GET_EMULATED_CPUID, room)

    def create_vm(self, memory: int | mmap.mmap = 4 << 20, irqchip: bool = False) -> Vm:
        """A VM with ``memory`` bytes from guest-physical 0, or with an mmap of yours, which it leaves open.

        ``irqchip``: with interrupt controllers (PIC, IOAPIC, local APICs) in the kernel.
        """
        vm = Vm(self, memory, irqchip)
        self._vms = [*(other for other in self._vms if other.open), vm]
        return vm

    def close(self) -> None:
        """Close the VMs and the device; a second call does nothing."""
        for vm in self._vms:
            vm.close()
        self._vms = []
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Vm:
    """A virtual machine: memory and vCPUs. A context manager; make it with :meth:`Kvm.create_vm`."""

    def __init__(self, kvm: Kvm, memory: int | mmap.mmap, irqchip: bool) -> None:
        size = memory if isinstance(memory, int) else len(memory)
        if size <= 0 or size % modes.PAGE or size > TSS:
            raise ValueError(f"a VM's memory is a multiple of 4096 bytes, and at most {TSS:#x}; {size:#x} is not")
        self.kvm, self.size = kvm, size
        self._vcpus: list[Vcpu] = []
        self._own_memory = isinstance(memory, int)
        self._memory = mmap.mmap(-1, memory) if isinstance(memory, int) else memory
        self._file = File(call(kvm.fd, KVM_CREATE_VM), "VM")
        try:
            call(self.fd, KVM_SET_TSS_ADDR, TSS)
            if irqchip:
                call(self.fd, KVM_CREATE_IRQCHIP)
            address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
            region = kvm_userspace_memory_region(slot=0, guest_phys_addr=0, memory_size=size, userspace_addr=address)
            call(self.fd, KVM_SET_USER_MEMORY_REGION, region)
        except BaseException:
            self.close()
            raise

    @property
    def fd(self) -> int:
        """The file descriptor, for an ioctl of your own."""
        return self._file.number

    @property
    def open(self) -> bool:
        """Whether it is not closed yet."""
        return self._file.open

    @property
    def memory(self) -> mmap.mmap:
        """The guest's memory; index n is guest-physical address n."""
        if not self.open:
            raise KvmClosed("this VM is closed")
        return self._memory

    def write(self, address: int, data: bytes) -> None:
        """Put ``data`` at guest-physical ``address``. ValueError where it is not all in the memory."""
        data = bytes(data)
        self._check(address, len(data))
        self.memory[address : address + len(data)] = data

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes from guest-physical ``address``. ValueError where they are not all in the memory."""
        self._check(address, size)
        return self.memory[address : address + size]

    def _check(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > self.size:
            raise ValueError(f"{size} bytes at {address:#x} are outside the VM's memory, 0 to {self.size:#x}")

    def create_vcpu(self, id: int = 0) -> Vcpu:
        """KVM_CREATE_VCPU and the page it shares with us. KvmError EEXIST where this VM has a vCPU ``id``."""
        page_bytes = call(self.kvm.fd, KVM_GET_VCPU_MMAP_SIZE)
        vcpu = Vcpu(self, id, File(call(self.fd, KVM_CREATE_VCPU, id), "vCPU"), page_bytes)
        self._vcpus.append(vcpu)
        return vcpu

    def check(self, capability: int) -> int:
        """KVM_CHECK_EXTENSION for this VM: some answers depend on it."""
        return call(self.fd, KVM_CHECK_EXTENSION, capability)

    def enable_cap(self, capability: int, *arguments: int) -> None:
        """KVM_ENABLE_CAP, with up to four numbers. KvmError EINVAL for one that KVM does not know."""
        call(self.fd, KVM_ENABLE_CAP, kvm_enable_cap(cap=capability, args=arguments))

    def irq_line(self, gsi: int, level: bool | int) -> None:
        """Raise or lower an input of the kernel's interrupt controllers. KvmError ENXIO where there are none."""
        call(self.fd, KVM_IRQ_LINE, kvm_irq_level(gsi, int(bool(level))))

    def stats(self) -> dict[str, int]:
        """KVM's statistics of this VM by name."""
        return stats.read(self.fd)

    def close(self) -> None:
        """Close the vCPUs, the VM and its memory; a second call does nothing."""
        if not self.open:
            return
        for vcpu in self._vcpus:
            vcpu.close()
        self._file.close()
        if self._own_memory:
            with contextlib.suppress(BufferError):  # somebody has a view of it, and it goes with that
                self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
