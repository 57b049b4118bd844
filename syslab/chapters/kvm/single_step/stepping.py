"""Tapes: short guests that are stepped through one KVM_RUN at a time, and where each of these runs came back.

A place is an instruction boundary, named by the instruction behind it: ``2`` is before the third instruction, ``h0``
before the handler's first. :data:`TAPES` has every guest; :func:`walk` runs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict

from syslab.kvm import Debug, InternalError, Kvm, Vcpu, VcpuTimeout, Vm
from syslab.native import asm

REAL, LONG = "real", "long"
MODES = (REAL, LONG)
CODE, HANDLER, IDT, DATA = 0x1000, 0x3000, 0x8000, 0x5000
TF, IF, BS = 1 << 8, 1 << 9, 1 << 14
"""RFLAGS.TF, RFLAGS.IF, and DR6.BS: the debug exception came from single step."""
NMI, BREAKPOINT, INVALID, VECTOR = 2, 3, 6, 0x20
MOST = 24
"""Runs after which a walk is given up; every tape needs fewer."""
LAST_BYTES = 64
"""Bytes at the end of the stack in which an interrupt's frame lies."""


@dataclass(frozen=True)
class Instruction:
    """``real`` and ``long`` are its bytes; ``handler`` says that it belongs to the handler."""

    text: str
    real: bytes
    long: bytes
    handler: bool = False

    def code(self, mode: str) -> bytes:
        """Its bytes in a mode."""
        return self.real if mode == REAL else self.long


@dataclass(frozen=True)
class Tape:
    """``does``: what the guest is for. ``event``: "", "nmi" or "interrupt", pending before the first instruction."""

    key: str
    does: str
    instructions: tuple[Instruction, ...]
    event: str = ""

    def places(self, mode: str) -> dict[int, str]:
        """Address of each instruction boundary -> its name; those behind the last instructions are in it, too."""
        found: dict[int, str] = {}
        at, number = CODE, 0
        for instruction in self._part(False):
            found[at] = str(number)
            at, number = at + len(instruction.code(mode)), number + 1
        found[at] = str(number)
        at, number = HANDLER, 0
        for instruction in self._part(True):
            found[at] = f"h{number}"
            at, number = at + len(instruction.code(mode)), number + 1
        if number:
            found[at] = f"h{number}"
        return found

    @property
    def end(self) -> str:
        """The place behind the last instruction of the main part."""
        return str(len(self._part(False)))

    def _part(self, handler: bool) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.handler == handler]

    def code(self, mode: str, handler: bool = False) -> bytes:
        """The bytes of the main part, or of the handler."""
        return b"".join(instruction.code(mode) for instruction in self._part(handler))

    def before(self, place: str) -> str:
        """The instruction behind a place, as text; "the end" behind the last one, and an address that is no place as it is."""
        if place.startswith("0x"):
            return place
        part = self._part(place.startswith("h"))
        number = int(place.removeprefix("h"))
        return part[number].text if number < len(part) else "the end"


def _same(text: str, code: bytes) -> Instruction:
    return Instruction(text, code, code)


NOP, HLT = _same("nop", asm.any_mode("90", "nop")), _same("hlt", asm.any_mode("f4", "hlt"))
INT3 = _same("int3", asm.any_mode("cc", "int3"))
_H_NOP, _H_HLT = replace(NOP, handler=True), replace(HLT, handler=True)
_H_SKIP = Instruction(
    "add [sp], 2", asm.code16("67 83 04 24 02", "add word [esp], 2"), asm.code("48 83 04 24 02", "add qword [rsp], 2"), handler=True
)
_H_IRET = Instruction("iret", asm.code16("cf", "iret"), asm.code("48 cf", "iretq"), handler=True)

