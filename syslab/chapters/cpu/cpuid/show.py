"""Tables of the chapter on CPUID, and its browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from syslab.bits.core import Field
from syslab.bits.cpuid import BY_ANCHOR, REGISTERS, family_model_stepping, leaves_of, since_kernel
from syslab.bits.cpuid.features_1 import CPUID_1_EAX
from syslab.evidence import Answer, recorded
from syslab.evidence.records import witnesses
from syslab.native.cpuid import Leaf
from syslab.show.table import Column, Link, Table, Verdict

from . import ask
from .ask import BOTH, OWN_FLAG, UNEXPLAINED, Flag, Seen
from .watched import Line
from .widget import LeafBrowser, Machine

RANGES = (
    ("basic", 0x0, 0xFFFF, "the CPU's maker"),
    ("hypervisor", 0x40000000, 0x4000FFFF, "the hypervisor"),
    ("extended", 0x80000000, 0x8000FFFF, "the CPU's maker; AMD began it"),
)
COMPILERS: dict[Line, str] = {"core": "GCC: Core, Xeon", "atom": "GCC: Atom", "amd": "GCC: AMD"}


def _empty(row: Leaf) -> bool:
    return not any(row[register] for register in REGISTERS)


class _Range(NamedTuple):
    name: str
    whose: str
    first: int
    leaves: list[Leaf]


def leaves(answer: Answer[list[Leaf]]) -> Table:
    """The ranges of leaves: how many, and how many say nothing at all."""
    rows = [
        _Range(name, whose, low, found)
        for name, low, high, whose in RANGES
        if (found := [row for row in answer.data if low <= row["leaf"] <= high])
    ]
    columns: list[Column[_Range]] = [
        Column("Range", lambda row: row.name),
        Column("Defined by", lambda row: row.whose),
        Column("First leaf", lambda row: f"{row.first:#x}", number=True),
        Column("Last leaf", lambda row: f"{row.leaves[-1]['leaf']:#x}", number=True),
        Column("Leaves and subleaves", lambda row: len(row.leaves), number=True),
        Column("of these all zeros", lambda row: sum(map(_empty, row.leaves)), number=True),
    ]
    return Table(answer, columns, rows)


def signature(answer: Answer[list[Leaf]]) -> Table:
    """Leaf 1 EAX taken apart, and what the rule makes of the parts."""
    eax = leaves_of(answer.data)[1, 0][0]
    family, model, stepping = family_model_stepping(eax)
    whole = {
        "FAMILY": f"family {family} ({family:#x})",
        "MODEL": f"model {model} ({model:#x})",
        "STEPPING": f"stepping {stepping}",
    }
    columns: list[Column[Field]] = [
        Column("Bits", lambda field: field.bits, number=True),
        Column("Field", lambda field: field.name),
        Column("Value", lambda field: f"{field.of(eax):#x}", number=True),
        Column("With the rule", lambda field: whole.get(field.name, "")),
        Column("Meaning", lambda field: field.title),
    ]
    return Table(answer, columns, CPUID_1_EAX.fields[::-1], f"Leaf 1 EAX = {eax:#010x}")


class _Class(NamedTuple):
    why: str
    flags: list[str]


def features_vs_cpuinfo(answer: Answer[list[Flag]]) -> Table:
    """Why CPUID and /proc/cpuinfo differ: a row a class, with the flags in it."""
    found: dict[str, list[str]] = {}
    for row in answer.data:
        found.setdefault(row["why"], []).append(row["flag"] or row["where"])
    order = (BOTH, *sorted(set(found) - {BOTH, UNEXPLAINED}), UNEXPLAINED)
    columns: list[Column[_Class]] = [
        Column("Why", lambda row: row.why),
        Column("Flags", lambda row: len(row.flags), number=True),
        Column("Which", _which),
    ]
    return Table(answer, columns, [_Class(why, sorted(found.get(why, []))) for why in order])


def _which(row: _Class) -> str:
    return f"{', '.join(row.flags[:6])} …" if row.why == BOTH and len(row.flags) > 6 else ", ".join(row.flags)


def origins(answer: Answer[list[Flag]]) -> Table:
    """Linux's own flags and where they come from."""
    rows = [row for row in answer.data if row["why"] == OWN_FLAG]
    return Table(
        answer,
        [
            Column("Flag", lambda row: row["flag"]),
            Column("Where it comes from", lambda row: row["origin"] or "not read by this book"),
        ],
        rows,
        telling=("cpuid", "nopl", "rep_good", "tsc_known_freq", "xtopology", "vmmcall", "ibrs", "ssbd"),
    )


