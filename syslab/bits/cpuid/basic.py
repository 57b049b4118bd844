"""CPUID leaves 0, 2, 4, 5, 6, 0xB and 0x16: limits, caches, MONITOR, power, topology, frequencies."""

from __future__ import annotations

from ..core import Field, Layout
from .build import APM, LINUX, SDM, bit, register, whole, wide

CPUID_0_EAX = register(0, "", "eax", whole("MAX_LEAF", "highest basic leaf this CPU has", "x"), SDM, APM)
CPUID_0_EBX = register(0, "", "ebx", whole("VENDOR1", "maker's name, letters 1 to 4", "s"), SDM, APM)
CPUID_0_EDX = register(0, "", "edx", whole("VENDOR2", "maker's name, letters 5 to 8", "s"), SDM, APM)
CPUID_0_ECX = register(0, "", "ecx", whole("VENDOR3", "maker's name, letters 9 to 12", "s"), SDM, APM)

_DESCRIPTORS = {
    0x00: "nothing",
    0xF0: "64-byte prefetching",
    0xF1: "128-byte prefetching",
    0xFE: "no TLB data in this leaf, see leaf 0x18",
    0xFF: "no cache data in this leaf, see leaf 4",
}
_DESCRIPTOR_NOTE = (
    "Intel only; AMD CPUs answer zeros. Each byte is a number for a cache, TLB or prefetcher from a table of the SDM, in no "
    "particular order; the register holds none where bit 31 is set. Leaves 4 and 0x18 replace it."
)


def _descriptors(name: str, first: int, low: str = "", title: str = "") -> Layout:
    fields = [wide("7:0", low, title)] if low else [_descriptor("7:0", first)]
    first += not low
    fields += [_descriptor("15:8", first), _descriptor("23:16", first + 1), _descriptor("30:24", first + 2)]
    fields += [bit(31, "INVALID", "1: this register holds no descriptors")]
    return register(2, "", name, fields, SDM, note=_DESCRIPTOR_NOTE)


def _descriptor(bits: str, number: int) -> Field:
    return wide(bits, f"DESC{number}", f"cache or TLB descriptor {number}", "x", _DESCRIPTORS)


CPUID_2_EAX = _descriptors("eax", 1, "COUNT", "how often to ask this leaf; always 1")
CPUID_2_EBX = _descriptors("ebx", 4)
CPUID_2_ECX = _descriptors("ecx", 8)
CPUID_2_EDX = _descriptors("edx", 12)

_CACHE_NOTE = "One subleaf a cache; the first whose TYPE is 0 ends the list. AMD answers it in leaf 0x8000001D instead."
CPUID_4_N_EAX = register(
    4, "n", "eax",
    (
        wide("4:0", "TYPE", "kind of cache", values={0: "no more caches", 1: "data", 2: "instructions", 3: "unified"}),
        wide("7:5", "LEVEL", "cache level, from 1"),
        bit(8, "SELF_INIT", "1: needs no initialization by software"),
        bit(9, "FULLY_ASSOCIATIVE", "1: fully associative"),
        wide("25:14", "SHARING", "highest number of logical CPUs' IDs that share this cache, minus one"),
        wide("31:26", "CORES", "highest number of core IDs in the package, minus one"),
    ),
    SDM, note=_CACHE_NOTE,
)  # fmt: skip
CPUID_4_N_EBX = register(
    4, "n", "ebx",
    (
        wide("11:0", "LINE_SIZE", "coherency line, in bytes, minus one"),
        wide("21:12", "PARTITIONS", "physical line partitions, minus one"),
        wide("31:22", "WAYS", "ways of associativity, minus one"),
    ),
    SDM, note=_CACHE_NOTE,
)  # fmt: skip
CPUID_4_N_ECX = register(4, "n", "ecx", whole("SETS", "number of sets, minus one"), SDM, note=_CACHE_NOTE)
CPUID_4_N_EDX = register(
    4, "n", "edx",
    (
        bit(0, "WBINVD_PARTIAL", "1: WBINVD or INVD may spare the lower-level caches of other threads that share this one"),
        bit(1, "INCLUSIVE", "1: holds all that the lower levels hold"),
        bit(2, "COMPLEX_INDEX", "1: a complex function chooses the set; 0: the address bits do"),
    ),
    SDM, note=_CACHE_NOTE,
)  # fmt: skip

CPUID_5_EAX = register(5, "", "eax", (wide("15:0", "SMALLEST", "smallest line MONITOR watches, in bytes"),), SDM, APM)
CPUID_5_EBX = register(5, "", "ebx", (wide("15:0", "LARGEST", "largest line MONITOR watches, in bytes"),), SDM, APM)
CPUID_5_ECX = register(
    5, "", "ecx",
    (
        bit(0, "EMX", "ECX and EDX of this leaf tell of MWAIT's extensions"),
        bit(1, "IBE", "MWAIT can be ended by interrupts that are masked"),
    ),
    SDM, APM,
)  # fmt: skip
CPUID_5_EDX = register(
    5, "", "edx",
    (wide(f"{4 * n + 3}:{4 * n}", f"C{n}", f"number of MWAIT sub-states of C{n}{' (Intel)' if n > 1 else ''}") for n in range(8)),
    SDM, APM, note="AMD has C0 and C1 only. These are MWAIT's C-states, not ACPI's.",
)  # fmt: skip

