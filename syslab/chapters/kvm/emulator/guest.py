"""One instruction in a guest in 64-bit mode, and RIP around each of its exits to user space.

It has a :class:`.Kernel`, for page tables and exceptions. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypedDict

from syslab import kvm
from syslab.bits import exceptions
from syslab.kvm.exit_cases import SCRATCH
from syslab.kvm.guest import CODE, DONE, END, Kernel, exception

from .cases import PREFIX, Case

_FLAGS = 0x8C1  # CF, ZF, SF, OF
_ANSWER = b"\x05"
_MEMORY = 1024
_REGS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp")
_MOST_EXITS = 6
_SECONDS = 10.0
NO_ANSWER = "no answer"


class Stop(TypedDict):
    """An exit to user space: RIP at it, and after the KVM_RUN that completes it without entering the guest.

    Both count in bytes from the instruction's first, a prefix included.
    """

    exit: str
    rip: int
    after: int


@dataclass
class Course:
    """``ended``: ``done``, an exception such as ``#UD``, or why KVM stopped. ``emulated`` as KVM counts it.

    ``state`` and ``memory``: registers and flags, and what was there to be written to, after ``done`` or an exception.
    """

    stops: list[Stop] = field(default_factory=list)
    ended: str = ""
    emulated: int = 0
    state: dict[str, int] = field(default_factory=dict)
    memory: bytes = b""


class EmulatorGuest:
    """Put together by :func:`guest`. After a case that ended with neither ``done`` nor an exception, take another one."""

    def __init__(self, vm: kvm.Vm, vcpu: kvm.Vcpu) -> None:
        self.vm, self.vcpu = vm, vcpu
        self._kernel = Kernel(vm)
        self._end = self._counted(Case("end", "nothing", b""), prefix=False).emulated

    def start(self, case: Case, prefix: bool) -> None:
        """Memory and registers before the case's first byte; ``prefix`` asks KVM to emulate it."""
        code = case.before + (PREFIX if prefix else b"") + case.code
        self.vm.write(CODE, code + END)
        self.vm.write(SCRATCH, bytes(range(64)) * (_MEMORY // 64))
        self._kernel.enter(self.vcpu, CODE, cr4=case.cr4)
        self.vcpu.set_regs(None, **case.regs)

    def execute(self, case: Case, prefix: bool = False) -> Course:
        """One execution, to its end. What the message of the end costs is taken off the count."""
        course = self._counted(case, prefix)
        course.emulated -= self._end if course.ended == "done" else 0
        return course

    def _counted(self, case: Case, prefix: bool) -> Course:
        self.start(case, prefix)
        before = self.vcpu.stats()["insn_emulation"]
        course = self._run(len(case.before))
        course.emulated = self.vcpu.stats()["insn_emulation"] - before
        return course

    def _run(self, skipped: int) -> Course:
        course, left = Course(), None
        for _ in range(_MOST_EXITS):
            try:
                left = left or self.vcpu.run(_SECONDS)
            except kvm.VcpuTimeout:
                course.ended = NO_ANSWER
                return course
            vector = exception(left)
            if vector is not None or (isinstance(left, kvm.Io) and left.port == DONE):
                course.ended = "done" if vector is None else exceptions.name(vector)
                course.state, course.memory = self._state(), self.vm.read(SCRATCH, _MEMORY)
                self._complete()  # or KVM would do it at the next start, and skip two bytes there
                return course
            if not isinstance(left, kvm.Io | kvm.Mmio | kvm.Hlt):
                course.ended = left.name
                return course
            left = self._stop(course, left, skipped)
        course.ended = "it never came to its end"
        return course

    def _stop(self, course: Course, left: kvm.Exit, skipped: int) -> kvm.Exit | None:
        """Note this exit, and complete it. The next exit, if completing already led to one."""
        name, rip = left.name + _way(left), self._rip() - skipped
        if isinstance(left, kvm.Io) and not left.out:
            self.vcpu.answer(_ANSWER * left.size * left.count)
        elif isinstance(left, kvm.Mmio) and not left.write:
            self.vcpu.answer(_ANSWER * left.length)
        following = self._complete()
        course.stops.append({"exit": name, "rip": rip, "after": self._rip() - skipped})
        return None if isinstance(following, kvm.Intr) else following

    def _complete(self) -> kvm.Exit:
        """Have KVM finish what user space was asked for, without entering the guest: Intr, unless that leads to an exit."""
        self.vcpu.immediate_exit = True
        try:
            return self.vcpu.run(_SECONDS)
        finally:
            self.vcpu.immediate_exit = False

    def _rip(self) -> int:
        return int(self.vcpu.regs.rip) - CODE

    def _state(self) -> dict[str, int]:
        regs = self.vcpu.regs
        return {name: getattr(regs, name) for name in _REGS} | {"flags": regs.rflags & _FLAGS}


def _way(left: kvm.Exit) -> str:
    if isinstance(left, kvm.Io):
        return " out" if left.out else " in"
    if isinstance(left, kvm.Mmio):
        return f" {'write' if left.write else 'read'} {left.length}"
    return ""


@contextmanager
def guest() -> Iterator[EmulatorGuest]:
    """A fresh VM, with the CPUID that KVM supports."""
    with kvm.Kvm() as device, device.create_vm() as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(device.supported_cpuid())
        yield EmulatorGuest(vm, vcpu)


def courses(jobs: Iterable[tuple[Case, bool]]) -> Iterator[Course]:
    """:meth:`EmulatorGuest.execute` for each case and prefix, in as few VMs as will do: making one takes a while."""
    waiting = list(jobs)
    while waiting:
        with guest() as machine:
            while waiting:
                yield (course := machine.execute(*waiting.pop(0)))
                if course.ended != "done" and not course.ended.startswith("#"):
                    break  # who knows in which state it is


def as_one(case: Case) -> Case:
    """``before`` and ``code`` as one piece: for the CPU, which takes no prefix."""
    return replace(case, code=case.before + case.code, before=b"")
