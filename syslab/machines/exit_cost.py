"""What one exit costs: loops in a guest, timed from outside and divided by their length."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator

from .first_guest import ENTRY, MEMORY
from .kvm import Io, Kvm, Vcpu
from .kvm.ioctls import KVM_RUN
from .posix import fcntl

ROUNDS = 5
"""Each loop is timed this often, and the fastest counts: what else the machine did only adds."""
_OUT = bytes.fromhex("e6 10")
_CPUID = bytes.fromhex("31 c0  0f a2")  # xor eax, eax; cpuid
_QUIET = bytes.fromhex("31 c0  89 c3")  # the same length, and nobody listens: xor eax, eax; mov ebx, eax


def counted(body: bytes, times: int) -> bytes:
    """``body`` ``times`` times, then OUT; and again from the start: mov esi, times; body; dec esi; jnz; out; jmp."""
    start = b"\xbe" + struct.pack("<I", times)
    loop = body + b"\xff\xce"
    loop += b"\x75" + struct.pack("<b", -(len(loop) + 2))
    whole = start + loop + _OUT
    return whole + b"\xeb" + struct.pack("<b", -(len(whole) + 2))


FOREVER = _OUT + b"\xeb" + struct.pack("<b", -(len(_OUT) + 2))
"""OUT, and again."""


def _best(once: Callable[[], None], times: int) -> float:
    """Nanoseconds of one of the ``times`` that ``once`` does."""
    once()
    spans = []
    for _ in range(ROUNDS):
        begin = time.perf_counter_ns()
        once()
        spans.append((time.perf_counter_ns() - begin) / times)
    return min(spans)


def rounded(nanoseconds: float) -> int:
    """Two digits; more would be chance."""
    return int(float(f"{nanoseconds:.1e}"))


def _inside(vcpu: Vcpu, body: bytes, times: int) -> tuple[float, int]:
    vcpu.vm.write(ENTRY, counted(body, times))
    vcpu.long_mode(ENTRY)

    def once() -> None:
        left = vcpu.run()
        if not isinstance(left, Io):
            raise RuntimeError(f"the loop came back with {left}")

    return _counting(vcpu, once, times)


def _counting(vcpu: Vcpu, once: Callable[[], None], times: int) -> tuple[float, int]:
    """Nanoseconds of one, and the exits of one that KVM counts: a whole number, as interrupts of the host add a few."""
    before = vcpu.stats()["exits"]
    nanoseconds = _best(once, times)
    after = vcpu.stats()["exits"]
    assert isinstance(before, int)
    assert isinstance(after, int)
    return nanoseconds, round((after - before) / (times * (ROUNDS + 1)))


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
        yield "ioctl", *_counting(vcpu, bare, times)
        yield "run", *_counting(vcpu, bounded, times)
