"""CPUID leaf 1: which CPU this is, and the first two words of features."""

from __future__ import annotations

from .build import APM, LINUX, SDM, bit, register, wide

SIGNATURE_NOTE = "The family shown is FAMILY, plus EXT_FAMILY where FAMILY is 15; the model is MODEL, plus EXT_MODEL * 16 where FAMILY is 6 or 15."
SIGNATURE = (
    wide("3:0", "STEPPING", "revision of the model"),
    wide("7:4", "MODEL", "low part of the model", "x"),
    wide("11:8", "FAMILY", "base family", "x"),
    wide("13:12", "TYPE", "processor type (Intel; AMD reserves it)", values={0: "original", 1: "OverDrive", 2: "dual processor"}),
    wide("19:16", "EXT_MODEL", "high part of the model, where FAMILY is 6 or 15", "x"),
    wide("27:20", "EXT_FAMILY", "added to the family where FAMILY is 15", "x"),
)
CPUID_1_EAX = register(1, "", "eax", SIGNATURE, SDM, APM, note=SIGNATURE_NOTE)
CPUID_1_EBX = register(
    1, "", "ebx",
    (
        wide("7:0", "BRAND", "brand index; 0 where the brand string replaces it", "x"),
        wide("15:8", "CLFLUSH", "line that CLFLUSH flushes, in units of 8 bytes"),
        wide("23:16", "LOGICAL", "logical CPUs' IDs in the package, where HTT is set"),
        wide("31:24", "APIC_ID", "initial APIC ID of the logical CPU that asked", "x"),
    ),
    SDM, APM,
)  # fmt: skip
CPUID_1_ECX = register(
    1, "", "ecx",
    (
        bit(0, "SSE3", "SSE3 instructions", "XMM3", "Pentium 4 (Prescott)"),
        bit(1, "PCLMULQDQ", "carry-less multiplication", "PCLMULQDQ", "Westmere"),
        bit(2, "DTES64", "debug store with 64-bit addresses (Intel)", "DTES64"),
        bit(3, "MONITOR", "MONITOR and MWAIT instructions", "MWAIT", "Pentium 4 (Prescott)"),
        bit(4, "DS-CPL", "debug store can tell kernel and user branches apart (Intel)", "DSCPL"),
        bit(5, "VMX", "Intel's virtualization", "VMX"),
        bit(6, "SMX", "safer mode: GETSEC (Intel)", "SMX"),
        bit(7, "EIST", "Enhanced SpeedStep (Intel)", "EST"),
        bit(8, "TM2", "thermal monitor 2 (Intel)", "TM2"),
        bit(9, "SSSE3", "supplemental SSE3 instructions", "SSSE3", "Core 2 (Merom)"),
        bit(10, "CNXT-ID", "the L1 data cache can be set to adaptive or shared mode (Intel)", "CID"),
        bit(11, "SDBG", "silicon debug MSR IA32_DEBUG_INTERFACE (Intel)", "SDBG"),
        bit(12, "FMA", "fused multiply-add with three operands", "FMA", "Haswell; AMD Piledriver"),
        bit(13, "CMPXCHG16B", "compare and exchange of 16 bytes", "CX16"),
        bit(14, "XTPR", "task-priority messages can be switched off (Intel)", "XTPR"),
        bit(15, "PDCM", "the MSR IA32_PERF_CAPABILITIES (Intel)", "PDCM"),
        bit(17, "PCID", "process-context identifiers in CR3", "PCID", "Westmere"),
        bit(18, "DCA", "prefetching from memory-mapped devices (Intel)", "DCA"),
        bit(19, "SSE4.1", "SSE4.1 instructions", "XMM4_1", "Penryn"),
        bit(20, "SSE4.2", "SSE4.2 instructions", "XMM4_2", "Nehalem"),
        bit(21, "x2APIC", "APIC with 32-bit IDs, used through MSRs", "X2APIC", "Nehalem"),
        bit(22, "MOVBE", "move that swaps bytes", "MOVBE", "Atom (Bonnell)"),
        bit(23, "POPCNT", "counting set bits", "POPCNT", "Nehalem; AMD family 0x10"),
        bit(24, "TSC-DEADLINE", "the APIC's timer fires at a TSC value", "TSC_DEADLINE_TIMER"),
        bit(25, "AESNI", "AES instructions", "AES", "Westmere"),
        bit(26, "XSAVE", "XSAVE, XRSTOR, XSETBV, XGETBV", "XSAVE", "Penryn"),
        bit(27, "OSXSAVE", "not a feature of the CPU: the kernel has set CR4.OSXSAVE", "OSXSAVE", "Penryn"),
        bit(28, "AVX", "256-bit vectors of floating-point numbers", "AVX", "Sandy Bridge; AMD Bulldozer"),
        bit(29, "F16C", "conversions from and to half precision", "F16C", "Ivy Bridge; AMD Piledriver"),
        bit(30, "RDRAND", "random numbers", "RDRAND", "Ivy Bridge"),
        bit(31, "HYPERVISOR", "0 on every CPU; a hypervisor sets it", "HYPERVISOR"),
    ),
    SDM, APM, LINUX,
)  # fmt: skip

