"""A first virtual machine: every ioctl it takes, what becomes of small programs, and what an exit costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import Kvm, trace, witness

from . import exit_cost
from . import guest as first_guest
from .guest import ENTRY, MEMORY, PROGRAMS

MAKES_A_FILE = ("KVM_CREATE_VM", "KVM_CREATE_VCPU")


@experiment(X86_64, KVM, lab=True, witness=witness)
def ioctls() -> list[dict[str, Any]]:
    """2 + 2 in real mode, and in long mode: every ioctl in order, and what came back. A file's number is left out."""
    rows: list[dict[str, Any]] = []
    for mode in first_guest.MODES:

        def note(name: str, argument: str, result: int | str, mode: str = mode) -> None:
            rows.append({"mode": mode, "ioctl": name, "argument": argument, "result": result, "left": ""})
            if name in MAKES_A_FILE:
                rows[-1]["result"] = "a file"

        with trace(note), Kvm() as kvm:
            kvm.version()
            with kvm.create_vm(MEMORY) as vm:
                vcpu = vm.create_vcpu()
                first_guest.start(vcpu, PROGRAMS["sum"].code[mode], mode)
                for _ in range(2):
                    left = vcpu.run()
                    rows[-1]["left"] = first_guest.told(left)
    return rows


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def programs() -> Iterator[dict[str, Any]]:
    """Each program of :data:`.PROGRAMS` in each mode, and what became of it."""
    for name, program in PROGRAMS.items():
        for mode, code in program.code.items():
            yield {"program": name, "mode": mode, "code": code.hex(" "), **_course(code, mode, program.seconds)}


def _course(code: bytes, mode: str, seconds: float) -> dict[str, Any]:
    course = first_guest.run(code, mode, seconds)
    return {"exits": list(course.exits), "ended": course.ended, "out": course.out.hex(" "), "rip": course.rip, "rsp": course.rsp}


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness)
def your_bytes(code: str = "b0 02 04 02 e6 10 f4", mode: str = "real") -> dict[str, Any]:
    """Bytes in hex, put at 0x1000 of a new VM and run. ValueError for what is not 1 to 256 bytes, or no mode."""
    course = first_guest.run(first_guest.parse(code), mode)
    return {
        "exits": "; ".join(course.exits),
        "written to ports": course.out.hex(" ") or "nothing",
        "the end": course.ended,
        "RIP": "anywhere" if course.rip is None else f"{course.rip:#x}, the bytes began at {ENTRY:#x}",
    }


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def cost() -> Iterator[dict[str, Any]]:
    """Nanoseconds and exits of one round of four loops; see :mod:`..machines.exit_cost`. The times are never twice the same."""
    for name, nanoseconds, exits in exit_cost.costs():
        yield {"what": name, "nanoseconds": exit_cost.rounded(nanoseconds), "exits": exits}
