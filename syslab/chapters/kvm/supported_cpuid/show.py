"""Tables of the chapter on KVM_GET_SUPPORTED_CPUID, and its browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from syslab.bits.cpuid import REGISTERS, layouts, title
from syslab.evidence import Evidence, recorded
from syslab.evidence.records import witnesses
from syslab.show.table import Column, Link, Measured, Verdict

from . import ask as experiment
from .by_witness import each, listed, table, who
from .model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED
from .pairs import OUTCOMES, Found, found
from .widget import CompareBits, Side

OWN_FEATURES = 0x4000_0001
"""The leaf in which KVM tells a guest of itself."""

_MEANING = {
    BOTH: "flag: 1 and 1",
    FIRST: "flag: 1 in the host, 0 from KVM",
    SECOND: "flag: 0 in the host, 1 from KVM",
    NEITHER: "flag: 0 and 0",
    SAME: "wider field: the host's value",
    CHANGED: "wider field: a value of KVM's own",
    ZEROED: "wider field: the host's value dropped",
}


def tally(answers: Sequence[Evidence]) -> Measured:
    """How often KVM did what to a field of the host's CPUID, by witness."""
    counts = {who(a): Counter(f.pair.outcome for f in found(a.data)) for a in answers}
    rows = [{"outcome": o, "word": word} for o, word in OUTCOMES.items()]
    columns = [
        Column("What KVM did", "word"),
        Column("That is", lambda row: _MEANING[row["outcome"]]),
        *each(answers, lambda row, who: counts[who][row["outcome"]], number=True),
    ]
    return table(answers, columns, rows)


def _by_field(answers: Sequence[Evidence], wanted: Callable[[Found], bool]) -> list[dict[str, Any]]:
    """A row for each field that ``wanted`` picks on any witness, with every witness's pair."""
    rows: dict[str, dict[str, Any]] = {}
    every = {who(a): {f.key: f for f in found(a.data)} for a in answers}
    for fields in every.values():
        for key, one in fields.items():
            if wanted(one):
                rows.setdefault(key, {"found": one, "all": {who: there.get(key) for who, there in every.items()}})
    return sorted(
        rows.values(), key=lambda row: (row["found"].leaf, row["found"].subleaf, row["found"].register, row["found"].pair.field.bit)
    )


def _flag(one: Found | None) -> str:
    """``host 0, KVM 1: added``."""
    if one is None:
        return "no such field set"
    return f"{one.pair.first} → {one.pair.second} {OUTCOMES[one.pair.outcome]}"


def added(answers: Sequence[Evidence]) -> Measured:
    """The flags that KVM reports although its host lacks them; those of KVM's own leaf in one row."""
    rows = _by_field(answers, lambda one: one.pair.outcome == SECOND)
    own = [row for row in rows if row["found"].leaf == OWN_FEATURES]
    columns = [
        Column("Flag", lambda row: row.get("name") or row["found"].pair.field.name),
        Column("Where", lambda row: row["found"].link if "name" not in row else row["found"].word_link),
        *each(answers, lambda row, who: _flag(row["all"][who]) if "name" not in row else _count(row["own"], who)),
        Column("Meaning", lambda row: row.get("title") or row["found"].pair.field.title),
    ]
    if own:
        names = listed([row["found"].pair.field.name for row in own], 2)
        title = "what KVM offers to a guest that knows it runs under KVM"
        rows = [row for row in rows if row not in own] + [{"name": names, "title": title, "found": own[0]["found"], "own": own}]
    return table(answers, columns, rows, "host → KVM")


def _count(rows: Sequence[dict[str, Any]], who: str) -> str:
    """What became of several flags: ``13 added``."""
    counts = Counter(OUTCOMES[one.pair.outcome] for row in rows if (one := row["all"][who]))
    return ", ".join(f"{n} {word}" for word, n in counts.items()) or "none"


def masked(answers: Sequence[Evidence]) -> Measured:
    """The flags that KVM drops, a row a word."""
    rows: dict[tuple[int, int, str], dict[str, Any]] = {}
    for answer in answers:
        for one in found(answer.data):
            if one.pair.outcome == FIRST:
                row = rows.setdefault((one.leaf, one.subleaf, one.register), {"found": one})
                row.setdefault(who(answer), []).append(one.pair.field.name)
    columns = [
        Column("Word", lambda row: row["found"].word_link),
        *each(answers, lambda row, who: listed(row.get(who, []))),
    ]
    return table(answers, columns, [rows[key] for key in sorted(rows)])


