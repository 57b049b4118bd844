"""x86's instructions that take a bit offset (BT, BTS), run in this process: which byte they reach, and how many they touch."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import TypedDict

from syslab.native import asm, faults
from syslab.native.code import PAGE, PROT_NONE, PROT_READ, PROT_WRITE, Code, map_pages, protect

BTS = asm.code("48 0f ab 37  c3", "bts qword [rdi], rsi; ret")
BTS_32 = asm.code("0f ab 37  c3", "bts dword [rdi], esi; ret")
BTS_FIXED = asm.code("0f ba 2f 64  c3", "bts dword [rdi], 100; ret")
BTS_REGISTER = asm.code("31 c0  48 0f ab f0  c3", "xor eax, eax; bts rax, rsi; ret")
OR_BYTE = asm.code("80 0f 01  c3", "or byte [rdi], 1; ret")
CODES = {
    "or byte [rdi], 1": OR_BYTE,
    "bt word [rdi], si": asm.code("66 0f a3 37  c3", "bt word [rdi], si; ret"),
    "bt dword [rdi], esi": asm.code("0f a3 37  c3", "bt dword [rdi], esi; ret"),
    "bt qword [rdi], rsi": asm.code("48 0f a3 37  c3", "bt qword [rdi], rsi; ret"),
    "bts dword [rdi], esi": BTS_32,
    "bts qword [rdi], rsi": BTS,
}
BASE, LENGTH = 64, 192  # the bytes that are looked at, and where the base is among them
OFFSETS = (0, 1, 7, 8, 63, 64, 100, 511, -1, -8, -64)
FIXED = 100  # the offset that BTS_FIXED has


def _changed(code: bytes, offset: int) -> tuple[int | None, int]:
    memory = (ctypes.c_uint8 * LENGTH)()
    with Code(code) as call:
        call(ctypes.addressof(memory) + BASE, offset & (1 << 64) - 1)
    touched = [i for i, byte in enumerate(memory) if byte]
    return (touched[0] - BASE, memory[touched[0]]) if touched else (None, 0)


class SetBit(TypedDict):
    """A bit offset: which byte it changed, counted from the base (None: none in memory), and the value of that byte or RAX."""

    form: str
    offset: int
    byte: int | None
    value: int


def set_bits() -> list[SetBit]:
    """A row for each offset and form."""
    rows: list[SetBit] = []
    for offset in OFFSETS:
        byte, value = _changed(BTS, offset)
        rows.append({"form": "bts qword [rdi], rsi", "offset": offset, "byte": byte, "value": value})
    byte, value = _changed(BTS_FIXED, 0)
    rows.append({"form": f"bts dword [rdi], {FIXED}", "offset": FIXED, "byte": byte, "value": value})
    with Code(BTS_REGISTER) as call:
        rows.append({"form": "bts rax, rsi", "offset": FIXED, "byte": None, "value": call(0, FIXED)})
    return rows


class Width(TypedDict):
    """The least number of bytes before a page without access at which an instruction does not fault.

    ``fault``: where the access went one byte short of that, from the page's start; 0 is the page's first byte.
    """

    instruction: str
    bytes: int
    fault: int | None


def widths() -> Iterator[Width]:
    """A row for each of :data:`CODES`."""
    pages = map_pages(PROT_READ | PROT_WRITE, 2 * PAGE)
    end = pages + PAGE
    protect(end, PROT_NONE)
    for text, code in CODES.items():
        short: faults.Fault | None = None
        for left in range(1, 17):
            ctypes.memset(pages, 0, PAGE)
            fault = faults.provoke(lambda code=code, left=left: faults.run_code(code, end - left, 0))  # type: ignore[misc]
            if fault is None:
                yield {"instruction": text, "bytes": left, "fault": None if short is None else short.cr2 - end}
                break
            short = fault
        else:
            raise RuntimeError(f"{text} faulted with 16 bytes before the end of the page")
