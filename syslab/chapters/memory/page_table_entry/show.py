"""Tables of the chapter on page-table entries, and its widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syslab.bits.core import Layout
from syslab.bits.memory_type import LINUX, POWER_ON, memory_type
from syslab.bits.paging import VERSIONS, pde_2m, pdpte_1g, pte, table
from syslab.evidence import Evidence
from syslab.evidence.witnesses import called
from syslab.qemu.bare_metal_protocol import TEST_FRAME, P, Request
from syslab.questions.access_combinations import modes
from syslab.questions.access_matrix import predict
from syslab.show.table import Column, Table, Verdict, flat

from .ask import WALK, Right, Summary, Written
from .widget import SWITCHES, PageWalk, entry_bits

SIX = [f"{mode} {access}" for mode, access, _ in modes()]
CONTROLS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("CR0.WP and EFER.NXE on", {}),
    "guards": ("SMEP and SMAP too, AC = 0", {"smep": True, "smap": True}),
}


def name_of(layout: Layout, bit: int) -> str:
    """What ``bit`` is called, ``frame`` in the address and ``reserved`` where the layout has no field."""
    f = next((f for f in layout.fields if f.bit <= bit < f.bit + f.width), None)
    if f is None:
        return "reserved"
    return "frame" if f.name == "FRAME" else f.title if f.name.startswith(("SW", "IGN")) else f.name


class Kinds(NamedTuple):
    """What some neighbouring bits are called in each kind of entry."""

    bits: str
    pte: str
    pde_2m: str
    pdpte_1g: str
    table: str


def kinds() -> Table:
    """The bits in which the four kinds of entries differ, side by side; neighbours with the same names share a row."""
    layouts = (pte(), pde_2m(), pdpte_1g(), table())
    found: list[tuple[int, int, tuple[str, ...]]] = []
    for bit in range(64):
        names = tuple(name_of(layout, bit) for layout in layouts)
        if found and found[-1][1:] == (bit - 1, names):
            found[-1] = (found[-1][0], bit, names)
        elif len(set(names)) > 1:
            found.append((bit, bit, names))
    columns: list[Column[Kinds]] = [
        Column("Bits", lambda row: row.bits, number=True),
        Column("4-KByte page", lambda row: row.pte),
        Column("2-MByte page", lambda row: row.pde_2m),
        Column("1-GByte page", lambda row: row.pdpte_1g),
        Column("Table", lambda row: row.table),
    ]
    rows = [Kinds(str(low) if low == high else f"{high}:{low}", *names) for low, high, names in found]
    return Table(columns=columns, rows=rows, source="; ".join(map(str, layouts[0].sources)), kind="fields")


class SoftwareBit(NamedTuple):
    """A bit that the CPU ignores, and Linux's names for it by version."""

    bit: int
    used: Mapping[str, Sequence[str]]


def _linux(version: str) -> Column[SoftwareBit]:
    return Column(f"Linux {version}", lambda row: ", ".join(name.removeprefix("_PAGE_BIT_") for name in row.used[version]) or "–")


def software_bits() -> Table:
    """What Linux keeps in the bits that the CPU ignores, a column a version."""
    layouts = {version: pte(version) for version in VERSIONS}
    newest = layouts[VERSIONS[-1]]
    rows = [
        SoftwareBit(f.bit, {version: layout.field(f.name).linux for version, layout in layouts.items()})
        for f in sorted(newest.fields, key=lambda f: f.bit)
        if f.name.startswith("SW") or f.name == "R"
    ]
    columns = [Column[SoftwareBit]("Bit", lambda row: row.bit, number=True), *map(_linux, VERSIONS)]
    used = [row for row in rows if any(row.used.values())]
    return Table(columns=columns, rows=used, source=str(newest.sources[-1]), kind="fields")


def memory_types() -> Table:
    """The eight slots of IA32_PAT, as the CPU starts and as Linux sets them."""
    columns: list[Column[int]] = [
        Column("Index", lambda n: n, number=True),
        Column("PAT", lambda n: n >> 2 & 1, number=True),
        Column("PCD", lambda n: n >> 1 & 1, number=True),
        Column("PWT", lambda n: n & 1, number=True),
        Column("At power-on", lambda n: memory_type(POWER_ON, n)),
        Column("Linux", lambda n: memory_type(LINUX, n)),
    ]
    source = f"IA32_PAT = {POWER_ON:#018x} and {LINUX:#018x}; Intel SDM volume 3A, Page Attribute Table (PAT); Linux arch/x86/mm/pat/memtype.c"
    return Table(columns=columns, rows=range(8), source=source, kind="fields")


