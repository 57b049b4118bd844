"""Instructions for a guest to execute, one at a time: which leave it? Plain data; assembled by hand, shown by name."""

from __future__ import annotations

from dataclasses import dataclass

SCRATCH = 0x30_0000
"""An address with memory behind it, for instructions that want one."""
HOLE = 0x80_0000
"""Mapped by the guest's page tables, with no memory behind it: a device's registers, so to speak."""
ABSENT = 0x4000_0000
"""Not mapped by the guest's page tables."""
PORT = 0x42
"""A port without a device."""
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


def _address(place: int) -> str:
    return place.to_bytes(4, "little").hex()


_ALWAYS = (
    ("nop", "NOP", "90"),
    ("cpuid", "CPUID", "31c0 0fa2"),
    ("hlt", "HLT", "f4"),
    ("in", "IN from a port", f"e4 {PORT:02x}"),
    ("out", "OUT to a port", f"e6 {PORT:02x}"),
    ("mmio-load", "load where no memory is", f"8b0425 {_address(HOLE)}"),
    ("mmio-store", "store where no memory is", f"890425 {_address(HOLE)}"),
    ("rdmsr", "RDMSR of IA32_PAT", "b977020000 0f32"),
    ("wrmsr", "WRMSR of IA32_PAT", "b977020000 b806040700 ba06040700 0f30"),
    ("rdmsr-gs", "RDMSR of KERNEL_GS_BASE", "b9020100c0 0f32"),
    ("rdmsr-unknown", "RDMSR of an MSR that is not there", "b978563412 0f32"),
    ("vmcall", "VMCALL", "b864000000 0f01c1"),
    ("vmmcall", "VMMCALL", "b864000000 0f01d9"),
    ("invd", "INVD", "0f08"),
    ("wbinvd", "WBINVD", "0f09"),
    ("monitor", "MONITOR", f"b8{_address(SCRATCH)} 31c9 31d2 0f01c8"),
    ("mwait", "MWAIT", "31c0 31c9 0f01c9"),
    ("pause", "PAUSE", "f390"),
    ("rdtsc", "RDTSC", "0f31"),
    ("rdtscp", "RDTSCP", "0f01f9"),
    ("rdpmc", "RDPMC", "31c9 0f33"),
    ("rdrand", "RDRAND", "0fc7f0"),
    ("invlpg", "INVLPG", f"0f013c25 {_address(SCRATCH)}"),
    ("cr0-read", "MOV from CR0", "0f20c0"),
    ("cr0-same", "MOV to CR0, no change", "0f20c0 0f22c0"),
    ("cr0-ts", "MOV to CR0, flips TS", "0f20c0 4883f008 0f22c0"),
    ("cr0-am", "MOV to CR0, flips AM", "0f20c0 483500000400 0f22c0"),
    ("clts", "CLTS", "0f06"),
    ("lmsw", "LMSW, no change", "0f01e0 0f01f0"),
    ("cr3-read", "MOV from CR3", "0f20d8"),
    ("cr3-write", "MOV to CR3", "0f20d8 0f22d8"),
    ("cr4-read", "MOV from CR4", "0f20e0"),
    ("cr4-write", "MOV to CR4, no change", "0f20e0 0f22e0"),
    ("cr8-read", "MOV from CR8", "440f20c0"),
    ("cr8-write", "MOV to CR8", "31c0 440f22c0"),
    ("sgdt", "SGDT", f"0f010425 {_address(SCRATCH)}"),
    ("str", "STR", "660f00c8"),
    ("popf", "POPF", "9c 9d"),
    ("cli-sti", "CLI and STI", "fa fb"),
    ("ud2", "UD2", "0f0b"),
    ("page-fault", "load from a page that is not mapped", f"8b0425 {_address(ABSENT)}"),
)  # fmt: skip
_AT_CPL_3 = ("nop", "cpuid", "rdtsc", "pause", "hlt", "rdmsr", "vmcall", "vmmcall", "invd", "cr0-read")


def cases() -> list[Case]:
    """Every case, the kernel's first."""
    kernel = [Case(key, shown, bytes.fromhex(code)) for key, shown, code in _ALWAYS]
    kernel.append(Case("xsetbv", "XSETBV", bytes.fromhex("31c9 31d2 b801000000 0f01d1"), cr4=_OSXSAVE))
    by_key = {case.key: case for case in kernel}
    user = [Case(key, by_key[key].shown, by_key[key].code, cpl=3) for key in _AT_CPL_3]
    out = by_key["out"].code
    user.append(Case("out", "OUT to a port, IOPL 3", out, cpl=3, rflags=_IOPL_3))
    user.append(Case("out-denied", "OUT to a port, IOPL 0", out, cpl=3))
    return kernel + user


def find(key: str, cpl: int = 0) -> Case:
    """One case; KeyError that says which there are."""
    for case in cases():
        if (case.key, case.cpl) == (key, cpl):
            return case
    raise KeyError(f"no case {key!r} at CPL {cpl}; at this CPL there are {', '.join(c.key for c in cases() if c.cpl == cpl)}")
