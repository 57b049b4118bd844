"""A hypervisor for a guest that shares its RAM with us and has a bell. Run as a program, by its path:

    kvm_runner.py RAM_FILE long ENTRY CR3           64-bit mode, flat segments, paging by the tables at CR3
    kvm_runner.py RAM_FILE real SELECTOR BASE IP    real mode, CS as given

It stands where QEMU could stand: a byte that the guest writes to the bell's port goes to stdout, and the guest goes on
when a byte has come in on stdin. Any other port reads as ones and ignores writes, as on a PC. When KVM gives the vCPU
back for another reason, that is the last line on stderr and the exit status is 3. Only the standard library is used.
"""

from __future__ import annotations

import mmap
import os
import sys

if __name__ == "__main__":  # by its path and isolated (-I), Python does not know where the project is
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))

from syslab.kvm import InternalError, Intr, Io, Kvm, Mmio, Vcpu

BELL = 0x3F8
STOPPED = 3
BOUND = 3600.0
"""Seconds between two exits; who started this program has a shorter one, and ends it."""


def serve(vcpu: Vcpu) -> str:
    """Run, and serve the bell, until KVM stops for something else; what that was. Ends when nobody is there to answer."""
    while True:
        left = vcpu.run(BOUND)
        if isinstance(left, Io):
            if not left.out:
                vcpu.answer(b"\xff" * (left.size * left.count))
            elif left.port == BELL:
                os.write(1, left.data)
                if not os.read(0, 1):
                    return "nobody answers the bell"
        elif isinstance(left, Mmio):
            if not left.write:  # memory that is not there reads as ones
                vcpu.answer(b"\xff" * left.length)
        elif isinstance(left, InternalError):
            return f"{left.name} ({left.why})"
        elif not isinstance(left, Intr):  # a signal, such as SIGCONT: nothing happened in the guest
            return left.name


def main(arguments: list[str]) -> int:
    """Exit status 3, with the reason on stderr, when the vCPU stops."""
    path, mode, *told = arguments
    numbers = [int(number, 0) for number in told]
    with open(path, "r+b") as file:
        ram = mmap.mmap(file.fileno(), 0)
    with Kvm() as kvm, kvm.create_vm(ram) as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(kvm.supported_cpuid())
        if mode == "long":
            entry, cr3 = numbers
            vcpu.long_mode(entry, cr3)
        else:
            selector, base, ip = numbers
            vcpu.real_mode(ip, selector, base)
        print(serve(vcpu), file=sys.stderr)
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