CPUID_6_EAX = register(
    6, "", "eax",
    (
        bit(0, "DTS", "digital temperature sensor", "DTHERM"),
        bit(1, "TURBO", "Turbo Boost is available", "IDA"),
        bit(2, "ARAT", "the local APIC's timer runs on in every power state", "ARAT"),
        bit(4, "PLN", "power-limit notification", "PLN"),
        bit(5, "ECMD", "finer steps of clock modulation"),
        bit(6, "PTM", "thermal status of the package", "PTS"),
        bit(7, "HWP", "the hardware picks P-states itself (HWP)", "HWP"),
        bit(8, "HWP_NOTIFICATION", "interrupts about HWP", "HWP_NOTIFY"),
        bit(9, "HWP_ACTIVITY_WINDOW", "HWP takes an activity window", "HWP_ACT_WINDOW"),
        bit(10, "HWP_EPP", "HWP takes a preference between energy and performance", "HWP_EPP"),
        bit(11, "HWP_PACKAGE", "HWP requests for the whole package", "HWP_PKG_REQ"),
        bit(13, "HDC", "hardware duty cycling"),
        bit(14, "TURBO_MAX_3", "Turbo Boost Max 3.0 is available"),
        bit(15, "HWP_CAPABILITIES", "notice when the highest HWP performance changes", "HWP_HIGHEST_PERF_CHANGE"),
        bit(16, "HWP_PECI", "HWP can be overridden over PECI"),
        bit(17, "HWP_FLEXIBLE", "HWP requests say which of their fields are valid"),
        bit(18, "HWP_FAST", "fast access to the HWP request MSR"),
        bit(19, "HW_FEEDBACK", "hardware feedback interface: performance and efficiency of each core", "HFI"),
        bit(20, "HWP_IGNORE_IDLE", "HWP can ignore the request of an idle logical CPU"),
        bit(22, "HWP_CTL", "the MSR IA32_HWP_CTL is there"),
        bit(23, "THREAD_DIRECTOR", "Thread Director: feedback by class of code"),
        bit(24, "THERM_INTERRUPT_25", "IA32_THERM_INTERRUPT has its bit 25"),
    ),
    SDM, LINUX, note="Intel's leaf; AMD CPUs set ARAT only.",
)  # fmt: skip
CPUID_6_EBX = register(6, "", "ebx", (wide("3:0", "THRESHOLDS", "interrupt thresholds of the temperature sensor"),), SDM)
CPUID_6_ECX = register(
    6, "", "ecx",
    (
        bit(0, "EFFECTIVE_FREQUENCY", "the MSRs MPERF and APERF count: effective frequency", "APERFMPERF"),
        bit(3, "ENERGY_BIAS", "the MSR IA32_ENERGY_PERF_BIAS (Intel)", "EPB"),
        wide("15:8", "CLASSES", "Thread Director classes (Intel)"),
    ),
    SDM, APM, LINUX,
)  # fmt: skip
CPUID_6_EDX = register(
    6, "", "edx",
    (
        bit(0, "PERFORMANCE", "feedback reports performance"),
        bit(1, "EFFICIENCY", "feedback reports energy efficiency"),
        wide("11:8", "SIZE", "pages of the feedback table, minus one"),
        wide("31:16", "INDEX", "this logical CPU's row in the feedback table"),
    ),
    SDM, note="Intel only, where leaf 6 EAX has HW_FEEDBACK.",
)  # fmt: skip

_TOPOLOGY_NOTE = "One subleaf a level of the topology; the first whose TYPE is 0 ends the list. EDX is the same in all."
CPUID_B_N_EAX = register(
    0xB, "n", "eax", (wide("4:0", "SHIFT", "shift of the x2APIC ID that leaves the ID of the next level"),), SDM, APM, note=_TOPOLOGY_NOTE,
)  # fmt: skip
CPUID_B_N_EBX = register(0xB, "n", "ebx", (wide("15:0", "COUNT", "logical CPUs at this level"),), SDM, APM, note=_TOPOLOGY_NOTE)
CPUID_B_N_ECX = register(
    0xB, "n", "ecx",
    (
        wide("7:0", "SUBLEAF", "the subleaf that was asked"),
        wide("15:8", "TYPE", "level", values={0: "no more levels", 1: "threads of a core", 2: "cores"}),
    ),
    SDM, APM, note=_TOPOLOGY_NOTE,
)  # fmt: skip
CPUID_B_N_EDX = register(
    0xB, "n", "edx", whole("X2APIC_ID", "x2APIC ID of the logical CPU that asked", "x"), SDM, APM, note=_TOPOLOGY_NOTE
)

_MHZ_NOTE = "Intel only. Marketing frequencies, not what the CPU runs at."
CPUID_16_EAX = register(0x16, "", "eax", (wide("15:0", "BASE", "base frequency, MHz"),), SDM, note=_MHZ_NOTE)
CPUID_16_EBX = register(0x16, "", "ebx", (wide("15:0", "MAX", "highest frequency, MHz"),), SDM, note=_MHZ_NOTE)
CPUID_16_ECX = register(0x16, "", "ecx", (wide("15:0", "BUS", "bus (reference) frequency, MHz"),), SDM, note=_MHZ_NOTE)
