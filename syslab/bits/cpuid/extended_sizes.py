"""CPUID leaves 0x80000005 to 0x80000008 and 0x8000001E: caches, power, address sizes, topology (AMD's, in part Intel's)."""

from __future__ import annotations

from ..core import Field
from .build import APM, LINUX, SDM, bit, register, whole, wide

_L1_WAYS = {0: "reserved", 1: "direct-mapped", 0xFF: "fully associative"}
_WAYS = {
    0: "switched off", 1: "direct-mapped", 2: "2-way", 3: "3-way (AMD)", 4: "4-way", 5: "6-way (AMD)", 6: "8-way",
    7: "see leaf 4 (Intel)", 8: "16-way", 9: "see leaf 0x8000001D (AMD)", 10: "32-way", 11: "48-way", 12: "64-way", 13: "96-way",
    14: "128-way", 15: "fully associative",
}  # fmt: skip


def _l1_tlb(pages: str) -> tuple[Field, ...]:
    return (
        wide("7:0", "ITLB_ENTRIES", f"instruction TLB, {pages} pages: entries"),
        wide("15:8", "ITLB_WAYS", f"instruction TLB, {pages} pages: ways", values=_L1_WAYS),
        wide("23:16", "DTLB_ENTRIES", f"data TLB, {pages} pages: entries"),
        wide("31:24", "DTLB_WAYS", f"data TLB, {pages} pages: ways", values=_L1_WAYS),
    )


def _l1_cache(what: str) -> tuple[Field, ...]:
    return (
        wide("7:0", "LINE_SIZE", f"L1 {what} cache: bytes a line"),
        wide("15:8", "LINES_PER_TAG", f"L1 {what} cache: lines a tag"),
        wide("23:16", "WAYS", f"L1 {what} cache: ways", values=_L1_WAYS),
        wide("31:24", "SIZE", f"L1 {what} cache: size, kB"),
    )


def _l2_tlb(pages: str) -> tuple[Field, ...]:
    return (
        wide("11:0", "ITLB_ENTRIES", f"second-level instruction TLB, {pages} pages: entries"),
        wide("15:12", "ITLB_WAYS", f"second-level instruction TLB, {pages} pages: ways", values=_WAYS),
        wide("27:16", "DTLB_ENTRIES", f"second-level data TLB, {pages} pages: entries"),
        wide("31:28", "DTLB_WAYS", f"second-level data TLB, {pages} pages: ways", values=_WAYS),
    )


CPUID_80000005_EAX = register(0x80000005, "", "eax", _l1_tlb("2-MB and 4-MB"), APM, note="AMD only; a 4-MB page takes two entries.")
CPUID_80000005_EBX = register(0x80000005, "", "ebx", _l1_tlb("4-kB"), APM, note="AMD only.")
CPUID_80000005_ECX = register(0x80000005, "", "ecx", _l1_cache("data"), APM, note="AMD only.")
CPUID_80000005_EDX = register(0x80000005, "", "edx", _l1_cache("instruction"), APM, note="AMD only.")

CPUID_80000006_EAX = register(0x80000006, "", "eax", _l2_tlb("2-MB and 4-MB"), APM, note="AMD only; a 4-MB page takes two entries.")
CPUID_80000006_EBX = register(0x80000006, "", "ebx", _l2_tlb("4-kB"), APM, note="AMD only.")
CPUID_80000006_ECX = register(
    0x80000006, "", "ecx",
    (
        wide("7:0", "LINE_SIZE", "L2 cache: bytes a line"),
        wide("11:8", "LINES_PER_TAG", "L2 cache: lines a tag (AMD)"),
        wide("15:12", "WAYS", "L2 cache: ways", values=_WAYS),
        wide("31:16", "SIZE", "L2 cache: size, kB"),
    ),
    SDM, APM,
)  # fmt: skip
CPUID_80000006_EDX = register(
    0x80000006, "", "edx",
    (
        wide("7:0", "LINE_SIZE", "L3 cache: bytes a line"),
        wide("11:8", "LINES_PER_TAG", "L3 cache: lines a tag"),
        wide("15:12", "WAYS", "L3 cache: ways", values=_WAYS),
        wide("31:18", "SIZE", "L3 cache: size, in units of 512 kB"),
    ),
    APM, note="AMD only.",
)  # fmt: skip

