"""A first virtual machine: every ioctl it takes, what becomes of small programs, and what an exit costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import Kvm, trace, witness

from . import exit_cost, guest

MAKES_A_FILE = ("KVM_CREATE_VM", "KVM_CREATE_VCPU")


class Call(TypedDict):
    """An ioctl, and what it returned; ``left`` says with what the guest left, where it did."""

    mode: str
    ioctl: str
    argument: str
    result: int | str
    left: str


@experiment(X86_64, KVM, lab=True, witness=witness)
def ioctls() -> list[Call]:
    """2 + 2 in real mode, and in long mode: every ioctl in order, and what came back. A file's number is left out."""
    rows: list[Call] = []
    for mode in guest.MODES:

        def note(name: str, argument: str, result: int | str, mode: str = mode) -> None:
            rows.append({"mode": mode, "ioctl": name, "argument": argument, "result": result, "left": ""})
            if name in MAKES_A_FILE:
                rows[-1]["result"] = "a file"

        with trace(note), Kvm() as kvm:
            kvm.version()
            with kvm.create_vm(guest.MEMORY) as vm:
                vcpu = vm.create_vcpu()
                guest.start(vcpu, guest.PROGRAMS["sum"].code[mode], mode)
                for _ in range(2):
                    left = vcpu.run()
                    rows[-1]["left"] = guest.told(left)
    return rows


class Ran(TypedDict):
    """A program that ran in a mode: why it left, in order, and what :class:`.guest.Course` says; bytes in hex."""

    program: str
    mode: str
    code: str
    exits: list[str]
    ended: str
    out: str
    rip: int | None
    rsp: int | None


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def programs() -> Iterator[Ran]:
    """Each program of :data:`.guest.PROGRAMS` in each mode, and what became of it."""
    for name, program in guest.PROGRAMS.items():
        for mode, code in program.code.items():
            course = guest.run(code, mode, program.seconds)
            yield {
                "program": name,
                "mode": mode,
                "code": code.hex(" "),
                "exits": list(course.exits),
                "ended": course.ended,
                "out": course.out.hex(" "),
                "rip": course.rip,
                "rsp": course.rsp,
            }


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness)
def your_bytes(code: str = "b0 02 04 02 e6 10 f4", mode: str = "real") -> dict[str, str]:
    """Bytes in hex, put at 0x1000 of a new VM and run. ValueError for what is not 1 to 256 bytes, or no mode."""
    course = guest.run(guest.parse(code), mode)
    return {
        "exits": "; ".join(course.exits),
        "written to ports": course.out.hex(" ") or "nothing",
        "the end": course.ended,
        "RIP": "anywhere" if course.rip is None else f"{course.rip:#x}, the bytes began at {guest.ENTRY:#x}",
    }


TRIES = (
    "b0 02 04 02 e6 10 f4",
    "b0 15 04 15 e6 11 f4",
    "b0 15 00 c0 e6 10 f4",
    "b0 00 b1 06 04 07 fe c9 75 fc e6 10 f4",
    "b0 00 b1 06 04 07 fe c9 75 fa e6 10 f4",
)
"""Bytes for real mode: what an exercise offers to choose from."""


class Tried(TypedDict):
    """Bytes in hex that ran in real mode, and why the guest left, in order."""

    code: str
    exits: list[str]


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness)
def tries() -> Iterator[Tried]:
    """What becomes of each of :data:`TRIES`."""
    for code in TRIES:
        yield {"code": code, "exits": list(guest.run(guest.parse(code), "real").exits)}


class Round(TypedDict):
    """One round of a loop: how many ns it took, and how many exits."""

    what: str
    nanoseconds: int
    exits: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def cost() -> Iterator[Round]:
    """Nanoseconds and exits of one round of four loops; see :mod:`.exit_cost`. The times are never twice the same."""
    for name, nanoseconds, exits in exit_cost.costs():
        yield {"what": name, "nanoseconds": exit_cost.rounded(nanoseconds), "exits": exits}
