"""PageWalk: an address falls through the tables into a page; the bits of the entries are switches, and decide what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from syslab.bits.address import INDEX_BITS, PAGE_BITS, TABLES, VA
from syslab.bits.memory_type import LINUX, PAT, POWER_ON
from syslab.bits.page_fault import PFEC
from syslab.bits.paging import PTE
from syslab.widgets.base import Widget, script, style

LEVELS = ("PML4E", "PDPTE", "PDE", "PTE")
ACCESSES = [f"{who} {what}" for who in ("kernel", "user") for what in ("read", "write", "fetch")]
ADDRESS = VA.examples[0][1]
SIZES = {4: "4-KByte page, four entries", 3: "2-MByte page, three entries", 2: "1-GByte page, two entries"}
SWITCHES = (("P", "and"), ("R/W", "and"), ("U/S", "and"), ("XD", "or"))
"""The switches of each entry, the first in bit 0, and how the CPU combines them over the levels."""
_LEAF = ("PWT", "PCD", "PAT")
_WORDS = {"R/W": ("read-only", "writable"), "U/S": ("supervisor page", "user page"), "XD": ("executable", "not executable")}


def _switch(name: str, combine: str = "") -> dict[str, Any]:
    return {"name": name, "title": PTE.field(name).title, "combine": combine, "words": list(_WORDS.get(name, ()))}


def entry_bits(combined: int) -> int:
    """Bits of a paging entry for a combination of the switches."""
    return sum(PTE.field(name).mask for n, (name, _) in enumerate(SWITCHES) if combined >> n & 1)


def _types(pat: int) -> list[str]:
    return [f.text(f.of(pat)) for f in PAT.fields]


ENTRY = re.compile("[0-9a-f]{1,2}")
"""An entry in a link."""


class PageWalk(Widget):
    """``controls``: key -> label and table. The table has a row for each combination of :data:`SWITCHES`: the error codes
    of reads, writes and fetches, the kernel's first, then the user's; -1 where an access is allowed.

    ``value`` is what links say: an entry a level in hex, the switches from bit 0 (in the last entry also PWT, PCD, PAT).
    Then, each only where it is not what is shown at first, the control's key, the access, the address, and ``s`` with the
    step: ``#walk=7.7.5.f``, ``#walk=7.7.7.f.guards.kernel-read.0x1000.s2``. Three entries are a 2-MByte page, two a 1-GByte
    page.
    """

    becomes = "switches for each entry of the walk"
    _esm = script(__file__)
    _css = style(__file__)
    levels: traitlets.List[Any] = traitlets.List().tag(sync=True)
    switches: traitlets.List[Any] = traitlets.List().tag(sync=True)
    leaf: traitlets.List[Any] = traitlets.List().tag(sync=True)
    sizes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    accesses: traitlets.List[Any] = traitlets.List(ACCESSES).tag(sync=True)
    access = traitlets.Unicode("user write").tag(sync=True)
    address = traitlets.Unicode(hex(ADDRESS)).tag(sync=True)
    tables: traitlets.List[Any] = traitlets.List(list(TABLES[-len(LEVELS) :])).tag(sync=True)
    lows: traitlets.List[Any] = traitlets.List([PAGE_BITS + INDEX_BITS * n for n in (3, 2, 1, 0)]).tag(sync=True)
    outcomes: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    codes: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    types: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode("walk").tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, controls: Mapping[str, tuple[str, Sequence[Sequence[int]]]], value: str = "7.7.7.f") -> None:
        """ValueError for a ``value`` that no link would say, or a table with the wrong number of rows."""
        for key, (_, table) in controls.items():
            if len(table) != 1 << len(SWITCHES) or any(len(row) != 6 for row in table):
                raise ValueError(f"PageWalk: table {key} needs {1 << len(SWITCHES)} rows of 6 error codes")
        entries = r"[0-9a-f](\.[0-9a-f]){0,2}\.[0-7]?[0-9a-f]"
        access = "|".join(name.replace(" ", "-") for name in ACCESSES)
        if not re.fullmatch(rf"{entries}(\.({'|'.join(controls)}))?(\.({access}))?(\.0x[0-9a-f]{{1,16}})?(\.s\d)?", value):
            raise ValueError(f"PageWalk: {value!r} is not two to four entries in hex with dots between")
        codes = sorted({code for _, table in controls.values() for row in table for code in row if code >= 0})
        super().__init__(
            value=value,
            levels=list(LEVELS),
            switches=[_switch(*s) for s in SWITCHES],
            leaf=[_switch(name) for name in _LEAF],
            sizes=[[count, label] for count, label in SIZES.items()],
            controls=[[key, label] for key, (label, _) in controls.items()],
            outcomes={key: [list(row) for row in table] for key, (_, table) in controls.items()},
            codes={str(code): "|".join(reversed(PFEC.decode(code).set_names)) for code in codes},
            types=[["at power-on", _types(POWER_ON)], ["as Linux sets IA32_PAT", _types(LINUX)]],
        )

    @property
    def combined(self) -> int:
        """The switches over all levels: those that are ANDed, and those that are ORed."""
        entries = [int(part, 16) for part in self.value.split(".") if ENTRY.fullmatch(part)]
        result = 0
        for n, (_, combine) in enumerate(SWITCHES):
            bits = [entry >> n & 1 for entry in entries]
            result |= int(all(bits) if combine == "and" else any(bits)) << n
        return result

    def in_words(self) -> str:
        """The entries, and what each access gives."""
        parts = self.value.split(".")
        control = next((part for part in parts if part in dict(self.controls)), self.controls[0][0])
        lines = []
        for level, part in zip(self.levels, [part for part in parts if ENTRY.fullmatch(part)], strict=False):
            names = [s["name"] for bit, s in enumerate(self.switches) if int(part, 16) >> bit & 1]
            lines.append(f"{level}: {', '.join(names) or 'no bit set'}")
        for access, code in zip(self.accesses, self.outcomes[control][self.combined], strict=True):
            lines.append(f"{access}: {'allowed' if code < 0 else f'#PF {code:#x}'}")
        return "\n".join(lines)
