"""How Linux names CPUID's bits in /proc/cpuinfo. Read in cpufeatures.h of Linux 6.1.192, 6.12.117 and 7.2.13.

A flag is the constant's name in lower case, except where the header's comment quotes another. In 6.1 an empty
quotation hides a flag; in 6.12 and 7.2 only quoted flags are shown. No flag changes its name between the three.
"""

from __future__ import annotations

from collections.abc import Iterable

RENAMED = {
    "ACC": "tm",
    "DS": "dts",
    "DSCPL": "ds_cpl",
    "GBPAGES": "pdpe1gb",
    "MWAIT": "monitor",
    "SELFSNOOP": "ss",
    "XMM": "sse",
    "XMM2": "sse2",
    "XMM3": "pni",
    "XMM4_1": "sse4_1",
    "XMM4_2": "sse4_2",
}
_HIDDEN = """
    AMD_FAST_CPPC AMD_IBPB AMD_IBPB_RET AMD_IBRS AMD_IBRS_SAME_MODE AMD_PSFD AMD_SSBD AMD_SSB_NO AMD_STIBP
    AMD_STIBP_ALWAYS_ON AMX_FP16 APX ARCH_PERFMON_EXT AVX_IFMA BHI_CTRL BTC_NO CMPCCXADD CORE_CAPABILITIES
    CPPC_PERF_PRIO EFER_LMSLE_MBZ FAST_CPPC FDP_EXCPTN_ONLY FSRC FSRS FZRM HWP_HIGHEST_PERF_CHANGE HYBRID_CPU
    INTEL_STIBP INVLPGB LKGS MOVRS MSR_IMM OSXSAVE RRSBA_CTRL RTM_ALWAYS_ABORT SHA512 SHSTK SM3 SM4 SPEC_CTRL
    SPEC_CTRL_SSBD SRBDS_CTRL TSX_FORCE_ABORT WRMSRNS XFD ZERO_FCS_FDS
"""
HIDDEN = frozenset(_HIDDEN.split())
"""Constants (without ``X86_FEATURE_``) that never appear in /proc/cpuinfo."""

OWN = {
    "amd_dcm": "",
    "arch_perfmon": "leaf 0xA reports a version and two counters or more",
    "art": "leaf 0x15 relates the TSC to a timer",
    "bts": "from the MSR IA32_MISC_ENABLE",
    "centaur_mcr": "",
    "cpuid": "the CPU has the CPUID instruction",
    "cpuid_fault": "from the MSR MSR_PLATFORM_INFO; on AMD a bit of leaf 0x80000021",
    "cxmmx": "",
    "cyrix_arr": "",
    "ept": "from the MSRs of VMX, where Linux may read them",
    "ept_ad": "from the MSRs of VMX, where Linux may read them",
    "extd_apicid": "AMD: APIC IDs have 8 bits, from the family or the northbridge",
    "flexpriority": "from the MSRs of VMX, where Linux may read them",
    "ibpb": "from bits of leaf 7 EDX (Intel) or 0x80000008 EBX (AMD)",
    "ibpb_exit_to_user": "",
    "ibrs": "from bits of leaf 7 EDX (Intel) or 0x80000008 EBX (AMD)",
    "ibrs_enhanced": "from the MSR IA32_ARCH_CAPABILITIES, or AMD's AutoIBRS",
    "invpcid_single": "INVPCID and PCID together",
    "k6_mtrr": "",
    "longrun": "",
    "lrti": "",
    "nonstop_tsc_s3": "chosen by model",
    "nopl": "every 64-bit CPU: the long NOP 0F 1F",
    "pebs": "from the MSR IA32_MISC_ENABLE",
    "pti": "the kernel runs on page tables of its own (Meltdown)",
    "recovery": "",
    "rep_good": "chosen by maker and family: REP MOVS is fast",
    "ring3mwait": "chosen by model (Xeon Phi)",
    "split_lock_detect": "",
    "ssbd": "from bits of leaf 7 EDX (Intel) or 0x80000008 EBX (AMD), or an older MSR",
    "stibp": "from bits of leaf 7 EDX (Intel) or 0x80000008 EBX (AMD)",
    "tdx_guest": "the hypervisor is Intel TDX",
    "tdx_host_platform": "",
    "tpr_shadow": "from the MSRs of VMX, where Linux may read them",
    "tsc_known_freq": "the frequency of the TSC is told by leaf 0x15 or the hypervisor, not measured",
    "tsc_reliable": "the TSC needs no watchdog: told by the platform or the hypervisor",
    "up": "a kernel for several CPUs runs on one",
    "user_shstk": "the kernel offers shadow stacks to user code",
    "vmmcall": "AMD and Hygon: hypercalls use VMMCALL",
    "vnmi": "from the MSRs of VMX, where Linux may read them; on AMD a bit of leaf 0x8000000A",
    "vpid": "from the MSRs of VMX, where Linux may read them",
    "xtopology": "leaf 0xB or 0x1F, on AMD also 0x80000026, told the topology",
}
"""Flags of Linux's own words, that have no CPUID bit of that name, and where they come from ("" where not read)."""

