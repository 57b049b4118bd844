"""The tables and the features that the chapter on KVM_SET_CPUID2 tries. Plain data, and what makes a table from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from syslab.kvm import CpuidEntry
from syslab.native import asm

Table = list[CpuidEntry]
Place = tuple[int, int]
ONES = 0xFFFF_FFFF
UNKNOWN, PARAVIRTUAL, BEYOND = 0x50, 0x4000_0100, 0x1234
INTEL = {"ebx": 0x756E_6547, "edx": 0x4965_6E69, "ecx": 0x6C65_746E}  # "GenuineIntel"


def word(table: Table, place: Place, register: str) -> int:
    """The word at ``place``, 0 where the table has no such entry."""
    return next((getattr(entry, register) for entry in table if (entry.function, entry.index) == place), 0)


def replaced(table: Table, place: Place, register: str, value: int) -> Table:
    """``table`` with one word set; the entry is added where it is missing."""
    if not any((entry.function, entry.index) == place for entry in table):
        table = [*table, CpuidEntry(*place)]
    return [entry._replace(**{register: value}) if (entry.function, entry.index) == place else entry for entry in table]


def change(table: Table, place: Place, register: str, flip: int) -> Table:
    """``table`` with some bits of one word inverted."""
    return replaced(table, place, register, word(table, place, register) ^ flip)


def _only(table: Table, last: int | None) -> Table:
    """Leaf 7 without its subleaves above 0. ``last`` is what EAX says is the highest; None keeps it."""
    kept = [entry for entry in table if entry.function != 7 or entry.index == 0]
    return kept if last is None else replaced(kept, (7, 0), "eax", last)


def _filled(table: Table) -> Table:
    for register in ("ebx", "ecx", "edx"):
        table = replaced(table, (7, 0), register, ONES)
    return table


def _intel(table: Table) -> Table:
    """Intel's name, and a highest leaf that is in every table and not zero."""
    table = replaced(table, (0, 0), "eax", 0xD)
    for register, letters in INTEL.items():
        table = replaced(table, (0, 0), register, letters)
    return table


def _width(table: Table, bits: int) -> Table:
    """Linear-address width: bits 15 to 8 of leaf 0x80000008 EAX."""
    eax = word(table, (0x8000_0008, 0), "eax")
    return replaced(table, (0x8000_0008, 0), "eax", eax & ~0xFF00 | bits << 8)


class Case(NamedTuple):
    """A table, made from what KVM reports, and what the guest is to ask."""

    name: str
    make: Callable[[Table], Table]
    places: tuple[Place, ...]


TABLES = (
    Case("as reported", lambda t: t, ((7, 0), (7, 1), (UNKNOWN, 0), (BEYOND, 0))),
    Case("leaf 7: EBX, ECX, EDX all ones", _filled, ((7, 0),)),
    Case("only subleaf 0 of leaf 7, EAX = 0", lambda t: _only(t, 0), ((7, 0), (7, 1), (7, 5))),
    Case("only subleaf 0 of leaf 7, EAX = 2", lambda t: _only(t, 2), ((7, 0), (7, 1))),
    Case(
        "leaf 7 without SIGNIFCANT_INDEX",
        lambda t: [e._replace(flags=0) if e.function == 7 else e for e in _only(t, 0)],
        ((7, 0), (7, 1)),
    ),
    Case("a leaf nobody defined", lambda t: [*t, CpuidEntry(UNKNOWN, 0, 0, 1, 2, 3, 4)], ((UNKNOWN, 0),)),
    Case("a leaf of a hypervisor", lambda t: [*t, CpuidEntry(PARAVIRTUAL, 0, 0, 0xAA, 0xBB, 0xCC, 0xDD)], ((PARAVIRTUAL, 0),)),
    Case("vendor GenuineIntel, highest leaf D", _intel, ((0, 0), (UNKNOWN, 0), (BEYOND, 0))),
    Case(
        "the same leaf twice",
        lambda t: [*t, CpuidEntry(UNKNOWN, 0, 0, 1, 1, 1, 1), CpuidEntry(UNKNOWN, 0, 0, 2, 2, 2, 2)],
        ((UNKNOWN, 0),),
    ),
    Case("empty", lambda _: [], ((0, 0), (1, 0), (7, 0))),
    Case("256 entries", lambda _: [CpuidEntry(n, 0, 0, n) for n in range(256)], ((0xFF, 0),)),
    Case("257 entries", lambda _: [CpuidEntry(n, 0, 0, n) for n in range(257)], ((0xFF, 0),)),
    Case("linear addresses of 0 bits", lambda t: _width(t, 0), ((0x8000_0008, 0),)),
    Case("linear addresses of 39 bits", lambda t: _width(t, 39), ((0x8000_0008, 0),)),
    Case("linear addresses of 57 bits", lambda t: _width(t, 57), ((0x8000_0008, 0),)),
    Case(
        "AMX tile configuration in leaf D", lambda t: replaced(t, (0xD, 0), "eax", word(t, (0xD, 0), "eax") | 1 << 17), ((0xD, 0),)
    ),
    Case("AMX tile data in leaf D", lambda t: replaced(t, (0xD, 0), "eax", word(t, (0xD, 0), "eax") | 3 << 17), ((0xD, 0),)),
)