CPUID_80000007_EBX = register(
    0x80000007, "", "ebx",
    (
        bit(0, "McaOverflowRecov", "a machine-check overflow is not fatal", "OVERFLOW_RECOV"),
        bit(1, "SUCCOR", "software can contain uncorrectable errors", "SUCCOR"),
        bit(2, "HWA", "hardware-assert MSRs"),
        bit(3, "ScalableMca", "scalable machine-check architecture", "SMCA", "AMD Zen"),
    ),
    APM, LINUX, note="AMD only.",
)  # fmt: skip
CPUID_80000007_ECX = register(
    0x80000007, "", "ecx", whole("CpuPwrSampleTimeRatio", "sample period of the power reports, in periods of the TSC"), APM, note="AMD only.",
)  # fmt: skip
CPUID_80000007_EDX = register(
    0x80000007, "", "edx",
    (
        bit(0, "TS", "temperature sensor (AMD)"),
        bit(1, "FID", "the kernel sets the frequency (AMD)"),
        bit(2, "VID", "the kernel sets the voltage (AMD)"),
        bit(3, "TTP", "switches off when too hot (AMD)"),
        bit(4, "TM", "hardware throttles when hot (AMD)"),
        bit(5, "STC", "software throttles when hot (old AMD CPUs)"),
        bit(6, "100MHzSteps", "frequency in steps of 100 MHz (AMD)"),
        bit(7, "HwPstate", "P-states by MSR (AMD)", "HW_PSTATE"),
        bit(8, "TscInvariant", "the TSC runs at one rate in all P-, C- and T-states", "CONSTANT_TSC NONSTOP_TSC"),
        bit(9, "CPB", "core performance boost (AMD)", "CPB"),
        bit(10, "EffFreqRO", "read-only MPERF and APERF (AMD)"),
        bit(11, "ProcFeedback", "feedback interface (old AMD CPUs)", "PROC_FEEDBACK"),
        bit(12, "ProcPowerReporting", "accumulated power MSRs (AMD)", "ACC_POWER"),
        bit(13, "ConnectedStandby", "connected standby (AMD)"),
        bit(14, "RAPL", "running average power limit (AMD)", "RAPL"),
        bit(15, "FastCPPC", "CPPC requests act fast (AMD)", "FAST_CPPC AMD_FAST_CPPC"),
        bit(16, "CPPCPerfPrio", "CPPC performance priority (AMD)", "CPPC_PERF_PRIO"),
    ),
    SDM, APM, LINUX, note="Intel defines TscInvariant only.",
)  # fmt: skip