ELSEWHERE = {
    "rng": (0xC0000001, 0, "edx", 2),
    "rng_en": (0xC0000001, 0, "edx", 3),
    "ace": (0xC0000001, 0, "edx", 6),
    "ace_en": (0xC0000001, 0, "edx", 7),
    "ace2": (0xC0000001, 0, "edx", 8),
    "ace2_en": (0xC0000001, 0, "edx", 9),
    "phe": (0xC0000001, 0, "edx", 10),
    "phe_en": (0xC0000001, 0, "edx", 11),
    "pmm": (0xC0000001, 0, "edx", 12),
    "pmm_en": (0xC0000001, 0, "edx", 13),
    "npt": (0x8000000A, 0, "edx", 0),
    "lbrv": (0x8000000A, 0, "edx", 1),
    "svm_lock": (0x8000000A, 0, "edx", 2),
    "nrip_save": (0x8000000A, 0, "edx", 3),
    "tsc_scale": (0x8000000A, 0, "edx", 4),
    "vmcb_clean": (0x8000000A, 0, "edx", 5),
    "flushbyasid": (0x8000000A, 0, "edx", 6),
    "decodeassists": (0x8000000A, 0, "edx", 7),
    "pausefilter": (0x8000000A, 0, "edx", 10),
    "pfthreshold": (0x8000000A, 0, "edx", 12),
    "avic": (0x8000000A, 0, "edx", 13),
    "v_vmsave_vmload": (0x8000000A, 0, "edx", 15),
    "vgif": (0x8000000A, 0, "edx", 16),
    "x2avic": (0x8000000A, 0, "edx", 18),
    "v_spec_ctrl": (0x8000000A, 0, "edx", 20),
    "sme": (0x8000001F, 0, "eax", 0),
    "sev": (0x8000001F, 0, "eax", 1),
    "sev_es": (0x8000001F, 0, "eax", 3),
    "vnmi": (0x8000000A, 0, "edx", 25),
    "sev_snp": (0x8000001F, 0, "eax", 4),
    "debug_swap": (0x8000001F, 0, "eax", 14),
    "svsm": (0x8000001F, 0, "eax", 28),
    "cqm_llc": (0xF, 0, "edx", 1),
    "cqm_occup_llc": (0xF, 1, "edx", 0),
    "cqm_mbm_total": (0xF, 1, "edx", 1),
    "cqm_mbm_local": (0xF, 1, "edx", 2),
    "cat_l3": (0x10, 0, "ebx", 1),
    "cat_l2": (0x10, 0, "ebx", 2),
    "mba": (0x10, 0, "ebx", 3),
    "cdp_l3": (0x10, 1, "ecx", 2),
    "cdp_l2": (0x10, 2, "ecx", 2),
    "perfmon_v2": (0x80000022, 0, "eax", 0),
    "amd_lbr_v2": (0x80000022, 0, "eax", 1),
    "amd_lbr_pmc_freeze": (0x80000022, 0, "eax", 2),
}
"""Flags that have a bit in a leaf without a layout here: leaf, subleaf, register, bit."""

VERSIONS = ("6.1.192", "6.12.117", "7.2.13")
"""The kernels whose header was read, oldest first."""

_NEW = {
    "6.12.117": """
        AMD_PSFD AMX_FP16 ARCH_PERFMON_EXT AVX_IFMA CMPCCXADD FAST_CPPC FRED FSRC FSRS FZRM HWP_HIGHEST_PERF_CHANGE LAM LKGS
        SHSTK WRMSRNS
    """,
    "7.2.13": """
        AMD_FAST_CPPC AMD_IBRS_SAME_MODE APX CPPC_PERF_PRIO EFER_LMSLE_MBZ INVLPGB LASS MOVRS MSR_IMM SHA512 SM3 SM4
    """,
}
_FIRST = {name: version for version, names in _NEW.items() for name in names.split()}


def first_kernel(constants: Iterable[str]) -> str:
    """The oldest of :data:`VERSIONS` that has one of these ``X86_FEATURE_`` constants, or "" where there are none."""
    names = [c.removeprefix("X86_FEATURE_") for c in constants if c.startswith("X86_FEATURE_")]
    return min((_FIRST.get(name, VERSIONS[0]) for name in names), key=VERSIONS.index, default="")


def since_kernel(constants: Iterable[str]) -> str:
    """The same for a reader: ``7.2.13``, or ``6.1.192 or older``, as no older header was read."""
    version = first_kernel(constants)
    return f"{version} or older" if version == VERSIONS[0] else version


def cpuinfo_name(constant: str) -> str:
    """The flag of ``X86_FEATURE_SMEP`` in /proc/cpuinfo (``smep``), or "" where Linux hides it."""
    short = constant.removeprefix("X86_FEATURE_")
    return "" if short in HIDDEN else RENAMED.get(short, short.lower())