_LEVEL, _ID = 0xB, 7
_THREADS, _CORES = CpuidEntry(_LEVEL, 0, 1, 0, 2, 0x100, _ID), CpuidEntry(_LEVEL, 1, 1, 1, 4, 0x201, _ID)


def _levels(table: Table, *entries: CpuidEntry) -> Table:
    """Leaf B with these subleaves and no others."""
    return [*(entry for entry in table if entry.function != _LEVEL), *entries]


TOPOLOGY = (
    Case("subleaves 0 and 1 of leaf B", lambda t: _levels(t, _THREADS, _CORES), ((_LEVEL, 1), (_LEVEL, 5), (_LEVEL, 0x105))),
    Case("the same, vendor GenuineIntel", lambda t: _intel(_levels(t, _THREADS, _CORES)), ((_LEVEL, 5),)),
    Case("only subleaf 0 of leaf B", lambda t: _levels(t, _THREADS), ((_LEVEL, 5),)),
)
"""Tables whose leaf B has two levels of a topology, or one, for a CPU with x2APIC ID 7; asked for subleaves beyond."""


class Rewritten(NamedTuple):
    """A field; the values it is given; and what is changed after the guest has read it."""

    name: str
    place: Place
    register: str
    bit: int
    width: int
    given: tuple[int, ...]
    then: str
    cr4: int = 0
    apic_base: int = 0  # inverted
    xcr0: int = 0

    def get(self, value: int) -> int:
        """The field in a word."""
        return value >> self.bit & (1 << self.width) - 1

    def put(self, value: int, field: int) -> int:
        """The word with the field set."""
        return value & ~((1 << self.width) - 1 << self.bit) | field << self.bit


X2APIC = 1 << 21  # of leaf 1 ECX
CR4_OSFXSR, CR4_OSXSAVE, CR4_PKE = 1 << 9, 1 << 18, 1 << 22
APIC_ENABLED = 1 << 11
X87, SSE, AVX, ZMM = 1, 2, 4, 0xE0
REWRITTEN = (
    Rewritten("CLFLUSH line size", (1, 0), "ebx", 8, 8, (8, 255), "nothing"),
    Rewritten("OSXSAVE", (1, 0), "ecx", 27, 1, (0, 1), "CR4.OSXSAVE set", cr4=CR4_OSXSAVE),
    Rewritten("APIC", (1, 0), "edx", 9, 1, (0, 1), "APIC disabled in its base MSR", apic_base=APIC_ENABLED),
    Rewritten("OSPKE", (7, 0), "ecx", 4, 1, (0, 1), "CR4.PKE set", cr4=CR4_PKE),
    Rewritten("D.0 EBX", (0xD, 0), "ebx", 0, 32, (0, 4096), "XCR0 = x87, SSE, AVX", cr4=CR4_OSXSAVE, xcr0=X87 | SSE | AVX),
    Rewritten("D.1 EBX", (0xD, 1), "ebx", 0, 32, (0, 4096), "XCR0 = x87, SSE, AVX", cr4=CR4_OSXSAVE, xcr0=X87 | SSE | AVX),
)


_EFER = 0xC000_0080


class Way(NamedTuple):
    """How a feature is used: code, where it runs, and the registers that are set for it from outside."""

    name: str
    code: bytes
    user: bool = False
    cr4: int = 0
    efer: int = 0
    xcr0: int = 0


class Feature(NamedTuple):
    """A bit of CPUID, what guards the feature (empty: nothing that a hypervisor could use on every CPU), and ways to use it."""

    name: str
    place: Place
    register: str
    bit: int
    gate: str
    qemu: str
    ways: tuple[Way, ...]


def _run(instruction: str, code: bytes, **more: int) -> tuple[Way, ...]:
    return (Way(f"{instruction} in user mode", code, True, **more),)


