"""CPUID leaves 0x80000000 to 0x80000004: AMD's features, which Intel shares in part, and the brand string."""

from __future__ import annotations

from .build import APM, LINUX, SDM, bit, register, whole, wide
from .features_1 import REPEATED, SIGNATURE, SIGNATURE_NOTE

_LEAF = 0x80000001

CPUID_80000000_EAX = register(0x80000000, "", "eax", whole("MAX_LEAF", "highest extended leaf this CPU has", "x"), SDM, APM)
CPUID_80000000_EBX = register(
    0x80000000, "", "ebx", whole("VENDOR1", "maker's name, letters 1 to 4 (AMD; Intel: 0)", "s"), SDM, APM
)
CPUID_80000000_EDX = register(
    0x80000000, "", "edx", whole("VENDOR2", "maker's name, letters 5 to 8 (AMD; Intel: 0)", "s"), SDM, APM
)
CPUID_80000000_ECX = register(
    0x80000000, "", "ecx", whole("VENDOR3", "maker's name, letters 9 to 12 (AMD; Intel: 0)", "s"), SDM, APM
)

CPUID_80000001_EAX = register(_LEAF, "", "eax", SIGNATURE, SDM, APM, note=f"AMD: as leaf 1 EAX. {SIGNATURE_NOTE}")
CPUID_80000001_EBX = register(
    _LEAF, "", "ebx",
    (wide("15:0", "BRAND_ID", "brand ID (AMD)", "x"), wide("31:28", "PACKAGE", "package type (AMD)", "x")),
    APM,
)  # fmt: skip
CPUID_80000001_ECX = register(
    _LEAF, "", "ecx",
    (
        bit(0, "LAHF", "LAHF and SAHF in 64-bit mode", "LAHF_LM"),
        bit(1, "CmpLegacy", "several cores without hyper-threading (AMD)", "CMP_LEGACY"),
        bit(2, "SVM", "AMD's virtualization", "SVM"),
        bit(3, "ExtApicSpace", "more APIC registers (AMD)", "EXTAPIC"),
        bit(4, "AltMovCr8", "LOCK MOV CR0 reaches CR8 outside 64-bit mode (AMD)", "CR8_LEGACY"),
        bit(5, "ABM", "LZCNT; on AMD together with POPCNT", "ABM", "AMD family 0x10; Haswell"),
        bit(6, "SSE4A", "SSE4A instructions (AMD)", "SSE4A", "AMD family 0x10"),
        bit(7, "MisAlignSse", "SSE can be told to allow misaligned operands (AMD)", "MISALIGNSSE", "AMD family 0x10"),
        bit(8, "3DNowPrefetch", "PREFETCHW; on AMD also PREFETCH", "3DNOWPREFETCH"),
        bit(9, "OSVW", "errata whose workaround is the kernel's are listed in MSRs (AMD)", "OSVW"),
        bit(10, "IBS", "instruction-based sampling (AMD)", "IBS", "AMD family 0x10"),
        bit(11, "XOP", "XOP instructions (AMD; dropped by Zen)", "XOP", "AMD Bulldozer"),
        bit(12, "SKINIT", "secure start: SKINIT, STGI (AMD)", "SKINIT"),
        bit(13, "WDT", "watchdog timer (AMD)", "WDT"),
        bit(15, "LWP", "lightweight profiling (AMD; dropped by Zen)", "LWP", "AMD Bulldozer"),
        bit(16, "FMA4", "fused multiply-add with four operands (AMD)", "FMA4", "AMD Bulldozer"),
        bit(17, "TCE", "translation-cache extension: finer INVLPG (AMD)", "TCE"),
        bit(19, "NodeId", "the NodeId MSR 0xC001100C (AMD)", "NODEID_MSR"),
        bit(21, "TBM", "trailing-bit manipulation (AMD; dropped by Zen)", "TBM", "AMD Piledriver"),
        bit(22, "TopologyExtensions", "leaves 0x8000001D and 0x8000001E (AMD)", "TOPOEXT"),
        bit(23, "PerfCtrExtCore", "six performance counters a core (AMD)", "PERFCTR_CORE"),
        bit(24, "PerfCtrExtNB", "northbridge or data-fabric performance counters (AMD)", "PERFCTR_NB"),
        bit(26, "DataBkptExt", "address masks for breakpoints (AMD)", "BPEXT"),
        bit(27, "PerfTsc", "performance time-stamp counter (AMD)", "PTSC"),
        bit(28, "PerfCtrExtLLC", "last-level cache performance counters (AMD)", "PERFCTR_LLC"),
        bit(29, "MONITORX", "MONITORX and MWAITX, also for user code (AMD)", "MWAITX"),
        bit(30, "AddrMaskExt", "breakpoint masks reach bit 31 (AMD)"),
    ),
    SDM, APM, LINUX, note="Intel defines LAHF, ABM (as LZCNT) and 3DNowPrefetch (as PREFETCHW) only.",
)  # fmt: skip
CPUID_80000001_EDX = register(
    _LEAF, "", "edx",
    (
        *(bit(at, name, f"{title}: repeats leaf 1 EDX (AMD)") for at, name, title, _, _ in REPEATED),
        bit(11, "SYSCALL", "SYSCALL and SYSRET; Intel sets it in 64-bit mode only", "SYSCALL", "AMD K6-2"),
        bit(19, "MP", "meant for several sockets (old AMD CPUs)", "MP"),
        bit(20, "NX", "pages that cannot be executed", "NX", "AMD K8"),
        bit(22, "MMXExt", "AMD's additions to MMX", "MMXEXT", "AMD Athlon"),
        bit(25, "FFXSR", "fast FXSAVE and FXRSTOR (AMD)", "FXSR_OPT"),
        bit(26, "Page1GB", "pages of 1 GB", "GBPAGES", "AMD family 0x10; Westmere"),
        bit(27, "RDTSCP", "RDTSCP instruction", "RDTSCP"),
        bit(29, "LM", "long mode: 64-bit code", "LM", "AMD K8"),
        bit(30, "3DNowExt", "AMD's additions to 3DNow! (AMD; dropped since)", "3DNOWEXT", "AMD Athlon"),
        bit(31, "3DNow", "3DNow! instructions (AMD; dropped since)", "3DNOW", "AMD K6-2"),
    ),
    SDM, APM, LINUX, note="Intel defines SYSCALL, NX, Page1GB, RDTSCP and LM only.",
)  # fmt: skip

_BRAND = tuple(
    register(0x80000002 + n // 4, "", name, whole(f"BRAND{n + 1}", f"brand, letters {4 * n + 1} to {4 * n + 4}", "s"), SDM, APM)
    for n, name in enumerate(("eax", "ebx", "ecx", "edx") * 3)
)
CPUID_80000002_EAX, CPUID_80000002_EBX, CPUID_80000002_ECX, CPUID_80000002_EDX = _BRAND[:4]
CPUID_80000003_EAX, CPUID_80000003_EBX, CPUID_80000003_ECX, CPUID_80000003_EDX = _BRAND[4:8]
CPUID_80000004_EAX, CPUID_80000004_EBX, CPUID_80000004_ECX, CPUID_80000004_EDX = _BRAND[8:]
