"""Machine code beside its assembly: ``asm.code("0f a2  f4", "cpuid; hlt")`` is the bytes.

No assembler is needed where the code runs, as in the lab VM. That the assembly is true is held by tests/native/test_asm.py:
it disassembles every such call in the project, which it finds by the name of this module. So the texts are literal; what
has another name, or is known only at run time, is an operand, named in both: ``asm.code("e6 {port:1}", "out {port}, al", port=0x10)``, little-endian in that many bytes.

Assembly is Intel's syntax, instructions apart by ``;``. A size (``byte``, ``qword``) may be left out where a register
says it. ``$`` is the instruction's own address, so ``jmp $`` is a loop. Only the standard library is used.
"""

from __future__ import annotations

import re

_OPERAND = re.compile(r"\{(\w+):([1248])\}")
_JUMPS = {"jmp": 0xEB, "jne": 0x75, "jbe": 0x76}


def code(hexadecimal: str, assembly: str, **operands: int) -> bytes:
    """64-bit code. OverflowError for an operand that does not fit, KeyError for one that is missing."""
    return _bytes(hexadecimal, assembly, operands)


def code32(hexadecimal: str, assembly: str, **operands: int) -> bytes:
    """32-bit code; else as :func:`code`."""
    return _bytes(hexadecimal, assembly, operands)


def code16(hexadecimal: str, assembly: str, **operands: int) -> bytes:
    """16-bit code; else as :func:`code`."""
    return _bytes(hexadecimal, assembly, operands)


def any_mode(hexadecimal: str, assembly: str, **operands: int) -> bytes:
    """Code that means the same in 16, 32 and 64 bits; else as :func:`code`."""
    return _bytes(hexadecimal, assembly, operands)


def _bytes(hexadecimal: str, _assembly: str, operands: dict[str, int]) -> bytes:
    def number(match: re.Match[str]) -> str:
        value = operands[match[1]]
        return value.to_bytes(int(match[2]), "little", signed=value < 0).hex()

    return bytes.fromhex(_OPERAND.sub(number, hexadecimal))


def out(port: int) -> bytes:
    """``out port, al``, in any mode."""
    return any_mode("e6 {port:1}", "out {port}, al", port=port)


def say(port: int, value: int) -> bytes:
    """``mov al, value; out port, al``, in any mode: user space hears of it as KVM_EXIT_IO."""
    return any_mode("b0 {value:1}  e6 {port:1}", "mov al, {value}; out {port}, al", value=value, port=port)


def wrmsr(msr: int, value: int) -> bytes:
    """64-bit code that writes a model-specific register. It changes ECX, EAX and EDX."""
    return code(
        "b9 {msr:4}  b8 {low:4}  ba {high:4}  0f 30",
        "mov ecx, {msr}; mov eax, {low}; mov edx, {high}; wrmsr",
        msr=msr, low=value & 0xFFFF_FFFF, high=value >> 32,
    )  # fmt: skip


def wrmsr16(msr: int, value: int) -> bytes:
    """:func:`wrmsr` as 16-bit code."""
    return code16(
        "66 b9 {msr:4}  66 b8 {low:4}  66 ba {high:4}  0f 30",
        "mov ecx, {msr}; mov eax, {low}; mov edx, {high}; wrmsr",
        msr=msr, low=value & 0xFFFF_FFFF, high=value >> 32,
    )  # fmt: skip


def again(body: bytes, jump: str = "jmp") -> bytes:
    """``body``, and a jump back to its start: ``jmp``, or ``jne`` or ``jbe`` by what its last instruction left in the flags.

    In any mode. OverflowError where it is more than 126 bytes.
    """
    return body + bytes([_JUMPS[jump]]) + (-len(body) - 2).to_bytes(1, "little", signed=True)
