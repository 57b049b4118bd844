"""Tables of the chapter on CPUID, and its browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syslab.bits.cpuid import BY_ANCHOR, REGISTERS, family_model_stepping, leaves_of, since_kernel
from syslab.bits.cpuid.features_1 import CPUID_1_EAX
from syslab.evidence import Evidence, recorded
from syslab.evidence.records import witnesses
from syslab.show.table import Column, Link, Measured, Verdict

from . import ask as experiment
from .widget import LeafBrowser, Machine

RANGES = (
    ("basic", 0x0, 0xFFFF, "the CPU's maker"),
    ("hypervisor", 0x40000000, 0x4000FFFF, "the hypervisor"),
    ("extended", 0x80000000, 0x8000FFFF, "the CPU's maker; AMD began it"),
)


def _at(row: dict[str, Any]) -> tuple[int, int]:
    return row["leaf"], row["subleaf"]


def _empty(row: dict[str, Any]) -> bool:
    return not any(row[r] for r in REGISTERS)


def ranges(answer: Evidence) -> Measured:
    """The ranges of leaves: how many, and how many say nothing at all."""
    rows = []
    for name, low, high, whose in RANGES:
        found = [row for row in answer.data if low <= row["leaf"] <= high]
        if found:
            rows.append(
                {
                    "range": name,
                    "whose": whose,
                    "first": f"{low:#x}",
                    "last": f"{found[-1]['leaf']:#x}",
                    "answers": len(found),
                    "zeros": sum(map(_empty, found)),
                }
            )
    columns = [
        Column("Range", "range"),
        Column("Defined by", "whose"),
        Column("First leaf", "first", number=True),
        Column("Last leaf", "last", number=True),
        Column("Leaves and subleaves", "answers", number=True),
        Column("of these all zeros", "zeros", number=True),
    ]
    return Measured(answer, columns, rows)


def signature(answer: Evidence) -> Measured:
    """Leaf 1 EAX taken apart, and what the rule makes of the parts."""
    eax = leaves_of(answer.data)[1, 0][0]
    family, model, stepping = family_model_stepping(eax)
    whole = {
        "FAMILY": f"family {family} ({family:#x})",
        "MODEL": f"model {model} ({model:#x})",
        "STEPPING": f"stepping {stepping}",
    }
    rows = [
        {"bits": f.bits, "field": f.name, "value": f"{f.of(eax):#x}", "title": f.title, "whole": whole.get(f.name, "")}
        for f in reversed(CPUID_1_EAX.fields)
    ]
    columns = [
        Column("Bits", "bits", number=True),
        Column("Field", "field"),
        Column("Value", "value", number=True),
        Column("With the rule", "whole"),
        Column("Meaning", "title"),
    ]
    return Measured(answer, columns, rows, caption=f"Leaf 1 EAX = {eax:#010x}")


def classes(answer: Evidence) -> Measured:
    """Why CPUID and /proc/cpuinfo differ: a row a class, with the flags in it."""
    found: dict[str, list[str]] = {}
    for row in answer.data:
        found.setdefault(row["why"], []).append(row["flag"] or row["where"])
    order = (experiment.BOTH, *sorted(set(found) - {experiment.BOTH, experiment.UNEXPLAINED}), experiment.UNEXPLAINED)
    rows = [{"why": why, "count": len(found.get(why, [])), "flags": _list(why, found.get(why, []))} for why in order]
    return Measured(answer, [Column("Why", "why"), Column("Flags", "count", number=True), Column("Which", "flags")], rows)


def _list(why: str, flags: list[str]) -> str:
    return f"{', '.join(sorted(flags)[:6])} …" if why == experiment.BOTH and len(flags) > 6 else ", ".join(sorted(flags))


def origins(answer: Evidence) -> Measured:
    """Linux's own flags and where they come from."""
    rows = [row for row in answer.data if row["why"] == experiment.OWN_FLAG]
    return Measured(
        answer, [Column("Flag", "flag"), Column("Where it comes from", lambda row: row["origin"] or "not read by this book")], rows
    )


def second_witness(answer: Evidence, tool: Evidence) -> Measured:
    """Our rows against those of ``cpuid -r``: of the same machine, so both live or both recorded."""
    if answer.provenance.how != tool.provenance.how:
        answer, tool = recorded(experiment.leaves), recorded(experiment.cpuid_tool)
    ours, theirs = ({_at(row): row for row in rows} for rows in (answer.data, tool.data))
    both = ours.keys() & theirs.keys()
    equal = sum(ours[at] == theirs[at] for at in both)
    only = [theirs[at] for at in theirs.keys() - ours.keys()]
    full = [row for row in only if not _empty(row)]
    rows = [
        {"what": "both asked", "count": len(both), "held": Verdict(equal == len(both), f"{equal} equal, register for register")},
        {"what": "only cpuid -r asked", "count": len(only), "held": Verdict(not full, f"{len(only) - len(full)} all zeros")},
        {"what": "only our code asked", "count": len(ours.keys() - theirs.keys()), "held": ""},
    ]
    columns = [Column("Leaves and subleaves", "what"), Column("Number", "count", number=True), Column("Compared", "held")]
    return Measured(tool, columns, rows)


def place(row: dict[str, Any]) -> Link:
    """Where a feature is, as a link into the browser."""
    _, leaf, subleaf, register = row["anchor"].split("-")
    return Link(f"{leaf}.{subleaf}\u00a0{register.upper()}\u00a0bit\u00a0{row['bit']}", f"#cpuid={leaf}.{subleaf}")


def _since(row: dict[str, Any]) -> str:
    return since_kernel(BY_ANCHOR[row["anchor"]].field(row["feature"]).linux)


def _march(line: str) -> Column:
    def cell(row: dict[str, Any]) -> str:
        return (row[line] or "none") if row["macro"] else "–"

    return Column({"core": "GCC: Core, Xeon", "atom": "GCC: Atom", "amd": "GCC: AMD"}[line], cell)


def when(answer: Evidence) -> Measured:
    """Features of this book: where the bit is, whether it is set here, and who knows it since when.

    A leaf with none of its bits set is no link: this CPU may lack it, and the browser would have nothing to open.
    """
    there = {place(row).href for row in answer.data if row["cpuid"]}
    columns = [
        Column("Feature", "feature"),
        Column("Leaf", lambda row: link if (link := place(row)).href in there else link.text),
        Column("This CPU", lambda row: "■\u00a0set" if row["cpuid"] else "□\u00a0clear"),
        Column("Kernel", _since),
        *(_march(line) for line in experiment.LINES),
    ]
    return Measured(answer, columns)


def _machines(answer: Evidence) -> Iterator[tuple[str, Machine]]:
    if answer.provenance.how == "live":
        yield "live", Machine("the machine that ran this page", answer.data, answer.provenance.line())
    for witness in witnesses(answer.name):
        record = recorded(experiment.leaves, witness)
        yield witness, Machine(f"record: {witness}", record.data, record.provenance.line())


def browser(answer: Evidence) -> LeafBrowser:
    """Every leaf of ``answer`` if it is live, and of every record there is of :func:`~syslab.chapters.cpu.cpuid.ask.leaves`."""
    return LeafBrowser(dict(_machines(answer)), start=(7, 0))
