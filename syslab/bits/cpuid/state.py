"""CPUID leaf 0xD: the state that XSAVE saves, its sizes and places."""

from __future__ import annotations

from .build import APM, LINUX, SDM, bit, register, whole

CPUID_D_0_EAX = register(
    0xD, 0, "eax",
    (
        bit(0, "x87", "x87 registers; XCR0 always has them on"),
        bit(1, "SSE", "XMM registers and MXCSR"),
        bit(2, "AVX", "upper halves of the YMM registers"),
        bit(3, "BNDREGS", "MPX: BND0 to BND3 (Intel)"),
        bit(4, "BNDCSR", "MPX: configuration and status (Intel)"),
        bit(5, "OPMASK", "AVX-512: mask registers k0 to k7"),
        bit(6, "ZMM_Hi256", "AVX-512: upper halves of ZMM0 to ZMM15"),
        bit(7, "Hi16_ZMM", "AVX-512: ZMM16 to ZMM31"),
        bit(9, "PKRU", "rights of the protection keys"),
        bit(17, "TILECFG", "AMX: configuration of the tiles (Intel)"),
        bit(18, "TILEDATA", "AMX: the tiles (Intel)"),
        bit(19, "APX", "APX: general registers R16 to R31 (Intel)"),
    ),
    SDM, APM, note="The bits of XCR0 that this CPU has; which are on is XCR0's matter (XGETBV).",
)  # fmt: skip
CPUID_D_0_EBX = register(0xD, 0, "ebx", whole("SIZE_NOW", "bytes XSAVE needs for what XCR0 has on now"), SDM, APM)
CPUID_D_0_ECX = register(0xD, 0, "ecx", whole("SIZE_MAX", "bytes XSAVE would need with all of XCR0 on"), SDM, APM)
CPUID_D_0_EDX = register(0xD, 0, "edx", (bit(30, "LWP", "lightweight profiling (AMD; bit 62 of XCR0)"),), SDM, APM)
CPUID_D_1_EAX = register(
    0xD, 1, "eax",
    (
        bit(0, "XSAVEOPT", "XSAVEOPT: saves only what changed", "XSAVEOPT", "Sandy Bridge"),
        bit(1, "XSAVEC", "XSAVEC: saves without gaps", "XSAVEC", "Skylake; AMD Zen"),
        bit(2, "XGETBV1", "XGETBV with ECX=1: what is in use", "XGETBV1", "Skylake; AMD Zen"),
        bit(3, "XSAVES", "XSAVES and XRSTORS: also state of the kernel", "XSAVES", "Skylake; AMD Zen"),
        bit(4, "XFD", "a first use of a state can be made to fault (Intel)", "XFD", "Sapphire Rapids"),
    ),
    SDM, APM, LINUX,
)  # fmt: skip
CPUID_D_1_EBX = register(0xD, 1, "ebx", whole("SIZE_NOW", "bytes XSAVES needs for what XCR0 and IA32_XSS have on now"), SDM, APM)
CPUID_D_1_ECX = register(
    0xD, 1, "ecx",
    (
        bit(8, "PT", "Processor Trace (Intel)"),
        bit(10, "PASID", "process address-space ID for ENQCMD (Intel)"),
        bit(11, "CET_U", "control-flow enforcement, user state"),
        bit(12, "CET_S", "control-flow enforcement, kernel state"),
        bit(13, "HDC", "hardware duty cycling (Intel)"),
        bit(14, "UINTR", "user interrupts (Intel)"),
        bit(15, "LBR", "last-branch records (Intel)"),
        bit(16, "HWP", "hardware P-states (Intel)"),
    ),
    SDM, APM, note="The bits of the MSR IA32_XSS that this CPU has.",
)  # fmt: skip
_NOTE = "One subleaf, from 2 on, for each bit of XCR0 or IA32_XSS that the CPU has; the others answer zeros."
CPUID_D_N_EAX = register(0xD, "n", "eax", whole("SIZE", "bytes of this state"), SDM, APM, note=_NOTE)
CPUID_D_N_EBX = register(
    0xD, "n", "ebx", whole("OFFSET", "where XSAVE's standard format puts it; 0 for states of IA32_XSS"), SDM, APM, note=_NOTE,
)  # fmt: skip
CPUID_D_N_ECX = register(
    0xD, "n", "ecx",
    (
        bit(0, "SUPERVISOR", "1: a state of IA32_XSS; 0: of XCR0"),
        bit(1, "ALIGNED", "1: the compacted format aligns it to 64 bytes"),
        bit(2, "XFD_FAULT", "1: its first use can be made to fault (XFD)"),
    ),
    SDM, APM, note=_NOTE,
)  # fmt: skip
