"""A hypervisor of one page: one vCPU on /dev/kvm, RAM in a file, and a bell. Run as a program, by its path:

    kvm_runner.py RAM_FILE long ENTRY CR3           64-bit mode, flat segments, paging by the tables at CR3
    kvm_runner.py RAM_FILE real SELECTOR BASE IP    real mode, CS as given

It stands where QEMU could stand: a byte that the guest writes to the bell's port goes to stdout, and the guest goes on
when a byte has come in on stdin. Any other port reads as ones and ignores writes, as on a PC. When KVM gives the vCPU
back for another reason, that is the last line on stderr and the exit status is 3. Only the standard library is used.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct
import sys

BELL = 0x3F8
STOPPED = 3

# ioctl numbers as <asm-generic/ioctl.h> builds them; structures' sizes are those of x86-64
_NONE, _WRITE, _READ = 0, 1, 2


def _kvm(direction: int, number: int, size: int = 0) -> int:
    return direction << 30 | size << 16 | 0xAE << 8 | number


KVM_CREATE_VM = _kvm(_NONE, 0x01)
KVM_GET_VCPU_MMAP_SIZE = _kvm(_NONE, 0x04)
KVM_GET_SUPPORTED_CPUID = _kvm(_READ | _WRITE, 0x05, 8)
KVM_CREATE_VCPU = _kvm(_NONE, 0x41)
KVM_SET_USER_MEMORY_REGION = _kvm(_WRITE, 0x46, 32)
KVM_SET_TSS_ADDR = _kvm(_NONE, 0x47)
KVM_RUN = _kvm(_NONE, 0x80)
KVM_SET_REGS = _kvm(_WRITE, 0x82, 144)
KVM_GET_SREGS = _kvm(_READ, 0x83, 312)
KVM_SET_SREGS = _kvm(_WRITE, 0x84, 312)
KVM_SET_CPUID2 = _kvm(_WRITE, 0x90, 8)

EXIT_REASONS = {0: "UNKNOWN", 2: "IO", 5: "HLT", 6: "MMIO", 8: "SHUTDOWN", 9: "FAIL_ENTRY", 17: "INTERNAL_ERROR"}
INTERNAL_ERRORS = {1: "emulation", 2: "simultaneous exceptions", 3: "event delivery", 4: "unexpected exit reason"}

# struct kvm_sregs: eight segments of 24 bytes (cs ds es fs gs ss tr ldt), gdt, idt, cr0 cr2 cr3 cr4 cr8, efer
_SEGMENT = struct.Struct("<QIH8B2x")  # base, limit, selector, type, present, dpl, db, s, l, g, avl
_CR0, _CR3, _CR4, _EFER = 224, 240, 248, 264
_TR = 6 * _SEGMENT.size
MAX_CPUID_ENTRIES = 256


class Vm:
    """One vCPU and its RAM: the whole of the file ``ram``."""

    def __init__(self, ram: str) -> None:
        kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        self.vm = fcntl.ioctl(kvm, KVM_CREATE_VM, 0)
        fcntl.ioctl(self.vm, KVM_SET_TSS_ADDR, 0x7FFB_D000)  # three pages that Intel needs for real mode, out of the way
        with open(ram, "r+b") as file:
            self.ram = mmap.mmap(file.fileno(), 0)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.ram))
        region = struct.pack("<IIQQQ", 0, 0, 0, len(self.ram), address)  # slot, flags, guest address, bytes, our address
        fcntl.ioctl(self.vm, KVM_SET_USER_MEMORY_REGION, region)
        self.vcpu = fcntl.ioctl(self.vm, KVM_CREATE_VCPU, 0)
        self.run_page = mmap.mmap(self.vcpu, fcntl.ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE))
        cpuid = bytearray(8 + 40 * MAX_CPUID_ENTRIES)
        struct.pack_into("<I", cpuid, 0, MAX_CPUID_ENTRIES)
        fcntl.ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid)
        fcntl.ioctl(self.vcpu, KVM_SET_CPUID2, cpuid)
        self.sregs = bytearray(312)
        fcntl.ioctl(self.vcpu, KVM_GET_SREGS, self.sregs)

    def long_mode(self, entry: int, cr3: int) -> None:
        """Start at ``entry`` in 64-bit mode with flat segments and the page tables at ``cr3``."""
        _SEGMENT.pack_into(self.sregs, 0, 0, 0xFFFFFFFF, 0x08, 11, 1, 0, 0, 1, 1, 1, 0)
        for segment in range(1, 6):
            _SEGMENT.pack_into(self.sregs, segment * _SEGMENT.size, 0, 0xFFFFFFFF, 0x10, 3, 1, 0, 1, 1, 0, 1, 0)
        _SEGMENT.pack_into(self.sregs, _TR, 0, 0xFFFF, 0, 11, 1, 0, 0, 0, 0, 0, 0)
        struct.pack_into("<Q", self.sregs, _CR0, 0x80000011)  # PG, ET, PE
        struct.pack_into("<QQ", self.sregs, _CR3, cr3, 0x20)  # PAE
        struct.pack_into("<Q", self.sregs, _EFER, 0x500)  # LMA, LME
        self._start(entry)

    def real_mode(self, selector: int, base: int, ip: int) -> None:
        """Start in real mode, as after reset but for CS and IP. ``base`` need not be ``selector`` times 16."""
        struct.pack_into("<QIH", self.sregs, 0, base, 0xFFFF, selector)
        self._start(ip)

    def _start(self, rip: int) -> None:
        fcntl.ioctl(self.vcpu, KVM_SET_SREGS, bytes(self.sregs))
        fcntl.ioctl(self.vcpu, KVM_SET_REGS, struct.pack("<18Q", *[0] * 16, rip, 2))

    def run(self) -> str:
        """Serve the bell until KVM stops for something else; what that was. Ends when nobody is there to answer."""
        while True:
            try:
                fcntl.ioctl(self.vcpu, KVM_RUN, 0)
            except InterruptedError:  # a signal, such as SIGCONT: nothing happened in the guest
                continue
            reason = struct.unpack_from("<I", self.run_page, 8)[0]
            if EXIT_REASONS.get(reason) == "IO":
                if not self._port():
                    return "nobody answers the bell"
            elif EXIT_REASONS.get(reason) == "MMIO":
                self._no_device()
            elif EXIT_REASONS.get(reason) == "INTERNAL_ERROR":
                suberror = struct.unpack_from("<I", self.run_page, 32)[0]
                return f"KVM_EXIT_INTERNAL_ERROR ({INTERNAL_ERRORS.get(suberror, suberror)})"
            else:
                return f"KVM_EXIT_{EXIT_REASONS.get(reason, reason)}"

    def _port(self) -> bool:
        out, size, port, count, offset = struct.unpack_from("<BBHIQ", self.run_page, 32)
        data = slice(offset, offset + size * count)
        if not out:
            self.run_page[data] = b"\xff" * (size * count)
        elif port == BELL:
            os.write(1, self.run_page[data])
            return bool(os.read(0, 1))
        return True

    def _no_device(self) -> None:
        """Memory that is not there reads as ones (struct kvm_run.mmio: phys_addr, data[8], len, is_write)."""
        self.run_page[40:48] = b"\xff" * 8


def main(arguments: list[str]) -> int:
    """Exit status 3, with the reason on stderr, when the vCPU stops."""
    ram, mode, *numbers = arguments
    vm = Vm(ram)
    if mode == "long":
        vm.long_mode(*(int(number, 0) for number in numbers))
    else:
        vm.real_mode(*(int(number, 0) for number in numbers))
    print(vm.run(), file=sys.stderr)
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