def _cr4(bit: int, name: str) -> tuple[Way, ...]:
    code = asm.code("0f 20 e0  48 0d {bits:4}  0f 22 e0", "mov rax, cr4; or rax, {bits}; mov cr4, rax", bits=1 << bit)
    return Way(f"the guest sets CR4.{name}", code), Way(f"KVM_SET_SREGS sets CR4.{name}", _NOP, cr4=1 << bit)


def _efer(bit: int, name: str) -> tuple[Way, ...]:
    code = asm.code(
        "b9 {msr:4}  0f 32  0d {bits:4}  0f 30", "mov ecx, {msr}; rdmsr; or eax, {bits}; wrmsr", msr=_EFER, bits=1 << bit
    )
    return Way(f"the guest sets EFER.{name}", code), Way(f"KVM_SET_SREGS sets EFER.{name}", _NOP, efer=1 << bit)


_NOP = asm.code("90", "nop")
_VADDPS = asm.code("c5 fc 58 c0", "vaddps ymm0, ymm0, ymm0")
_VADDPS_512 = asm.code("62 f1 7c 48 58 c0", "vaddps zmm0, zmm0, zmm0")
FEATURES = (
    Feature("POPCNT", (1, 0), "ecx", 23, "", "popcnt", _run("POPCNT", asm.code("f3 48 0f b8 c0", "popcnt rax, rax"))),
    Feature("SSE4.2", (1, 0), "ecx", 20, "", "sse4.2", _run("CRC32", asm.code("f2 48 0f 38 f1 c0", "crc32 rax, rax"))),
    Feature("MOVBE", (1, 0), "ecx", 22, "", "movbe", _run("MOVBE", asm.code("48 0f 38 f0 06", "movbe rax, [rsi]"))),
    Feature("AES", (1, 0), "ecx", 25, "", "aes", _run("AESENC", asm.code("66 0f 38 dc c0", "aesenc xmm0, xmm0"), cr4=CR4_OSFXSR)),
    Feature("ADX", (7, 0), "ebx", 19, "", "adx", _run("ADCX", asm.code("66 48 0f 38 f6 c0", "adcx rax, rax"))),
    Feature("BMI1", (7, 0), "ebx", 3, "", "bmi1", _run("ANDN", asm.code("c4 e2 f8 f2 c0", "andn rax, rax, rax"))),
    Feature("RDTSCP", (0x8000_0001, 0), "edx", 27, "an intercept", "rdtscp", _run("RDTSCP", asm.code("0f 01 f9", "rdtscp"))),
    Feature("AVX", (1, 0), "ecx", 28, "XCR0, by leaf D", "avx", _run("VADDPS", _VADDPS, cr4=CR4_OSXSAVE, xcr0=X87 | SSE | AVX)),
    Feature("AVX state", (0xD, 0), "eax", 2, "XCR0", "", _run("VADDPS", _VADDPS, cr4=CR4_OSXSAVE, xcr0=X87 | SSE | AVX)),
    Feature(
        "AVX512F", (7, 0), "ebx", 16, "XCR0, by leaf D", "avx512f",
        _run("512-bit VADDPS", _VADDPS_512, cr4=CR4_OSXSAVE, xcr0=X87 | SSE | AVX | ZMM),
    ),
    Feature("XSAVE", (1, 0), "ecx", 26, "CR4", "xsave", _cr4(18, "OSXSAVE")),
    Feature("SMEP", (7, 0), "ebx", 7, "CR4", "smep", _cr4(20, "SMEP")),
    Feature("SMAP", (7, 0), "ebx", 20, "CR4", "smap", _cr4(21, "SMAP")),
    Feature("UMIP", (7, 0), "ecx", 2, "CR4", "umip", _cr4(11, "UMIP")),
    Feature("FSGSBASE", (7, 0), "ebx", 0, "CR4", "fsgsbase", _cr4(16, "FSGSBASE")),
    Feature("PCID", (1, 0), "ecx", 17, "CR4", "pcid", _cr4(17, "PCIDE")),
    Feature("PKU", (7, 0), "ecx", 3, "CR4", "pku", _cr4(22, "PKE")),
    Feature("VMX", (1, 0), "ecx", 5, "CR4", "vmx", _cr4(13, "VMXE")),
    Feature("NX", (0x8000_0001, 0), "edx", 20, "EFER", "nx", _efer(11, "NXE")),
    Feature("SVM", (0x8000_0001, 0), "ecx", 2, "EFER", "svm", _efer(12, "SVME")),
)  # fmt: skip
