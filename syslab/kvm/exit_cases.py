"""Instructions for a guest to execute, one at a time: which leave it? Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from syslab.native import asm

SCRATCH = 0x30_0000
"""An address with memory behind it, for instructions that want one."""
HOLE = 0x80_0000
"""Mapped by the guest's page tables, with no memory behind it: a device's registers, so to speak."""
ABSENT = 0x4000_0000
"""Not mapped by the guest's page tables."""
PORT = 0x42
"""A port without a device."""
_PAT, _KERNEL_GS_BASE = 0x277, 0xC000_0102
_OSXSAVE = 1 << 18
_IOPL_3 = 3 << 12


@dataclass(frozen=True)
class Case:
    """``code`` is executed at ``cpl``; ``shown`` is its one instruction of interest, in words.

    ``cr4`` and ``rflags``: bits to set beforehand. ``key`` is the name in rows and links.
    """

    key: str
    shown: str
    code: bytes
    cpl: int = 0
    cr4: int = 0
    rflags: int = 0


_ALWAYS = (
    Case("nop", "NOP", asm.code("90", "nop")),
    Case("cpuid", "CPUID", asm.code("31 c0  0f a2", "xor eax, eax; cpuid")),
    Case("hlt", "HLT", asm.code("f4", "hlt")),
    Case("in", "IN from a port", asm.code("e4 {port:1}", "in al, {port}", port=PORT)),
    Case("out", "OUT to a port", asm.out(PORT)),
    Case("mmio-load", "load where no memory is", asm.code("8b 04 25 {at:4}", "mov eax, [{at}]", at=HOLE)),
    Case("mmio-store", "store where no memory is", asm.code("89 04 25 {at:4}", "mov [{at}], eax", at=HOLE)),
    Case("rdmsr", "RDMSR of IA32_PAT", asm.code("b9 {msr:4}  0f 32", "mov ecx, {msr}; rdmsr", msr=_PAT)),
    Case("wrmsr", "WRMSR of IA32_PAT", asm.wrmsr(_PAT, 0x0007_0406_0007_0406)),
    Case("rdmsr-gs", "RDMSR of KERNEL_GS_BASE", asm.code("b9 {msr:4}  0f 32", "mov ecx, {msr}; rdmsr", msr=_KERNEL_GS_BASE)),
    Case("rdmsr-unknown", "RDMSR of an MSR that is not there", asm.code("b9 78 56 34 12  0f 32", "mov ecx, 0x12345678; rdmsr")),
    Case("vmcall", "VMCALL", asm.code("b8 64 00 00 00  0f 01 c1", "mov eax, 100; vmcall")),
    Case("vmmcall", "VMMCALL", asm.code("b8 64 00 00 00  0f 01 d9", "mov eax, 100; vmmcall")),
    Case("invd", "INVD", asm.code("0f 08", "invd")),
    Case("wbinvd", "WBINVD", asm.code("0f 09", "wbinvd")),
    Case(
        "monitor", "MONITOR",
        asm.code("b8 {at:4}  31 c9  31 d2  0f 01 c8", "mov eax, {at}; xor ecx, ecx; xor edx, edx; monitor", at=SCRATCH),
    ),
    Case("mwait", "MWAIT", asm.code("31 c0  31 c9  0f 01 c9", "xor eax, eax; xor ecx, ecx; mwait")),
    Case("pause", "PAUSE", asm.code("f3 90", "pause")),
    Case("rdtsc", "RDTSC", asm.code("0f 31", "rdtsc")),
    Case("rdtscp", "RDTSCP", asm.code("0f 01 f9", "rdtscp")),
    Case("rdpmc", "RDPMC", asm.code("31 c9  0f 33", "xor ecx, ecx; rdpmc")),
    Case("rdrand", "RDRAND", asm.code("0f c7 f0", "rdrand eax")),
    Case("invlpg", "INVLPG", asm.code("0f 01 3c 25 {at:4}", "invlpg byte [{at}]", at=SCRATCH)),
    Case("cr0-read", "MOV from CR0", asm.code("0f 20 c0", "mov rax, cr0")),
    Case("cr0-same", "MOV to CR0, no change", asm.code("0f 20 c0  0f 22 c0", "mov rax, cr0; mov cr0, rax")),
    Case("cr0-ts", "MOV to CR0, flips TS", asm.code("0f 20 c0  48 83 f0 08  0f 22 c0", "mov rax, cr0; xor rax, 8; mov cr0, rax")),
    Case(
        "cr0-am", "MOV to CR0, flips AM",
        asm.code("0f 20 c0  48 35 00 00 04 00  0f 22 c0", "mov rax, cr0; xor rax, 0x40000; mov cr0, rax"),
    ),
    Case("clts", "CLTS", asm.code("0f 06", "clts")),
    Case("lmsw", "LMSW, no change", asm.code("0f 01 e0  0f 01 f0", "smsw eax; lmsw ax")),
    Case("cr3-read", "MOV from CR3", asm.code("0f 20 d8", "mov rax, cr3")),
    Case("cr3-write", "MOV to CR3", asm.code("0f 20 d8  0f 22 d8", "mov rax, cr3; mov cr3, rax")),
    Case("cr4-read", "MOV from CR4", asm.code("0f 20 e0", "mov rax, cr4")),
    Case("cr4-write", "MOV to CR4, no change", asm.code("0f 20 e0  0f 22 e0", "mov rax, cr4; mov cr4, rax")),
    Case("cr8-read", "MOV from CR8", asm.code("44 0f 20 c0", "mov rax, cr8")),
    Case("cr8-write", "MOV to CR8", asm.code("31 c0  44 0f 22 c0", "xor eax, eax; mov cr8, rax")),
    Case("sgdt", "SGDT", asm.code("0f 01 04 25 {at:4}", "sgdt [{at}]", at=SCRATCH)),
    Case("str", "STR", asm.code("66 0f 00 c8", "str ax")),
    Case("popf", "POPF", asm.code("9c  9d", "pushfq; popfq")),
    Case("cli-sti", "CLI and STI", asm.code("fa  fb", "cli; sti")),
    Case("ud2", "UD2", asm.code("0f 0b", "ud2")),
    Case("page-fault", "load from a page that is not mapped", asm.code("8b 04 25 {at:4}", "mov eax, [{at}]", at=ABSENT)),
    Case(
        "xsetbv", "XSETBV",
        asm.code("31 c9  31 d2  b8 01 00 00 00  0f 01 d1", "xor ecx, ecx; xor edx, edx; mov eax, 1; xsetbv"),
        cr4=_OSXSAVE,
    ),
)  # fmt: skip
_AT_CPL_3 = ("nop", "cpuid", "rdtsc", "pause", "hlt", "rdmsr", "vmcall", "vmmcall", "invd", "cr0-read")


def cases() -> list[Case]:
    """Every case, the kernel's first."""
    by_key = {case.key: case for case in _ALWAYS}
    user = [Case(key, by_key[key].shown, by_key[key].code, cpl=3) for key in _AT_CPL_3]
    out = by_key["out"].code
    user.append(Case("out", "OUT to a port, IOPL 3", out, cpl=3, rflags=_IOPL_3))
    user.append(Case("out-denied", "OUT to a port, IOPL 0", out, cpl=3))
    return [*_ALWAYS, *user]


def find(key: str, cpl: int = 0) -> Case:
    """One case; KeyError that says which there are."""
    for case in cases():
        if (case.key, case.cpl) == (key, cpl):
            return case
    raise KeyError(f"no case {key!r} at CPL {cpl}; at this CPL there are {', '.join(c.key for c in cases() if c.cpl == cpl)}")
