"""Small guests of a few bytes, and what becomes of them: in 64 kByte of memory, bounded in time and in exits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syslab.kvm import Exit, Hlt, InternalError, Io, Kvm, KvmError, Mmio, Vcpu, VcpuTimeout
from syslab.native import asm

MEMORY = 64 << 10
ENTRY = 0x1000
"""Where the bytes are put, and where the guest begins."""
MOST_BYTES = 256
MOST_EXITS = 16
SECONDS = 2.0
"""The bound of each KVM_RUN of bytes that nobody knows."""
ANSWER = 40
"""What every IN and every read outside the memory reads."""
MODES: Mapping[str, Callable[[Vcpu, int], None]] = {"real": Vcpu.real_mode, "long": Vcpu.long_mode}


@dataclass(frozen=True)
class Program:
    """``code``: mode -> the bytes; ``title`` says what they are for. ``seconds`` bounds each KVM_RUN."""

    title: str
    code: Mapping[str, bytes]
    seconds: float = 30.0


def _same(title: str, code: bytes, seconds: float = 30.0) -> Program:
    return Program(title, dict.fromkeys(MODES, code), seconds)


# "undefined": in real mode, the vector of #UD is set to the bytes after UD2
PROGRAMS: Mapping[str, Program] = {
    "sum": _same("2 + 2", asm.any_mode("b0 02  04 02  e6 10  f4", "mov al, 2; add al, 2; out 0x10, al; hlt")),
    "reading": Program(
        "5, and a byte with two meanings",
        {
            "real": asm.code16("b0 05  48  e6 10  f4", "mov al, 5; dec ax; out 0x10, al; hlt"),
            "long": asm.code("b0 05  48 e6 10  f4", "mov al, 5; out 0x10, al; hlt"),
        },
    ),
    "loop": _same(
        "1 + 2 + ... + 10",
        asm.any_mode(
            "b0 00  b1 0a  00 c8  fe c9  75 fa  e6 10  f4",
            "mov al, 0; mov cl, 10; add al, cl; dec cl; jne $-4; out 0x10, al; hlt",
        ),
    ),
    "ask": _same(
        "a number from the host, plus 2", asm.any_mode("e4 60  04 02  e6 10  f4", "in al, 0x60; add al, 2; out 0x10, al; hlt")
    ),
    "outside": Program(
        "a write where there is no memory",
        {
            "real": asm.code16("b8 00 20  8e d8  c6 06 00 00 2a  f4", "mov ax, 0x2000; mov ds, ax; mov byte [0], 42; hlt"),
            "long": asm.code("c6 04 25 00 00 02 00 2a  f4", "mov byte [0x20000], 42; hlt"),
        },
    ),
    "unfinished": _same("2 + 2, and HLT forgotten", asm.any_mode("b0 02  04 02  e6 10", "mov al, 2; add al, 2; out 0x10, al")),
    "spin": _same("a jump to itself", asm.any_mode("eb fe", "jmp $"), seconds=0.1),
    "undefined": Program(
        "an undefined opcode, with a handler in real mode",
        {
            "real": asm.code16(
                "c7 06 18 00 08 10  0f 0b  b0 06  e6 10  f4", "mov word [0x18], 0x1008; ud2; mov al, 6; out 0x10, al; hlt"
            ),
            "long": asm.code("0f 0b", "ud2"),
        },
    ),
}


def parse(text: str) -> bytes:
    """Hex digits, spaces allowed, as bytes. ValueError says what is wrong."""
    try:
        code = bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not bytes in hex, such as 'b0 02 04 02 e6 10 f4'") from None
    if not 1 <= len(code) <= MOST_BYTES:
        raise ValueError(f"a guest here is 1 to {MOST_BYTES} bytes; these are {len(code)}")
    return code


def told(left: Exit) -> str:
    """An exit in a few words; stable, so without what depends on where a guest was stopped."""
    if isinstance(left, Io):
        way = f"OUT {left.data.hex()} to" if left.out else "IN from"
        return f"{left.name}: {way} port {left.port:#x}"
    if isinstance(left, Mmio):
        return f"{left.name}: {f'write {left.data.hex()} to' if left.write else 'read from'} {left.address:#x}"
    if isinstance(left, InternalError):
        return f"{left.name}: {left.why}"
    return left.name


def start(vcpu: Vcpu, code: bytes, mode: str) -> None:
    """Put ``code`` into the memory and the vCPU before its first byte. ValueError for an unknown mode."""
    if mode not in MODES:
        raise ValueError(f"there is no mode {mode!r}; there are {', '.join(MODES)}")
    vcpu.vm.write(ENTRY, code)
    MODES[mode](vcpu, ENTRY)


@dataclass(frozen=True)
class Course:
    """``exits`` in words; ``ended``: ``halted``, ``stopped``, ``spins`` (the bound came) or ``talks`` (too many exits).

    ``out`` are the bytes that it wrote to ports. ``rip`` and ``rsp`` are where it was, and None where that is chance.
    """

    exits: tuple[str, ...]
    ended: str
    out: bytes
    rip: int | None = None
    rsp: int | None = None


def run(code: bytes, mode: str, seconds: float = SECONDS) -> Course:
    """A new VM, and ``code`` in it until it halts, stops, or a bound comes."""
    exits: list[str] = []
    out = b""
    with Kvm() as kvm, kvm.create_vm(MEMORY) as vm:
        vcpu = vm.create_vcpu()
        start(vcpu, code, mode)
        for _ in range(MOST_EXITS):
            try:
                left = vcpu.run(seconds)
            except VcpuTimeout:
                return Course((*exits, "no exit within the bound"), "spins", out)
            except KvmError as refused:
                return Course((*exits, str(refused)), "stopped", out)
            exits.append(told(left))
            if isinstance(left, Io) and left.out:
                out += left.data
            elif isinstance(left, Io):
                vcpu.answer(bytes([ANSWER]) * (left.size * left.count))
            elif isinstance(left, Mmio) and not left.write:
                vcpu.answer(bytes([ANSWER]) * left.length)
            elif not isinstance(left, Mmio):
                regs = vcpu.regs
                return Course(tuple(exits), "halted" if isinstance(left, Hlt) else "stopped", out, regs.rip, regs.rsp)
    return Course(tuple(exits), "talks", out)
