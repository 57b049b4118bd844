"""The table of all CPUID layouts: by anchor, and by leaf and subleaf."""

from __future__ import annotations

from typing import Literal

from ..core import Layout
from . import basic, extended, extended_sizes, features_1, features_7, hypervisor, state

Register = Literal["eax", "ebx", "ecx", "edx"]
REGISTERS: tuple[Register, ...] = ("eax", "ebx", "ecx", "edx")
BY_ANCHOR: dict[str, Layout] = {
    value.anchor: value
    for module in (basic, features_1, features_7, state, hypervisor, extended, extended_sizes)
    for value in vars(module).values()
    if isinstance(value, Layout)
}
"""Every CPUID layout by its anchor."""


def _leaves() -> dict[tuple[int, int | None], dict[str, Layout]]:
    table: dict[tuple[int, int | None], dict[str, Layout]] = {}
    for anchor, layout in BY_ANCHOR.items():
        _, leaf, *subleaf, register = anchor.split("-")
        number = None if subleaf == ["n"] else int(subleaf[0]) if subleaf else 0
        table.setdefault((int(leaf, 16), number), {})[register] = layout
    return {key: {r: registers[r] for r in REGISTERS if r in registers} for key, registers in sorted(table.items(), key=_order)}


def _order(item: tuple[tuple[int, int | None], object]) -> tuple[int, int]:
    (leaf, subleaf), _ = item
    return leaf, 1 << 32 if subleaf is None else subleaf


LEAVES = _leaves()
"""(leaf, subleaf) -> register -> layout, in the order of the leaves. Subleaf None: every subleaf not named itself."""


def layouts(leaf: int, subleaf: int = 0) -> dict[str, Layout]:
    """The layouts of one answer of CPUID, by register; {} where this book has none."""
    return LEAVES.get((leaf, subleaf)) or LEAVES.get((leaf, None)) or {}


_TITLES = {
    0x0: "maker, highest leaf",
    0x1: "model, first features",
    0x2: "cache descriptors (Intel)",
    0x3: "serial number",
    0x4: "caches (Intel)",
    0x5: "MONITOR and MWAIT",
    0x6: "power and temperature",
    0x7: "more features",
    0x9: "direct cache access (Intel)",
    0xA: "performance counters (Intel)",
    0xB: "topology",
    0xD: "state that XSAVE saves",
    0xF: "cache and bandwidth monitoring",
    0x10: "cache and bandwidth allocation",
    0x12: "SGX (Intel)",
    0x14: "Processor Trace (Intel)",
    0x15: "TSC frequency",
    0x16: "frequencies (Intel)",
    0x17: "system on chip (Intel)",
    0x18: "TLBs (Intel)",
    0x19: "Key Locker (Intel)",
    0x1A: "kind of core (Intel)",
    0x1B: "PCONFIG (Intel)",
    0x1C: "last-branch records (Intel)",
    0x1D: "AMX tiles (Intel)",
    0x1E: "AMX multiplier (Intel)",
    0x1F: "topology, second version",
    0x40000000: "hypervisor",
    0x40000001: "hypervisor's features",
    0x80000000: "highest extended leaf",
    0x80000001: "AMD's features",
    0x80000002: "brand, part 1",
    0x80000003: "brand, part 2",
    0x80000004: "brand, part 3",
    0x80000005: "L1 caches (AMD)",
    0x80000006: "L2 and L3 caches",
    0x80000007: "power, invariant TSC",
    0x80000008: "address sizes",
    0x8000000A: "SVM (AMD)",
    0x80000019: "TLBs for 1-GB pages (AMD)",
    0x8000001A: "performance hints (AMD)",
    0x8000001B: "sampling (AMD)",
    0x8000001C: "lightweight profiling (AMD)",
    0x8000001D: "caches (AMD)",
    0x8000001E: "topology (AMD)",
    0x8000001F: "encrypted memory (AMD)",
    0x80000020: "quality of service (AMD)",
    0x80000021: "more features (AMD)",
    0x80000022: "performance counters (AMD)",
    0x80000026: "topology, extended (AMD)",
}


def title(leaf: int) -> str:
    """What a leaf is about, in a few words; "" where this book does not say (SDM and APM, CPUID; kcpuid's cpuid.csv)."""
    return _TITLES.get(leaf, "")