# The features that leaf 1 EDX has and AMD repeats in leaf 0x80000001 EDX: bit, name, title, Linux, since.
REPEATED = (
    (0, "FPU", "x87 floating point", "FPU", ""),
    (1, "VME", "virtual-8086 mode enhancements", "VME", "Pentium"),
    (2, "DE", "debugging extensions: breakpoints on I/O", "DE", "Pentium"),
    (3, "PSE", "pages of 4 MB", "PSE", "Pentium"),
    (4, "TSC", "time-stamp counter, RDTSC", "TSC", "Pentium"),
    (5, "MSR", "model-specific registers: RDMSR, WRMSR", "MSR", "Pentium"),
    (6, "PAE", "physical addresses of more than 32 bits", "PAE", "Pentium Pro"),
    (7, "MCE", "machine-check exception", "MCE", "Pentium"),
    (8, "CMPXCHG8B", "compare and exchange of 8 bytes", "CX8", "Pentium"),
    (9, "APIC", "local APIC, present and switched on", "APIC", "Pentium"),
    (12, "MTRR", "memory-type range registers", "MTRR", "Pentium Pro"),
    (13, "PGE", "global pages", "PGE", "Pentium Pro"),
    (14, "MCA", "machine-check architecture", "MCA", "Pentium Pro"),
    (15, "CMOV", "conditional moves", "CMOV", "Pentium Pro"),
    (16, "PAT", "page attribute table", "PAT", "Pentium III"),
    (17, "PSE36", "4-MB pages above 4 GB without PAE", "PSE36", ""),
    (23, "MMX", "MMX instructions", "MMX", "Pentium MMX"),
    (24, "FXSR", "FXSAVE and FXRSTOR", "FXSR", "Pentium II"),
)  # fmt: skip
CPUID_1_EDX = register(
    1, "", "edx",
    (
        *(bit(at, name, title, linux, since) for at, name, title, linux, since in REPEATED),
        bit(11, "SEP", "SYSENTER and SYSEXIT", "SEP", "Pentium II"),
        bit(18, "PSN", "serial number of the processor (Intel)", "PN", "Pentium III"),
        bit(19, "CLFSH", "CLFLUSH instruction", "CLFLUSH", "Pentium 4"),
        bit(21, "DS", "debug store: branch records in memory (Intel)", "DS", "Pentium 4"),
        bit(22, "ACPI", "thermal monitor and clock modulation through MSRs (Intel)", "ACPI", "Pentium 4"),
        bit(25, "SSE", "SSE instructions", "XMM", "Pentium III"),
        bit(26, "SSE2", "SSE2 instructions", "XMM2", "Pentium 4"),
        bit(27, "SS", "self-snoop: the CPU snoops its own caches (Intel)", "SELFSNOOP", "Pentium 4"),
        bit(28, "HTT", "the package may have several logical CPUs; not a promise of hyper-threading", "HT", "Pentium 4"),
        bit(29, "TM", "thermal monitor (Intel)", "ACC", "Pentium 4"),
        bit(30, "IA64", "an Itanium running x86 code; reserved in today's manuals", "IA64"),
        bit(31, "PBE", "the FERR#/PBE# pin reports pending interrupts (Intel)", "PBE", "Pentium 4"),
    ),
    SDM, APM, LINUX,
)  # fmt: skip