def _by(said: str, answers: Evidence[Any] | Sequence[Evidence[Any]]) -> str:
    """The caption, with the witness where it is one."""
    first, *more = flat(answers)
    return said if more else f"{said}, by {first.provenance.witness}"


class Levels(NamedTuple):
    """What the six accesses gave where something was taken away at any of these levels."""

    taken: str
    levels: list[str]
    outcomes: Mapping[str, str]
    agree: bool


def _merged(answer: Evidence[list[Right]]) -> list[Levels]:
    """Levels with the same outcomes as one row."""
    merged: dict[tuple[str, ...], Levels] = {}
    for row in answer.data:
        key = (row["taken"], *row["outcomes"].values())
        before = merged.get(key, Levels(row["taken"], [], row["outcomes"], True))
        merged[key] = before._replace(levels=[*before.levels, row["level"]], agree=before.agree and row["agrees"])
    return list(merged.values())


def _in(row: Levels) -> str:
    if row.taken == "nothing":
        return "–"
    return "any\u00a0level" if len(row.levels) == len(WALK) else ", ".join(level.upper() for level in row.levels)


def _outcome(access: str) -> Column[Levels]:
    return Column(access[0].upper() + access[1:], lambda row: row.outcomes[access], number=True)


def rights(answers: Evidence[list[Right]] | Sequence[Evidence[list[Right]]]) -> Table:
    """What was taken away, and what the six accesses gave. Levels with the same outcomes share a row."""
    return Table(
        answers,
        [*map(_outcome, SIX), Column("Model", lambda row: Verdict(row.agree))],
        _merged,
        _by("What each access gave", answers),
        keys=[Column("Changed", lambda row: row.taken), Column("In", _in)],
        fold=True,
    )


def _set(level: str) -> Column[Written]:
    return Column(level.upper(), lambda row: row["set"][level] or "·", number=True)


def accessed_dirty(answers: Evidence[list[Written]] | Sequence[Evidence[list[Written]]]) -> Table:
    """Which of A and D the CPU set, level by level."""
    return Table(
        answers,
        [Column("Result", lambda row: row["result"], number=True), *map(_set, WALK)],
        caption=_by("A and D after the access", answers),
        keys=[Column("Page", lambda row: row["size"]), Column("Access", lambda row: row["case"])],
        fold=True,
        telling=(
            "4 KByte, user read",
            "4 KByte, user write",
            "2 MByte, user write",
            "1 GByte, user write",
            "4 KByte, user write, PTE read-only",
            "4 KByte, user read, PTE not present",
            "4 KByte, user read, PDE not present",
            "4 KByte, kernel write, PTE read-only, WP=0",
        ),
    )


def written(answers: Sequence[Evidence[list[Written]]]) -> Table:
    """The same of all witnesses in few columns: what each access came to, and what was set from the PML4E to the PTE."""
    said = [{(row["size"], row["case"]): row for row in answer.data} for answer in answers]

    def bits(row: Written) -> str:
        return f"{row['result']}: {', '.join(row['set'][level] or '·' for level in WALK)}"

    def told(witness: int) -> Column[Written]:
        return Column(
            called(answers[witness].provenance.witness), lambda row: bits(said[witness][row["size"], row["case"]]), number=True
        )

    columns: list[Column[Written]] = [Column("Page", lambda row: row["size"]), Column("Access", lambda row: row["case"])]
    caption = "The result, and which of A and D are set in PML4E, PDPTE, PDE and PTE"
    return Table(answers, [*columns, *map(told, range(len(answers)))], answers[0].data, caption)


def pagemap(answers: Sequence[Evidence[list[Summary]]]) -> Table:
    """Bit 63 and the frame number, for each user and state."""
    return Table(
        answers,
        [
            Column("Read", lambda row: row["who"]),
            Column("Page", lambda row: row["state"]),
            Column("Bit 63", lambda row: row["present"], number=True),
            Column("Frame number", lambda row: row["pfn"]),
        ],
        heads=2,
    )


def outcomes(combined: int, **controls: Any) -> list[int]:
    """The error code of each of the six accesses, -1 where it is allowed, from the model of the access matrix."""
    bits = entry_bits(combined)
    ways = (predict(Request(pte=TEST_FRAME | bits if bits & P else 0, **way, **controls)) for *_, way in modes())
    return [-1 if found.error_code is None else found.error_code for found in ways]


def walk() -> PageWalk:
    """The page walk, with outcomes of the model that the machines are compared with."""
    combinations = range(1 << len(SWITCHES))
    return PageWalk({key: (label, [outcomes(c, **on) for c in combinations]) for key, (label, on) in CONTROLS.items()})
