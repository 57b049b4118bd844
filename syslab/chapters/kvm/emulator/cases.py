"""Instructions for KVM's emulator: those whose way is followed, and those that it is asked whether it knows. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from syslab.kvm.exit_cases import HOLE, SCRATCH
from syslab.native import asm

PREFIX = asm.code("0f 0b", "ud2") + b"kvm"
"""UD2 and three letters: with the module parameter force_emulation_prefix, KVM emulates the instruction behind it."""
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


def _case(key: str, shown: str, code: bytes, **regs: int) -> Case:
    return Case(key, shown, code, regs)


RIP_CASES = (
    _case("cpuid", "CPUID", asm.code("0f a2", "cpuid"), rax=0),
    _case("out", "OUT to port 0x42", asm.code("e6 42", "out 0x42, al")),
    _case("out-7e", "OUT to port 0x7e", asm.code("e6 7e", "out 0x7e, al")),
    _case("outsb", "OUTSB, OUT of a byte of memory", asm.code("6e", "outsb"), rdx=0x42, rsi=SCRATCH),
    _case("in", "IN from port 0x42", asm.code("e4 42", "in al, 0x42")),
    _case("insb", "INSB, IN to memory", asm.code("6c", "insb"), rdx=0x42, rdi=SCRATCH),
    _case("mmio-store", "MOV, a store of 4 bytes", asm.code("89 07", "mov [rdi], eax"), rdi=HOLE),
    _case("mmio-store-16", "MOVUPS, a store of 16 bytes", asm.code("0f 11 07", "movups [rdi], xmm0"), rdi=HOLE),
    _case("mmio-load", "MOV, a load of 4 bytes", asm.code("8b 07", "mov eax, [rdi]"), rdi=HOLE),
    _case("mmio-add", "ADD to memory, a load and a store", asm.code("01 07", "add [rdi], eax"), rdi=HOLE),
    _case("hlt", "HLT", asm.code("f4", "hlt")),
)
"""Where is RIP when they reach user space? HOLE has no memory behind it."""

_AM = 1 << 18
PATH_CASES = (
    _case("cpuid", "CPUID", asm.code("0f a2", "cpuid"), rax=0),
    _case("out", "OUT to a port", asm.code("e6 42", "out 0x42, al")),
    _case("mov-cr0", "MOV to CR0", asm.code("0f 22 c0", "mov cr0, rax"), rax=0x8005_0033 ^ _AM),
    _case("rdmsr", "RDMSR", asm.code("0f 32", "rdmsr"), rcx=0x277),
    _case("mmio-store", "MOV to MMIO", asm.code("89 07", "mov [rdi], eax"), rdi=HOLE),
    _case("mmio-load", "MOV from MMIO", asm.code("8b 07", "mov eax, [rdi]"), rdi=HOLE),
)
ALWAYS_EMULATED = ("mmio-store", "mmio-load")
"""These need no prefix: KVM has no other way to find out what they do."""

_REGS = {"rax": 6, "rbx": 3, "rcx": 2, "rdx": 0, "rsi": SCRATCH, "rdi": SCRATCH + 0x100}
_XSETBV = asm.code("0f 01 d1", "xsetbv")
_KINDS: dict[str, tuple[tuple[str, bytes], ...]] = {
    "integer": (
        ("MOV", asm.code("48 89 d8", "mov rax, rbx")),
        ("ADD", asm.code("48 01 d8", "add rax, rbx")),
        ("IMUL", asm.code("48 0f af c3", "imul rax, rbx")),
        ("MUL", asm.code("48 f7 e3", "mul rbx")),
        ("DIV", asm.code("48 f7 f3", "div rbx")),
        ("SHL", asm.code("48 d1 e0", "shl rax, 1")),
        ("LEA", asm.code("48 8d 06", "lea rax, [rsi]")),
        ("PUSH", asm.code("50", "push rax")),
        ("XCHG", asm.code("48 87 d8", "xchg rax, rbx")),
        ("BSWAP", asm.code("48 0f c8", "bswap rax")),
        ("BSF", asm.code("48 0f bc c3", "bsf rax, rbx")),
        ("CMOVZ", asm.code("48 0f 44 c3", "cmove rax, rbx")),
        ("SETZ", asm.code("0f 94 c0", "sete al")),
        ("MOVZX", asm.code("0f b6 c3", "movzx eax, bl")),
        ("LOCK CMPXCHG", asm.code("f0 48 0f b1 1e", "lock cmpxchg [rsi], rbx")),
        ("LOCK XADD", asm.code("f0 48 0f c1 1e", "lock xadd [rsi], rbx")),
        ("CMPXCHG8B", asm.code("0f c7 0e", "cmpxchg8b qword [rsi]")),
        ("CMPXCHG16B", asm.code("48 0f c7 0e", "cmpxchg16b xmmword [rsi]")),
        ("REP MOVSB", asm.code("f3 a4", "rep movsb")),
        ("STOSB", asm.code("aa", "stosb")),
        ("JMP", asm.code("eb 00", "jmp $+2")),
        ("CALL", asm.code("e8 00 00 00 00", "call $+5")),
    ),
    "newer integer": (
        ("MOVBE", asm.code("0f 38 f0 06", "movbe eax, [rsi]")),
        ("POPCNT", asm.code("f3 48 0f b8 c3", "popcnt rax, rbx")),
        ("LZCNT", asm.code("f3 48 0f bd c3", "lzcnt rax, rbx")),
        ("CRC32", asm.code("f2 48 0f 38 f1 c3", "crc32 rax, rbx")),
        ("ADCX", asm.code("66 48 0f 38 f6 c3", "adcx rax, rbx")),
        ("ANDN", asm.code("c4 e2 e0 f2 c3", "andn rax, rbx, rbx")),
        ("RDRAND", asm.code("48 0f c7 f0", "rdrand rax")),
    ),
    "system": (
        ("CPUID", asm.code("0f a2", "cpuid")),
        ("RDTSC", asm.code("0f 31", "rdtsc")),
        ("RDMSR", asm.code("0f 32", "rdmsr")),
        ("MOV from CR0", asm.code("0f 20 c0", "mov rax, cr0")),
        ("MOV from CR4", asm.code("0f 20 e0", "mov rax, cr4")),
        ("CLTS", asm.code("0f 06", "clts")),
        ("SMSW", asm.code("0f 01 e0", "smsw eax")),
        ("SGDT", asm.code("0f 01 06", "sgdt [rsi]")),
        ("STR", asm.code("0f 00 c8", "str eax")),
        ("INVLPG", asm.code("0f 01 3e", "invlpg byte [rsi]")),
        ("WBINVD", asm.code("0f 09", "wbinvd")),
        ("INVD", asm.code("0f 08", "invd")),
        ("CLI", asm.code("fa", "cli")),
        ("SWAPGS", asm.code("0f 01 f8", "swapgs")),
        ("PAUSE", asm.code("f3 90", "pause")),
        ("CLFLUSH", asm.code("0f ae 3e", "clflush byte [rsi]")),
        ("MFENCE", asm.code("0f ae f0", "mfence")),
        ("STAC", asm.code("0f 01 cb", "stac")),
        ("CLAC", asm.code("0f 01 ca", "clac")),
        ("RDTSCP", asm.code("0f 01 f9", "rdtscp")),
    ),
    "x87 and MMX": (
        ("FNINIT", asm.code("db e3", "fninit")),
        ("FNSTCW", asm.code("d9 3e", "fnstcw word [rsi]")),
        ("FNSTSW", asm.code("dd 3e", "fnstsw word [rsi]")),
        ("FWAIT", asm.code("9b", "wait")),
        ("FLD1", asm.code("d9 e8", "fld1")),
        ("FADDP", asm.code("de c1", "faddp st(1)")),
        ("MOVQ load to MM0", asm.code("0f 6f 06", "movq mm0, [rsi]")),
        ("MOVQ store of MM0", asm.code("0f 7f 06", "movq [rsi], mm0")),
        ("EMMS", asm.code("0f 77", "emms")),
        ("PADDB of MM0", asm.code("0f fc c0", "paddb mm0, mm0")),
    ),
    "SSE": (
        ("MOVAPS load", asm.code("0f 28 06", "movaps xmm0, [rsi]")),
        ("MOVAPS store", asm.code("0f 29 06", "movaps [rsi], xmm0")),
        ("MOVUPS load", asm.code("0f 10 06", "movups xmm0, [rsi]")),
        ("MOVDQU load", asm.code("f3 0f 6f 06", "movdqu xmm0, [rsi]")),
        ("MOVNTI", asm.code("48 0f c3 06", "movnti [rsi], rax")),
        ("FXSAVE", asm.code("0f ae 06", "fxsave [rsi]")),
        ("ADDPS", asm.code("0f 58 c1", "addps xmm0, xmm1")),
        ("PXOR", asm.code("66 0f ef c0", "pxor xmm0, xmm0")),
        ("LDMXCSR", asm.code("0f ae 16", "ldmxcsr dword [rsi]")),
    ),
    "AVX and XSAVE": (
        ("VMOVAPS load", asm.code("c5 f8 28 06", "vmovaps xmm0, [rsi]")),
        ("VMOVDQU load", asm.code("c5 fe 6f 06", "vmovdqu ymm0, [rsi]")),
        ("VADDPS", asm.code("c5 f8 58 c1", "vaddps xmm0, xmm0, xmm1")),
        ("XSETBV", asm.code("0f 01 d1", "xsetbv")),
        ("XGETBV", asm.code("0f 01 d0", "xgetbv")),
        ("XSAVE", asm.code("0f ae 26", "xsave [rsi]")),
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
            found.append(Case(shown, shown, code, regs, kind, before, cr4))
    return found


KNOWN_CASES = tuple(_known())
"""Does the emulator know them? One of a kind, mostly."""
KINDS = tuple(_KINDS)
NEVER_TWICE = ("RDTSC", "RDRAND", "RDTSCP")
"""Their results differ from one time to the next."""
