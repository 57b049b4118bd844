"""IA32_PAT, the table from which a paging entry picks its memory type with three bits."""

from __future__ import annotations

from . import given
from .core import Field, Layout, Source

TYPES = {
    0: "UC, uncacheable",
    1: "WC, write combining",
    4: "WT, write through",
    5: "WP, write protected",
    6: "WB, write back",
    7: "UC-, uncacheable unless an MTRR says WC",
}
POWER_ON = 0x0007040600070406
"""After power-on or reset: QEMU's x86_cpu_reset() has the same value as the SDM."""
LINUX = 0x0407050600070106
"""What pat_bp_init() (in older kernels pat_init()) writes on CPUs without PAT errata."""

PAT = Layout(
    name="IA32_PAT (MSR 0x277)",
    anchor="pat",
    width=64,
    fields=tuple(Field(f"PA{n}", 8 * n, f"memory type that PAT index {n} selects", width=3, values=TYPES) for n in range(8)),
    sources=(
        Source("Intel SDM volume 3A", "Page Attribute Table (PAT)", "by title"),
        Source("Linux", "arch/x86/mm/pat/memtype.c, pat_bp_init(); older kernels: pat_init()", "by name"),
    ),
    examples=(("Power-on", POWER_ON), ("Linux", LINUX)),
    note="The index is 4 × PAT + 2 × PCD + PWT of the entry that maps the page.",
)


def index(layout: Layout, entry: int) -> int:
    """The PAT index in an ``entry`` of ``layout``; an entry that references a table has no PAT bit."""
    layout.check(entry)
    return sum(layout.field(name).of(entry) << n for n, name in enumerate(("PWT", "PCD", "PAT")) if name in _names(layout))


def _names(layout: Layout) -> set[str]:
    return {f.name for f in layout.fields}


def memory_type(pat: int, number: int) -> str:
    """What index ``number`` (0 to 7) selects when IA32_PAT is ``pat``. TypeError or ValueError for others."""
    field = PAT.fields[given.number(number, "an index into the PAT", 0, 7)]
    return field.text(field.of(PAT.check(pat)))