_PLAIN = (
    Instruction("mov ax, 1", asm.code16("b8 01 00", "mov ax, 1"), asm.code("b8 01 00 00 00", "mov eax, 1")),
    Instruction("add ax, 2", asm.code16("05 02 00", "add ax, 2"), asm.code("83 c0 02", "add eax, 2")),
    _same("cpuid", asm.any_mode("0f a2", "cpuid")),
    Instruction("inc ax", asm.code16("40", "inc ax"), asm.code("ff c0", "inc eax")),
    NOP,
    _same("pause", asm.any_mode("f3 90", "pause")),
    HLT,
)
_COUNT = Instruction("mov cx, 3", asm.code16("b9 03 00", "mov cx, 3"), asm.code("b9 03 00 00 00", "mov ecx, 3"))
_REP = _same("rep movsb", asm.any_mode("f3 a4", "rep movsb"))
_UD2 = _same("ud2", asm.any_mode("0f 0b", "ud2"))
_INT = _same("int 0x20", asm.any_mode("cd {vector:1}", "int {vector}", vector=VECTOR))
_OUT = _same("out 0xe9, al", asm.out(0xE9))
_SS = Instruction("mov ss, ax", asm.code16("8e d0", "mov ss, ax"), asm.code("8e d0", "mov ss, eax"))
_STI = _same("sti", asm.any_mode("fb", "sti"))
_PUSHF = Instruction("pushf", asm.code16("9c", "pushf"), asm.code("9c", "pushfq"))
_POPF = Instruction("popf", asm.code16("9d", "popf"), asm.code("9d", "popfq"))
_POP = Instruction("pop ax", asm.code16("58", "pop ax"), asm.code("58", "pop rax"))
_PUSH = _same("push 2", asm.any_mode("6a 02", "push 2"))

TAPES = (
    Tape("plain", "six plain instructions", _PLAIN),
    Tape("rep", "a string instruction, three times", (_COUNT, _REP, NOP, HLT)),
    Tape("fault", "an instruction that faults", (NOP, _UD2, NOP, HLT, _H_NOP, _H_SKIP, _H_IRET)),
    Tape("int", "a software interrupt", (NOP, _INT, NOP, HLT, _H_NOP, _H_IRET)),
    Tape("out", "a port of a device", (NOP, _OUT, NOP, HLT)),
    Tape("hlt", "HLT, and on", (NOP, HLT, NOP, HLT)),
    Tape("ss", "a load of SS", (_SS, NOP, NOP, HLT)),
    Tape("sti", "STI", (_STI, NOP, NOP, HLT)),
    Tape("pushf", "reading the flags", (_PUSHF, _POP, NOP, HLT)),
    Tape("popf", "writing the flags, TF = 0", (_PUSH, _POPF, NOP, HLT)),
    Tape("nmi", "an NMI is pending", (NOP, NOP, HLT, _H_NOP, _H_IRET), "nmi"),
    Tape("interrupt", "an interrupt is injected", (NOP, NOP, HLT, _H_NOP, _H_IRET), "interrupt"),
)
BY_KEY = {tape.key: tape for tape in TAPES}


def guest(vm: Vm, tape: Tape, mode: str) -> Vcpu:
    """A vCPU before the first instruction of ``tape``, with its handler in place."""
    vm.write(CODE, tape.code(mode))
    vm.write(HANDLER, tape.code(mode, handler=True) or HLT.code(mode))
    vcpu = vm.create_vcpu()
    vectors = (NMI, BREAKPOINT, INVALID, VECTOR)
    if mode == REAL:
        vcpu.real_mode(CODE)
        vcpu.set_vectors(dict.fromkeys(vectors, HANDLER))
    else:
        vcpu.long_mode(CODE)
        vcpu.set_idt(dict.fromkeys(vectors, HANDLER), IDT)
    vcpu.set_regs(rax=vcpu.sregs().ss.selector, rsi=DATA, rdi=DATA + 0x100)
    if tape.event == "nmi":
        vcpu.nmi()
    elif tape.event == "interrupt":
        vcpu.set_regs(rflags=2 | IF)
        vcpu.interrupt(VECTOR)
    return vcpu


class Stop(TypedDict):
    """What a KVM_RUN came back with: KVM's name of the exit, the place or an address that is none, and what is left to repeat.

    ``single_step``: whether DR6 says so.
    """

    exit: str
    at: str
    cx: int
    single_step: bool


class Walk(TypedDict):
    """A tape that was stepped through in a mode, a stop a KVM_RUN.

    ``rearm``: KVM_SET_GUEST_DEBUG before each KVM_RUN; else before the first alone. ``kept_tf``: TF in the flags that the
    guest's own code, or an interrupt, put on the guest's stack (None where nothing did). ``shown_tf``: TF in what
    KVM_GET_REGS returned, at any stop.
    """

    tape: str
    mode: str
    rearm: bool
    stops: list[Stop]
    kept_tf: bool | None
    shown_tf: bool