class _Share(NamedTuple):
    what: str
    number: int
    held: Verdict | str


def second_witness(answer: Answer[list[Leaf]], tool: Answer[list[Leaf]]) -> Table:
    """Our rows against those of ``cpuid -r``: of the same machine, so both live or both recorded."""
    one, other = answer[0], tool[0]
    if one.provenance.how != other.provenance.how:
        one, other = recorded(ask.leaves), recorded(ask.cpuid_tool)
    ours, theirs = ({(row["leaf"], row["subleaf"]): row for row in rows} for rows in (one.data, other.data))
    both = ours.keys() & theirs.keys()
    equal = sum(ours[at] == theirs[at] for at in both)
    only = [theirs[at] for at in theirs.keys() - ours.keys()]
    zeros = sum(map(_empty, only))
    rows = [
        _Share("both asked", len(both), Verdict(equal == len(both), f"{equal} equal, register for register")),
        _Share("only cpuid -r asked", len(only), Verdict(zeros == len(only), f"{zeros} all zeros")),
        _Share("only our code asked", len(ours.keys() - theirs.keys()), ""),
    ]
    columns: list[Column[_Share]] = [
        Column("Leaves and subleaves", lambda row: row.what),
        Column("Number", lambda row: row.number, number=True),
        Column("Compared", lambda row: row.held),
    ]
    return Table(other, columns, rows)


def _place(row: Seen) -> Link:
    """Where a feature is, as a link into the browser."""
    _, leaf, subleaf, register = row["anchor"].split("-")
    return Link(f"{leaf}.{subleaf}\u00a0{register.upper()}\u00a0bit\u00a0{row['bit']}", f"#cpuid={leaf}.{subleaf}")


def _since(row: Seen) -> str:
    return since_kernel(BY_ANCHOR[row["anchor"]].field(row["feature"]).linux)


def _march(line: Line) -> Column[Seen]:
    return Column(COMPILERS[line], lambda row: (row[line] or "none") if row["macro"] else "–")


def first_seen(answer: Answer[list[Seen]]) -> Table:
    """Features of this book: where the bit is, whether it is set here, and who knows it since when.

    A leaf with none of its bits set is no link: this CPU may lack it, and the browser would have nothing to open.
    """
    there = {_place(row).href for row in answer.data if row["cpuid"]}
    columns: list[Column[Seen]] = [
        Column("Feature", lambda row: row["feature"]),
        Column("Leaf", lambda row: link if (link := _place(row)).href in there else link.text),
        Column("This CPU", lambda row: "■\u00a0set" if row["cpuid"] else "□\u00a0clear"),
        Column("Kernel", _since),
        *map(_march, COMPILERS),
    ]
    return Table(
        answer,
        columns,
        telling=("AVX2", "SHA", "AVX512F", "PKU", "WAITPKG", "SMEP", "LAM", "LASS"),
    )


def _machines(answer: Answer[list[Leaf]]) -> Iterator[tuple[str, Machine]]:
    if answer.provenance.how == "live":
        yield "live", Machine("the machine that ran this page", answer.data, answer.provenance.line())
    for witness in witnesses(answer.name):
        record = recorded(ask.leaves, witness)
        yield witness, Machine(f"record: {witness}", record.data, record.provenance.line())


def browser(answer: Answer[list[Leaf]]) -> LeafBrowser:
    """Every leaf of ``answer`` if it is live, and of every record there is of :func:`~syslab.chapters.cpu.cpuid.ask.leaves`."""
    return LeafBrowser(dict(_machines(answer)), start=(7, 0))
