"""What Linux puts where in the 64-bit address space: the tables of its documentation, as data.

One end is not as written there: with five levels the user space of the table overlaps its guard page by a byte.
"""

from __future__ import annotations

from typing import NamedTuple

from syslab.bits.core import Source

SOURCE = Source("Linux", "Documentation/arch/x86/x86_64/mm.rst, Complete virtual memory map", "with commit 035c5e2143f3 (2024)")
KINDS = ("user", "hole", "free", "kernel")
"""``free``: canonical, and Linux leaves it empty."""


class Region(NamedTuple):
    """Addresses ``start`` to ``end``, both included."""

    start: int
    end: int
    name: str
    kind: str


def _parse(table: str) -> tuple[Region, ...]:
    rows = (line.split(maxsplit=3) for line in table.strip().splitlines())
    return tuple(Region(int(start, 16), int(end, 16), name, kind) for start, end, kind, name in rows)


_TOP = """
fffffc0000000000 fffffdffffffffff free unused
fffffe0000000000 fffffe7fffffffff kernel cpu_entry_area
fffffe8000000000 fffffeffffffffff free unused
ffffff0000000000 ffffff7fffffffff kernel %esp fixup stacks
ffffff8000000000 ffffffeeffffffff free unused
ffffffef00000000 fffffffeffffffff kernel EFI region mappings
ffffffff00000000 ffffffff7fffffff free unused
ffffffff80000000 ffffffff9fffffff kernel kernel text
ffffffffa0000000 fffffffffeffffff kernel modules
ffffffffff000000 ffffffffff5fffff kernel fixmap, at the end; its start varies
ffffffffff600000 ffffffffff600fff kernel vsyscall page, for user space
ffffffffffe00000 ffffffffffffffff free unused
"""

FOUR_LEVELS = _parse(
    """
0000000000000000 00007fffffffefff user user space
00007ffffffff000 00007fffffffffff free guard page
0000800000000000 7fffffffffffffff hole not canonical, top bit 0
8000000000000000 ffff7fffffffffff hole not canonical, top bit 1
ffff800000000000 ffff87ffffffffff free guard hole, also for hypervisors
ffff880000000000 ffff887fffffffff kernel LDT remap for PTI
ffff888000000000 ffffc87fffffffff kernel direct mapping of all physical memory
ffffc88000000000 ffffc8ffffffffff free unused
ffffc90000000000 ffffe8ffffffffff kernel vmalloc and ioremap
ffffe90000000000 ffffe9ffffffffff free unused
ffffea0000000000 ffffeaffffffffff kernel virtual memory map (struct page)
ffffeb0000000000 ffffebffffffffff free unused
ffffec0000000000 fffffbffffffffff kernel KASAN shadow memory
"""
    + _TOP.lstrip()
)
FIVE_LEVELS = _parse(
    """
0000000000000000 00ffffffffffefff user user space
00fffffffffff000 00ffffffffffffff free guard page
0100000000000000 7fffffffffffffff hole not canonical, top bit 0
8000000000000000 feffffffffffffff hole not canonical, top bit 1
ff00000000000000 ff0fffffffffffff free guard hole, also for hypervisors
ff10000000000000 ff10ffffffffffff kernel LDT remap for PTI
ff11000000000000 ff90ffffffffffff kernel direct mapping of all physical memory
ff91000000000000 ff9fffffffffffff free unused
ffa0000000000000 ffd1ffffffffffff kernel vmalloc and ioremap
ffd2000000000000 ffd3ffffffffffff free unused
ffd4000000000000 ffd5ffffffffffff kernel virtual memory map (struct page)
ffd6000000000000 ffdeffffffffffff free unused
ffdf000000000000 fffffbffffffffff kernel KASAN shadow memory
"""
    + _TOP.lstrip()
)
REGIONS = {4: FOUR_LEVELS, 5: FIVE_LEVELS}
"""Without KASLR: CONFIG_RANDOMIZE_MEMORY moves direct mapping, vmalloc and virtual memory map, in this order."""
