"""What one exit costs: loops in a guest, timed from outside and divided by their length."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

from syslab.kvm import Io, Kvm, Vcpu
from syslab.kvm.ioctls import KVM_RUN
from syslab.native import asm
from syslab.posix import fcntl

from .guest import ENTRY, MEMORY

Cost = tuple[float, int]
"""Nanoseconds and exits of one."""
ROUNDS = 20
"""Each loop is timed this often, and the fastest counts: what else the machine did only adds."""
_OUT = asm.out(0x10)
_CPUID = asm.code("31 c0  0f a2", "xor eax, eax; cpuid")
_QUIET = asm.code("31 c0  89 c3", "xor eax, eax; mov ebx, eax")  # the same length, and nobody listens


def counted(body: bytes, times: int) -> bytes:
    """``body`` ``times`` times, then OUT; and again from the start."""
    start = asm.code("be {times:4}", "mov esi, {times}", times=times)
    return asm.again(start + asm.again(body + asm.code("ff ce", "dec esi"), "jne") + _OUT)


FOREVER = asm.again(_OUT)
"""OUT, and again."""


def rounded(nanoseconds: float) -> int:
    """Two digits; more would be chance."""
    return int(float(f"{nanoseconds:.1e}"))


def _inside(vcpu: Vcpu, body: bytes, times: int) -> Cost:
    vcpu.vm.write(ENTRY, counted(body, times))
    vcpu.long_mode(ENTRY)

    def once() -> None:
        left = vcpu.run()
        if not isinstance(left, Io):
            raise RuntimeError(f"the loop came back with {left}")

    return _costs(vcpu, [once], times)[0]


def _costs(vcpu: Vcpu, ways: Sequence[Callable[[], None]], times: int) -> list[Cost]:
    """What one costs in each of ``ways``, which do ``times`` of them. They take turns, so that all meet the same machine.

    The exits are those that KVM counts, as a whole number: interrupts of the host add a few.
    """
    spans, exits = [math.inf] * len(ways), [0] * len(ways)
    for once in ways:
        once()
    for _ in range(ROUNDS):
        for number, once in enumerate(ways):
            before, begin = vcpu.stats()["exits"], time.perf_counter_ns()
            once()
            spans[number] = min(spans[number], (time.perf_counter_ns() - begin) / times)
            exits[number] += vcpu.stats()["exits"] - before
    return [(span, round(count / (times * ROUNDS))) for span, count in zip(spans, exits, strict=True)]


def costs() -> Iterator[tuple[str, float, int]]:
    """Name, nanoseconds and exits of one: ``loop``, ``cpuid``, ``ioctl`` and ``run``.

    ``loop`` and ``cpuid`` are repetitions inside the guest, for one exit to us at the end; ``ioctl`` is KVM_RUN alone,
    and ``run`` the library's bounded :meth:`.Vcpu.run`, each for a guest that does nothing but OUT.
    """
    with Kvm() as kvm, kvm.create_vm(MEMORY) as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(kvm.supported_cpuid())
        yield "loop", *_inside(vcpu, _QUIET, 1000)
        yield "cpuid", *_inside(vcpu, _CPUID, 300)
        vm.write(ENTRY, FOREVER)
        vcpu.long_mode(ENTRY)
        fd, number, times = vcpu.fd, KVM_RUN.number, 30

        def bare() -> None:
            for _ in range(times):
                fcntl.ioctl(fd, number, 0)

        def bounded() -> None:
            for _ in range(times):
                vcpu.run()

        vcpu.run()
        ioctl, run = _costs(vcpu, (bare, bounded), times)
        yield "ioctl", *ioctl
        yield "run", *run
