"""A guest in 64-bit mode that executes an instruction :data:`TIMES` times, and says what became of it.

It has a :class:`.Kernel`, so that an exception comes back as a message instead of a triple fault, and code can run at
CPL 0 and at CPL 3. Standard library only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from syslab import kvm
from syslab.bits import exceptions
from syslab.native import asm

from .exit_cases import Case
from .guest import CODE, DONE, END, Kernel, exception

TIMES = 10
NO_ANSWER = "no answer"
_STRIDE = 32
_LAST = CODE + TIMES * _STRIDE
_END_USER = asm.code("f4", "hlt")  # #GP at CPL 3, which no hypervisor here has to intercept
_NOP = asm.code("90", "nop")


@dataclass
class Told:
    """What one execution of a case showed to user space.

    ``exits``: name of KVM_EXIT_ -> how often, without the guest's own messages; ``faults``: exception -> how often the guest
    got it; ``messages``: the guest's messages; ``stopped``: why it did not come to its end, or "".
    """

    exits: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    stopped: str = ""


class ExitGuest:
    """A VM that executes cases, put together by :func:`guest`. After a case that was ``stopped``, take another one."""

    def __init__(self, vm: kvm.Vm, vcpu: kvm.Vcpu) -> None:
        self.vm, self.vcpu, self._kernel = vm, vcpu, Kernel(vm)

    def _start(self, case: Case, rip: int) -> None:
        self._kernel.enter(self.vcpu, rip, cpl=case.cpl, cr4=case.cr4, rflags=case.rflags)

    def execute(self, case: Case, timeout: float = 5.0) -> Told:
        """Run the case from its start. ``timeout`` in seconds for each KVM_RUN. ValueError for code that is too long."""
        if len(case.code) > _STRIDE:
            raise ValueError(f"case {case.key}: {len(case.code)} bytes of code, at most {_STRIDE} fit")
        told = Told()
        copies = case.code.ljust(_STRIDE, _NOP) * TIMES
        self.vm.write(CODE, copies + (END if case.cpl == 0 else _END_USER))  # anew: KVM may have patched it
        self._start(case, CODE)
        for _ in range(4 * TIMES):
            try:
                out = self.vcpu.run(timeout=timeout)
            except kvm.VcpuTimeout:
                out = kvm.Intr()
            if isinstance(out, kvm.Intr):  # the bound's signal; one KVM reports it as an exit, another as EINTR
                told.stopped = NO_ANSWER
                return told
            if isinstance(out, kvm.Io) and out.port == DONE:
                told.messages += 1
                return told
            if (vector := exception(out)) is not None:
                told.messages += 1
                behind = self._behind(vector)
                if behind > _LAST:
                    return told
                told.faults[exceptions.name(vector)] += 1
                self._start(case, behind)
                continue
            told.exits[out.name] += 1
            if isinstance(out, kvm.Io) and not out.out:
                self.vcpu.answer(b"\xff" * out.size * out.count)
            elif isinstance(out, kvm.Mmio) and not out.write:
                self.vcpu.answer(b"\xff" * out.length)
            elif not isinstance(out, kvm.Io | kvm.Mmio | kvm.Hlt):
                told.stopped = out.name
                return told
        told.stopped = "it never came to its end"
        return told

    def _behind(self, vector: int) -> int:
        """The start of the copy behind the one that raised ``vector``."""
        return CODE + ((self._kernel.returns_to(self.vcpu, vector) - CODE) // _STRIDE + 1) * _STRIDE


@contextmanager
def guest() -> Iterator[ExitGuest]:
    """A fresh VM, with the CPUID that KVM supports."""
    with kvm.Kvm() as device, device.create_vm() as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(device.supported_cpuid())
        yield ExitGuest(vm, vcpu)
