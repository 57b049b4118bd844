"""A dozen x86 instructions as a model, enough for guests of a few bytes: what they write to ports before they halt.

Bytes and 16-bit code only. Source: Intel SDM volume 2, "One-byte Opcode Map", and volume 1, "Status Flags" (only ZF
is kept). Its test runs the same bytes under KVM.
"""

from __future__ import annotations

from syslab.bits import given

MOST_STEPS = 10_000
_BYTE_REGISTERS = 8  # AL, CL, DL, BL, AH, CH, DH, BH


class NotModelled(ValueError):
    """The model has no such instruction; the message names the byte and its place."""


def run(code: bytes) -> tuple[list[tuple[int, int]], str]:
    """What ``code`` writes, as (port, byte), and how it ends: ``halted`` or ``spins``. All registers begin as 0.

    NotModelled for other instructions, and for leaving the bytes.
    """
    given.raw(code, "code")
    registers, zero, at = [0] * _BYTE_REGISTERS, False, 0
    written: list[tuple[int, int]] = []

    def byte(place: int) -> int:
        if not 0 <= place < len(code):
            raise NotModelled(f"the guest leaves its bytes, at {place:+d}")
        return code[place]

    for _ in range(MOST_STEPS):
        first = byte(at)
        if first == 0xF4:  # hlt
            return written, "halted"
        if first == 0x90:  # nop
            at += 1
            continue
        second = byte(at + 1)
        if 0xB0 <= first <= 0xB7:  # mov r8, imm8
            registers[first & 7] = second
        elif first in (0x04, 0x2C):  # add al, imm8; sub al, imm8
            registers[0] = (registers[0] + (second if first == 0x04 else -second)) & 0xFF
            zero = registers[0] == 0
        elif first in (0x00, 0x28, 0x88) and second >= 0xC0:  # add, sub, mov r8, r8
            to, value = second & 7, registers[second >> 3 & 7]
            if first != 0x88:
                value = (registers[to] + (value if first == 0x00 else -value)) & 0xFF
                zero = value == 0
            registers[to] = value
        elif first == 0xFE and 0xC0 <= second <= 0xCF:  # inc r8, dec r8
            to = second & 7
            registers[to] = (registers[to] + (1 if second < 0xC8 else -1)) & 0xFF
            zero = registers[to] == 0
        elif first == 0xE6:  # out imm8, al
            written.append((second, registers[0]))
        elif first in (0xEB, 0x75):  # jmp, jnz
            if first == 0xEB or not zero:
                at += second - 0x100 if second & 0x80 else second
        else:
            raise NotModelled(f"the model does not know the byte {first:#04x}, at {at:+d}")
        at += 2
    return written, "spins"
