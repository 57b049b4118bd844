"""The exceptions of x86, by vector: mnemonic, name, and whether the CPU pushes an error code with it.

Source: Intel SDM volume 3A, "Protected-Mode Exceptions and Interrupts" (table); for #HV, #VC and #SX, which Intel's CPUs do
not have, AMD64 APM volume 2, "Exceptions and Interrupts". Linux writes #XM as XF.
"""

from __future__ import annotations

from typing import NamedTuple


class Vector(NamedTuple):
    """An exception. ``mnemonic`` is "" where there is none; ``error_code``: whether the CPU pushes one."""

    vector: int
    mnemonic: str
    name: str
    error_code: bool = False


EXCEPTIONS = (
    Vector(0, "#DE", "divide error"),
    Vector(1, "#DB", "debug exception"),
    Vector(2, "NMI", "non-maskable interrupt"),
    Vector(3, "#BP", "breakpoint"),
    Vector(4, "#OF", "overflow"),
    Vector(5, "#BR", "BOUND range exceeded"),
    Vector(6, "#UD", "invalid opcode"),
    Vector(7, "#NM", "device not available"),
    Vector(8, "#DF", "double fault", error_code=True),
    Vector(9, "", "coprocessor segment overrun, up to the 80386"),
    Vector(10, "#TS", "invalid TSS", error_code=True),
    Vector(11, "#NP", "segment not present", error_code=True),
    Vector(12, "#SS", "stack-segment fault", error_code=True),
    Vector(13, "#GP", "general protection", error_code=True),
    Vector(14, "#PF", "page fault", error_code=True),
    Vector(16, "#MF", "x87 floating-point error"),
    Vector(17, "#AC", "alignment check", error_code=True),
    Vector(18, "#MC", "machine check"),
    Vector(19, "#XM", "SIMD floating-point exception"),
    Vector(20, "#VE", "virtualization exception"),
    Vector(21, "#CP", "control protection", error_code=True),
    Vector(28, "#HV", "hypervisor injection"),
    Vector(29, "#VC", "VMM communication", error_code=True),
    Vector(30, "#SX", "security exception", error_code=True),
)
BY_VECTOR = {exception.vector: exception for exception in EXCEPTIONS}
VECTORS = range(32)
"""The vectors that are kept for exceptions; those above are free for interrupts."""
WITH_ERROR_CODE = frozenset(exception.vector for exception in EXCEPTIONS if exception.error_code)
"""Vectors with which the CPU pushes an error code, on top of RIP."""


def name(vector: int) -> str:
    """``#GP``; ``vector 15`` where there is no mnemonic."""
    found = BY_VECTOR.get(vector)
    return found.mnemonic if found and found.mnemonic else f"vector {vector}"