def values(answers: Sequence[Evidence]) -> Measured:
    """The wider fields whose value is not the host's, a row an entry."""
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for answer in answers:
        for one in found(answer.data):
            if one.pair.outcome in (CHANGED, ZEROED):
                row = rows.setdefault((one.leaf, one.subleaf), {"found": one})
                row.setdefault(who(answer), []).append(_value(one))
    columns = [
        Column("Entry", lambda row: Link(f"{row['found'].leaf:x}.{row['found'].subleaf}", row["found"].link.href)),
        Column("What it is about", lambda row: title(row["found"].leaf)),
        *each(answers, lambda row, who: listed(row.get(who, []), 2, "; ")),
    ]
    return table(answers, columns, [rows[key] for key in sorted(rows)], "field: host → KVM")


def _value(one: Found) -> str:
    field = one.pair.field
    name = field.name if one.pair.known else one.register.upper()
    before, after = (field.text(n) if n or n in field.values else "0" for n in (one.pair.first, one.pair.second))
    return f"{name}\u00a0{before.strip('. ')} → {after.strip('. ')}"


def flags(answers: Sequence[Evidence]) -> Measured:
    """How many entries carry which of the three KVM_CPUID_FLAG_* bits."""
    names = {1: "SIGNIFCANT_INDEX", 2: "STATEFUL_FUNC", 4: "STATE_READ_NEXT"}
    note = {1: "the index, the subleaf, matters", 2: "deprecated", 4: "deprecated"}
    rows = [{"bit": bit, "name": f"KVM_CPUID_FLAG_{name}", "note": note[bit]} for bit, name in names.items()]
    tables = {who(a): [row["flags"] for row in a.data if row["kvm"] is not None] for a in answers}
    columns = [
        Column("Flag", "name"),
        Column("Bit", lambda row: row["bit"].bit_length() - 1, number=True),
        Column("Meaning", "note"),
        *each(answers, lambda row, who: f"{sum(bool(f & row['bit']) for f in tables[who])} of {len(tables[who])}", number=True),
    ]
    return table(answers, columns, rows)


def disproved(answers: Sequence[Evidence]) -> Measured:
    """Whether KVM's table is the host's: the claim of the note, judged on every witness."""
    rows = []
    for answer in answers:
        counts = Counter(f.pair.outcome for f in found(answer.data))
        alone = Counter("host" if row["kvm"] is None else "KVM" for row in answer.data if None in (row["host"], row["kvm"]))
        unlike = sum(row["host"] != row["kvm"] for row in answer.data)
        rows.append(
            {
                "who": who(answer),
                "entries": len(answer.data),
                "unlike": unlike,
                "alone": f"{alone['host']} and {alone['KVM']}",
                "held": Verdict(not unlike, f"{counts[FIRST]} masked, {counts[SECOND]} added"),
            }
        )
    columns = [
        Column("Witness", "who"),
        Column("Entries", "entries", number=True),
        Column("Not equal", "unlike", number=True),
        Column("Only the host's, only KVM's", "alone", number=True),
        Column("“Just the host's output”", "held"),
    ]
    return table(answers, columns, rows)


def browser(answers: Sequence[Evidence]) -> CompareBits:
    """Host against KVM, entry by entry, for every witness of ``answers`` and every further record."""
    machines: dict[str, Side] = {}
    more = [w for w in witnesses(answers[0].name) if w not in map(who, answers)]
    for answer in [*answers, *(recorded(experiment.compared, w) for w in more)]:
        rows = [(f"{row['leaf']:x}.{row['subleaf']}", row["host"], row["kvm"]) for row in answer.data]
        machines[who(answer)] = Side(f"{who(answer)} ({answer.provenance.how})", rows, answer.provenance.line())
    entries = {
        entry: [int(part, 16 if i == 0 else 10) for i, part in enumerate(entry.split("."))]
        for m in machines.values()
        for entry, *_ in m.rows
    }
    return CompareBits(
        machines,
        REGISTERS,
        ("host", "KVM"),
        OUTCOMES,
        layouts={entry: layouts(*place) for entry, place in entries.items()},
        titles={entry: title(place[0]) for entry, place in entries.items()},
        anchor="kvmcpuid",
        start="7.0",
    )
