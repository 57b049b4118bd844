"""Tables of the chapter on page-table entries, and its widget."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from syslab.bits.core import Layout
from syslab.bits.memory_type import LINUX, POWER_ON, memory_type
from syslab.bits.paging import VERSIONS, pde_2m, pdpte_1g, pte, table
from syslab.evidence import Evidence
from syslab.evidence.line import styled
from syslab.qemu.bare_metal_protocol import TEST_FRAME, P, Request
from syslab.questions.access_combinations import modes
from syslab.questions.access_matrix import predict
from syslab.show.table import Column, Measured, Verdict

from .ask import WALK
from .widget import SWITCHES, PageWalk, entry_bits

SIX = [f"{mode} {access}" for mode, access, _ in modes()]
CONTROLS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("CR0.WP and EFER.NXE on", {}),
    "guards": ("SMEP and SMAP too, AC = 0", {"smep": True, "smap": True}),
}


@dataclass(frozen=True)
class Computed:
    """A table that is made from layouts and not measured; ``source`` says from what."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    source: str
    numbers: int = 1

    def __repr__(self) -> str:
        wide = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        lines = ["  ".join(text.ljust(w) for text, w in zip(row, wide, strict=True)).rstrip() for row in [self.head, *self.rows]]
        return "\n".join([*lines, self.source])

    def _repr_html_(self) -> str:
        kind = [' class="num"' if i < self.numbers else "" for i in range(len(self.head))]
        head = "".join(f'<th scope="col"{kind[i]}>{html.escape(text)}</th>' for i, text in enumerate(self.head))
        body = "".join(
            "<tr>" + "".join(f"<td{kind[i]}>{html.escape(text)}</td>" for i, text in enumerate(row)) + "</tr>" for row in self.rows
        )
        return styled(
            f'<figure class="measured fields"><div class="scroll" tabindex="0" role="region" aria-label="{html.escape(", ".join(self.head))}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            f"<figcaption>{html.escape(self.source)}</figcaption></figure>"
        )


def _name(layout: Layout, bit: int) -> str:
    f = next((f for f in layout.fields if f.bit <= bit < f.bit + f.width), None)
    if f is None:
        return "reserved"
    return "frame" if f.name == "FRAME" else f.title if f.name.startswith(("SW", "IGN")) else f.name


def kinds() -> Computed:
    """The bits in which the four kinds of entries differ, side by side; neighbours with the same names share a row."""
    layouts = (pte(), pde_2m(), pdpte_1g(), table())
    rows: list[tuple[int, int, tuple[str, ...]]] = []
    for bit in range(64):
        names = tuple(_name(layout, bit) for layout in layouts)
        if rows and rows[-1][1:] == (bit - 1, names):
            rows[-1] = (rows[-1][0], bit, names)
        elif len(set(names)) > 1:
            rows.append((bit, bit, names))
    text = [[str(low) if low == high else f"{high}:{low}", *names] for low, high, names in rows]
    return Computed(
        ("Bits", "4-KByte page", "2-MByte page", "1-GByte page", "Table"), text, "; ".join(map(str, layouts[0].sources))
    )


def _short(names: Sequence[str]) -> str:
    return ", ".join(name.removeprefix("_PAGE_BIT_") for name in names) or "–"


def software_bits() -> Computed:
    """What Linux keeps in the bits that the CPU ignores, a column a version."""
    layouts = [pte(version) for version in VERSIONS]
    rows = []
    for f in layouts[0].fields:
        used = [layout.field(f.name).linux for layout in layouts]
        if (f.name.startswith("SW") or f.name == "R") and any(used):
            rows.append([f.bits, *map(_short, used)])
    rows.sort(key=lambda row: int(row[0]))
    return Computed(("Bit", *(f"Linux {version}" for version in VERSIONS)), rows, str(layouts[-1].sources[-1]))


def memory_types() -> Computed:
    """The eight slots of IA32_PAT, as the CPU starts and as Linux sets them."""
    rows = [[str(n), *(str(n >> bit & 1) for bit in (2, 1, 0)), memory_type(POWER_ON, n), memory_type(LINUX, n)] for n in range(8)]
    source = f"IA32_PAT = {POWER_ON:#018x} and {LINUX:#018x}; Intel SDM volume 3A, Page Attribute Table (PAT); Linux arch/x86/mm/pat/memtype.c"
    return Computed(("Index", "PAT", "PCD", "PWT", "At power-on", "Linux"), rows, source, numbers=4)


def _of(part: str, key: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: row[part][key] or "·"


def rights(answer: Evidence) -> Measured:
    """What was taken away, and what the six accesses gave. Levels with the same outcomes share a row."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in answer.data:
        key = (row["taken"], *row["outcomes"].values())
        merged.setdefault(key, row | {"levels": [], "all": True})
        merged[key]["levels"].append(row["level"])
        merged[key]["all"] &= row["agrees"]
    columns = [
        Column("Changed", "taken"),
        Column("In", lambda row: _levels(row["taken"], row["levels"])),
        *(Column(name[0].upper() + name[1:], _of("outcomes", name), number=True) for name in SIX),
        Column("Model", lambda row: Verdict(row["all"])),
    ]
    return Measured(answer, columns, list(merged.values()), f"What each access gave, by {answer.provenance.witness}")


def _levels(taken: str, levels: Sequence[str]) -> str:
    if taken == "nothing":
        return "–"
    return "any\u00a0level" if len(levels) == len(WALK) else ", ".join(level.upper() for level in levels)


def accessed_dirty(answer: Evidence) -> Measured:
    """Which of A and D the CPU set, level by level."""
    columns = [
        Column("Page", "size"),
        Column("Access", "case"),
        Column("Result", "result", number=True),
        *(Column(level.upper(), _of("set", level), number=True) for level in WALK),
    ]
    return Measured(answer, columns, caption=f"A and D after the access, by {answer.provenance.witness}")


def pagemap(answer: Evidence) -> Measured:
    """Bit 63 and the frame number, for each user and state."""
    columns = [
        Column("Read", "who"),
        Column("Page", "state"),
        Column("Bit 63", "present", number=True),
        Column("Frame number", "pfn"),
    ]
    return Measured(answer, columns)


def outcomes(combined: int, **controls: Any) -> list[int]:
    """The error code of each of the six accesses, -1 where it is allowed, from the model of the access matrix."""
    bits = entry_bits(combined)
    ways = (predict(Request(pte=TEST_FRAME | bits if bits & P else 0, **way, **controls)) for *_, way in modes())
    return [-1 if found.error_code is None else found.error_code for found in ways]


def walk() -> PageWalk:
    """The page walk, with outcomes of the model that the machines are compared with."""
    combinations = range(1 << len(SWITCHES))
    return PageWalk({key: (label, [outcomes(c, **on) for c in combinations]) for key, (label, on) in CONTROLS.items()})