CPUID_80000008_EAX = register(
    0x80000008, "", "eax",
    (
        wide("7:0", "PhysAddrSize", "bits of a physical address"),
        wide("15:8", "LinAddrSize", "bits of a linear address"),
        wide("23:16", "GuestPhysAddrSize", "bits of a guest's physical address; 0: as PhysAddrSize (AMD; KVM shows it on Intel too)"),
    ),
    SDM, APM,
)  # fmt: skip
CPUID_80000008_EBX = register(
    0x80000008, "", "ebx",
    (
        bit(0, "CLZERO", "zero a cache line (AMD)", "CLZERO", "AMD Zen"),
        bit(1, "InstRetCntMsr", "MSR that counts retired instructions (AMD)", "IRPERF", "AMD Zen"),
        bit(2, "RstrFpErrPtrs", "XSAVE and FXSAVE always save the x87 error pointers (AMD)", "XSAVEERPTR", "AMD Zen"),
        bit(3, "INVLPGB", "invalidate TLB entries of all CPUs: INVLPGB, TLBSYNC (AMD)", "INVLPGB", "AMD Zen 3"),
        bit(4, "RDPRU", "user code reads MPERF and APERF (AMD)", "RDPRU", "AMD Zen 2"),
        bit(6, "MBE", "memory-bandwidth enforcement (AMD)", "MBA", "AMD Zen 2"),
        bit(8, "MCOMMIT", "wait until stores have reached memory (AMD)"),
        bit(9, "WBNOINVD", "write all caches back and keep them", "WBNOINVD", "AMD Zen 2; Ice Lake server"),
        bit(12, "IBPB", "indirect-branch prediction barrier (AMD)", "AMD_IBPB"),
        bit(13, "INT_WBINVD", "WBINVD and WBNOINVD can be interrupted (AMD)"),
        bit(14, "IBRS", "indirect-branch restricted speculation (AMD)", "AMD_IBRS"),
        bit(15, "STIBP", "single-thread indirect-branch predictors (AMD)", "AMD_STIBP"),
        bit(16, "IbrsAlwaysOn", "IBRS is better left on (AMD)"),
        bit(17, "StibpAlwaysOn", "STIBP is better left on (AMD)", "AMD_STIBP_ALWAYS_ON"),
        bit(18, "IbrsPreferred", "IBRS is better than software's mitigation (AMD)"),
        bit(19, "IbrsSameMode", "IBRS also protects within one privilege level (AMD)", "AMD_IBRS_SAME_MODE"),
        bit(20, "EferLmsleUnsupported", "EFER.LMSLE is not there (AMD)", "EFER_LMSLE_MBZ"),
        bit(21, "INVLPGBNestedPages", "INVLPGB can name nested translations (AMD)"),
        bit(23, "PPIN", "inventory number of the processor (AMD)", "AMD_PPIN"),
        bit(24, "SSBD", "speculative store bypass can be switched off (AMD)", "AMD_SSBD"),
        bit(25, "SsbdVirtSpecCtrl", "the same through VIRT_SPEC_CTRL, for guests (AMD)", "VIRT_SSBD"),
        bit(26, "SsbdNotRequired", "SSBD is not needed (AMD)", "AMD_SSB_NO"),
        bit(27, "CPPC", "collaborative processor performance control (AMD)", "CPPC"),
        bit(28, "PSFD", "predictive store forwarding can be switched off (AMD)", "AMD_PSFD"),
        bit(29, "BTC_NO", "no branch-type confusion (AMD)", "BTC_NO"),
        bit(30, "IBPB_RET", "IBPB also clears return predictions (AMD)", "AMD_IBPB_RET"),
        bit(31, "BRS", "branch sampling (AMD)", "BRS"),
    ),
    SDM, APM, LINUX, note="Intel defines WBNOINVD only; KVM shows some of the others on Intel too.",
)  # fmt: skip
CPUID_80000008_ECX = register(
    0x80000008, "", "ecx",
    (
        wide("7:0", "NT", "threads in the package, minus one"),
        wide("15:12", "ApicIdSize", "low bits of the APIC ID that tell the threads of a package apart"),
        wide("17:16", "PerfTscSize", "width of the performance TSC", values={0: "40 bits", 1: "48 bits", 2: "56 bits", 3: "64 bits"}),
    ),
    APM, note="AMD only.",
)  # fmt: skip
CPUID_80000008_EDX = register(
    0x80000008, "", "edx",
    (
        wide("15:0", "InvlpgbCountMax", "most pages one INVLPGB takes, minus one"),
        wide("31:16", "MaxRdpruID", "highest register number RDPRU takes"),
    ),
    APM, note="AMD only.",
)  # fmt: skip

_TOPOLOGY = "AMD only, where leaf 0x80000001 ECX has TopologyExtensions."
CPUID_8000001E_EAX = register(
    0x8000001E, "", "eax", whole("ExtendedApicId", "APIC ID of the logical CPU that asked", "x"), APM, note=_TOPOLOGY
)
CPUID_8000001E_EBX = register(
    0x8000001E, "", "ebx",
    (
        wide("7:0", "CoreId", "core (before Zen: compute unit) of the logical CPU that asked"),
        wide("15:8", "ThreadsPerCore", "threads a core (before Zen: cores a unit), minus one"),
    ),
    APM, note=_TOPOLOGY,
)  # fmt: skip
CPUID_8000001E_ECX = register(
    0x8000001E, "", "ecx",
    (wide("7:0", "NodeId", "node of the logical CPU that asked"), wide("10:8", "NodesPerProcessor", "nodes a processor, minus one")),
    APM, note=_TOPOLOGY,
)  # fmt: skip
