"""The table of all CPUID layouts: by anchor, and by leaf and subleaf."""

from __future__ import annotations

from ..core import Layout
from . import basic, extended, extended_sizes, features_1, features_7, hypervisor, state

REGISTERS = ("eax", "ebx", "ecx", "edx")
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
