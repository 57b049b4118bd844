"""Instructions for KVM's emulator: those whose way is followed, and those that it is asked whether it knows. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from syslab.kvm.exit_cases import HOLE, SCRATCH

PREFIX = bytes.fromhex("0f 0b 6b 76 6d")
"""UD2 and the letters "kvm": with the module parameter force_emulation_prefix, KVM emulates the instruction behind it."""
OSXSAVE = 1 << 18
PLAIN, FORCED = "plain", "forced"
"""Ways of an instruction: as any guest has it, or behind the prefix."""


@dataclass(frozen=True)
class Case:
    """``code`` is one instruction; ``before`` is executed first, by the CPU. ``regs`` are set by us before both."""

    key: str
    shown: str
    code: bytes
    regs: dict[str, int] = field(default_factory=dict)
    kind: str = ""
    before: bytes = b""
    cr4: int = 0


def _case(key: str, shown: str, code: str, **regs: int) -> Case:
    return Case(key, shown, bytes.fromhex(code), regs)


RIP_CASES = (
    _case("cpuid", "CPUID", "0fa2", rax=0),
    _case("out", "OUT to port 0x42", "e642"),
    _case("out-7e", "OUT to port 0x7e", "e67e"),
    _case("outsb", "OUTSB, OUT of a byte of memory", "6e", rdx=0x42, rsi=SCRATCH),
    _case("in", "IN from port 0x42", "e442"),
    _case("insb", "INSB, IN to memory", "6c", rdx=0x42, rdi=SCRATCH),
    _case("mmio-store", "MOV, a store of 4 bytes", "8907", rdi=HOLE),
    _case("mmio-store-16", "MOVUPS, a store of 16 bytes", "0f1107", rdi=HOLE),
    _case("mmio-load", "MOV, a load of 4 bytes", "8b07", rdi=HOLE),
    _case("mmio-add", "ADD to memory, a load and a store", "0107", rdi=HOLE),
    _case("hlt", "HLT", "f4"),
)
"""Where is RIP when they reach user space? HOLE has no memory behind it."""

_AM = 1 << 18
PATH_CASES = (
    _case("cpuid", "CPUID", "0fa2", rax=0),
    _case("out", "OUT to a port", "e642"),
    _case("mov-cr0", "MOV to CR0", "0f22c0", rax=0x8005_0033 ^ _AM),
    _case("rdmsr", "RDMSR", "0f32", rcx=0x277),
    _case("mmio-store", "MOV to MMIO", "8907", rdi=HOLE),
    _case("mmio-load", "MOV from MMIO", "8b07", rdi=HOLE),
)
ALWAYS_EMULATED = ("mmio-store", "mmio-load")
"""These need no prefix: KVM has no other way to find out what they do."""

_REGS = {"rax": 6, "rbx": 3, "rcx": 2, "rdx": 0, "rsi": SCRATCH, "rdi": SCRATCH + 0x100}
_XSETBV = bytes.fromhex("0f01d1")
_KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "integer": (
        ("MOV", "4889d8"), ("ADD", "4801d8"), ("IMUL", "480fafc3"), ("MUL", "48f7e3"), ("DIV", "48f7f3"), ("SHL", "48d1e0"),
        ("LEA", "488d06"), ("PUSH", "50"), ("XCHG", "4887d8"), ("BSWAP", "480fc8"), ("BSF", "480fbcc3"), ("CMOVZ", "480f44c3"),
        ("SETZ", "0f94c0"), ("MOVZX", "0fb6c3"), ("LOCK CMPXCHG", "f0480fb11e"), ("LOCK XADD", "f0480fc11e"),
        ("CMPXCHG8B", "0fc70e"), ("CMPXCHG16B", "480fc70e"), ("REP MOVSB", "f3a4"), ("STOSB", "aa"), ("JMP", "eb00"),
        ("CALL", "e800000000"),
    ),
    "newer integer": (
        ("MOVBE", "0f38f006"), ("POPCNT", "f3480fb8c3"), ("LZCNT", "f3480fbdc3"), ("CRC32", "f2480f38f1c3"),
        ("ADCX", "66480f38f6c3"), ("ANDN", "c4e2e0f2c3"), ("RDRAND", "480fc7f0"),
    ),
    "system": (
        ("CPUID", "0fa2"), ("RDTSC", "0f31"), ("RDMSR", "0f32"), ("MOV from CR0", "0f20c0"), ("MOV from CR4", "0f20e0"),
        ("CLTS", "0f06"), ("SMSW", "0f01e0"), ("SGDT", "0f0106"), ("STR", "0f00c8"), ("INVLPG", "0f013e"), ("WBINVD", "0f09"),
        ("INVD", "0f08"), ("CLI", "fa"), ("SWAPGS", "0f01f8"), ("PAUSE", "f390"), ("CLFLUSH", "0fae3e"), ("MFENCE", "0faef0"),
        ("STAC", "0f01cb"), ("CLAC", "0f01ca"), ("RDTSCP", "0f01f9"),
    ),
    "x87 and MMX": (
        ("FNINIT", "dbe3"), ("FNSTCW", "d93e"), ("FNSTSW", "dd3e"), ("FWAIT", "9b"), ("FLD1", "d9e8"), ("FADDP", "dec1"),
        ("MOVQ load to MM0", "0f6f06"), ("MOVQ store of MM0", "0f7f06"), ("EMMS", "0f77"), ("PADDB of MM0", "0ffcc0"),
    ),
    "SSE": (
        ("MOVAPS load", "0f2806"), ("MOVAPS store", "0f2906"), ("MOVUPS load", "0f1006"), ("MOVDQU load", "f30f6f06"),
        ("MOVNTI", "480fc306"), ("FXSAVE", "0fae06"), ("ADDPS", "0f58c1"), ("PXOR", "660fefc0"), ("LDMXCSR", "0fae16"),
    ),
    "AVX and XSAVE": (
        ("VMOVAPS load", "c5f82806"), ("VMOVDQU load", "c5fe6f06"), ("VADDPS", "c5f858c1"), ("XSETBV", "0f01d1"),
        ("XGETBV", "0f01d0"), ("XSAVE", "0fae26"),
    ),
}  # fmt: skip


def _known() -> list[Case]:
    found = []
    for kind, members in _KINDS.items():
        for shown, code in members:
            regs, before, cr4 = dict(_REGS), b"", 0
            if kind.startswith("AVX"):  # XCR0 = x87, SSE, AVX
                regs |= {"rax": 7, "rcx": 0}
                before, cr4 = _XSETBV, OSXSAVE
            elif shown == "RDMSR":
                regs["rcx"] = 0x277
            found.append(Case(shown, shown, bytes.fromhex(code), regs, kind, before, cr4))
    return found


KNOWN_CASES = tuple(_known())
"""Does the emulator know them? One of a kind, mostly."""
KINDS = tuple(_KINDS)
NEVER_TWICE = ("RDTSC", "RDRAND", "RDTSCP")
"""Their results differ from one time to the next."""