def following(tape: Tape, stop: Stop) -> str:
    """The instruction that a stop is in front of, as text: how often it will be repeated, or that it is the handler's."""
    text = tape.before(stop["at"])
    return f"{text} ({stop['cx']} to go)" if text.startswith("rep") else f"{text} (handler)" if stop["at"].startswith("h") else text


def walk(kvm: Kvm, tape: Tape, mode: str, rearm: bool = True) -> Walk:
    """Single-step ``tape`` to its end. What each KVM_RUN came back with, and who saw TF."""
    with kvm.create_vm() as vm:
        vcpu = guest(vm, tape, mode)
        top = vcpu.regs.rsp
        vm.write(top - LAST_BYTES, bytes(LAST_BYTES))
        vcpu.guest_debug(single_step=True)
        stops = list(_stops(vcpu, tape, mode, rearm))
        return {
            "tape": tape.key,
            "mode": mode,
            "rearm": rearm,
            "stops": [stop for stop, _ in stops],
            "kept_tf": _kept(vm, tape, mode, top),
            "shown_tf": any(flags & TF for _, flags in stops),
        }


def _stops(vcpu: Vcpu, tape: Tape, mode: str, rearm: bool) -> Iterator[tuple[Stop, int]]:
    """Each stop, and RFLAGS there."""
    places = tape.places(mode)
    for number in range(MOST):
        if rearm and number:
            vcpu.guest_debug(single_step=True)
        try:
            found = vcpu.run()
            name, step = found.name, isinstance(found, Debug) and bool(found.dr6 & BS)
            gone = isinstance(found, InternalError)
        except VcpuTimeout:
            name, step, gone = "does not return", False, True
        regs = vcpu.regs
        at = places.get(regs.rip, hex(regs.rip))
        yield {"exit": name, "at": at, "cx": regs.rcx & 0xFFFF if tape.key == "rep" else 0, "single_step": step}, regs.rflags
        if gone or at not in places.values() or at == tape.end:
            return


def _kept(vm: Vm, tape: Tape, mode: str, top: int) -> bool | None:
    """TF in the flags on the guest's stack: PUSHF puts them on top, an interrupt's frame has them below SS and RSP."""
    if tape.key == "pushf" or (mode == REAL and "h0" in tape.places(mode).values()):
        at = top - (2 if mode == REAL else 8)
    elif "h0" in tape.places(mode).values():
        at = (top & ~15) - 3 * 8
    else:
        return None
    flags = int.from_bytes(vm.read(at, 2), "little")
    return bool(flags & TF) if flags & 2 else None  # bit 1 is always set in flags: else nobody wrote them


BREAKS = {"hardware": "a breakpoint register", "int3": "INT3, asked for", "own int3": "INT3, not asked for"}
"""Kinds of breakpoint, and what the chapter calls them."""
_BREAK_HERE = "1"


class Heard(TypedDict):
    """A breakpoint of a kind in a mode: the first exit to user space, and where; or whether the guest's handler ran.

    ``exception`` is the vector that KVM_EXIT_DEBUG tells, else 0.
    """

    kind: str
    mode: str
    exit: str
    exception: int
    at: str
    handler: bool


def breakpoint_case(kvm: Kvm, kind: str, mode: str) -> Heard:
    """``nop; nop or int3; nop; hlt`` with a breakpoint at its second instruction. What KVM_RUN came back with first."""
    middle = NOP if kind == "hardware" else INT3
    tape = Tape(kind, "", (NOP, middle, NOP, HLT, _H_NOP, _H_HLT))
    with kvm.create_vm() as vm:
        vcpu = guest(vm, tape, mode)
        places = tape.places(mode)
        address = next(at for at, place in places.items() if place == _BREAK_HERE)
        if kind != "own int3":
            vcpu.guest_debug(hardware=[address] if kind == "hardware" else (), software=kind == "int3")
        try:
            found = vcpu.run()
        except VcpuTimeout:
            return {"kind": kind, "mode": mode, "exit": "does not return", "exception": 0, "at": "", "handler": False}
        at = places.get(vcpu.regs.rip, "elsewhere")
        vector = found.exception if isinstance(found, Debug) else 0
        return {"kind": kind, "mode": mode, "exit": found.name, "exception": vector, "at": at, "handler": at.startswith("h")}
