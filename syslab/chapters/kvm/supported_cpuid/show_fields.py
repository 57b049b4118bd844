"""Tables of what KVM did to the host's CPUID, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from syslab.bits.cpuid import title
from syslab.evidence import Evidence
from syslab.show.table import Column, Each, Link, Table

from .ask import Entry
from .model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED
from .pairs import HYPERVISORS, OUTCOMES, Found, Group, found, grouped, listed, named

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


def tally(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """How often KVM did what to a field of the host's CPUID, by witness; without the leaves of hypervisors."""
    every = {who: [one for one in found(answer.data) if one.leaf not in HYPERVISORS] for who, answer in named(answers)}
    counts = {who: Counter(one.pair.outcome for one in fields) for who, fields in every.items()}
    columns: list[Column[str] | Each[str]] = [
        Column("What KVM did", lambda outcome: OUTCOMES[outcome]),
        Column("That is", lambda outcome: _MEANING[outcome]),
        Each(lambda outcome, who: counts[who][outcome], number=True),
    ]
    return Table(answers, columns, list(OUTCOMES))


def masked(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """The flags that KVM drops, a row a word."""
    rows = grouped(answers, [FIRST], lambda one: (one.leaf, one.subleaf, one.register), lambda one: one.pair.field.name)
    columns: list[Column[Group] | Each[Group]] = [
        Column("Word", lambda row: row.first.word_link),
        Each(lambda row, who: listed(row.said.get(who, []))),
    ]
    return Table(
        answers,
        columns,
        rows,
        telling=("1.0 ECX", "5.0 ECX", "7.0 EBX", "7.0 ECX", "d.1 EAX", "d.1 ECX", "80000001.0 ECX", "80000001.0 EDX"),
    )


class Added(NamedTuple):
    """A flag, or several of one word: its name, where it is, what became of it by witness, and what it means."""

    name: str
    where: Link
    said: dict[str, str]
    meaning: str


def added(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """The flags that KVM reports although its host lacks them; those of KVM's own leaf in one row."""
    every = {who: {one.key: one for one in found(answer.data)} for who, answer in named(answers)}
    some = {key: one for fields in every.values() for key, one in fields.items() if one.pair.outcome == SECOND}
    flags = sorted(some.values(), key=lambda one: (one.leaf, one.subleaf, one.register, one.pair.field.bit))
    own = [one for one in flags if one.leaf == OWN_FEATURES]
    rows = [
        Added(
            one.pair.field.name, one.link, {who: _flag(fields.get(one.key)) for who, fields in every.items()}, one.pair.field.title
        )
        for one in flags
        if one not in own
    ]
    if own:
        names = listed([one.pair.field.name for one in own], 2)
        said = {who: _count([fields[one.key] for one in own if one.key in fields]) for who, fields in every.items()}
        said |= {who: "each hypervisor has its own" for who, answer in named(answers) if _two_hypervisors(answer.data)}
        rows.append(Added(names, own[0].word_link, said, "what KVM offers to a guest that knows it runs under KVM"))
    columns: list[Column[Added] | Each[Added]] = [
        Column("Flag", lambda row: row.name),
        Column("Where", lambda row: row.where),
        Each(lambda row, who: row.said[who]),
        Column("Meaning", lambda row: row.meaning),
    ]
    return Table(answers, columns, rows, "host → KVM")


def _flag(one: Found | None) -> str:
    """``0 → 1 added``."""
    return f"{one.pair.first} → {one.pair.second} {OUTCOMES[one.pair.outcome]}" if one else "no such field set"


def _two_hypervisors(rows: Sequence[Entry]) -> bool:
    """Whether the host is itself a guest whose hypervisor uses the leaf that is KVM's own."""
    return any(row["leaf"] == OWN_FEATURES and any(row["host"] or ()) and any(row["kvm"] or ()) for row in rows)


def _count(flags: Sequence[Found]) -> str:
    """What became of several flags: ``13 added``."""
    counts = Counter(OUTCOMES[one.pair.outcome] for one in flags)
    return ", ".join(f"{n} {word}" for word, n in counts.items()) or "none"


def values(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """The wider fields whose value is not the host's, a row an entry."""
    rows = grouped(answers, [CHANGED, ZEROED], lambda one: (one.leaf, one.subleaf), _value)
    columns: list[Column[Group] | Each[Group]] = [
        Column("Entry", lambda row: Link(f"{row.first.leaf:x}.{row.first.subleaf}", row.first.link.href)),
        Column("What it is about", lambda row: title(row.first.leaf)),
        Each(lambda row, who: listed(row.said.get(who, []), 2, "; ")),
    ]
    return Table(
        answers,
        columns,
        rows,
        "field: host → KVM",
        telling=("b.0", "b.1", "d.1", "40000000.0", "80000000.0", "80000002.0", "80000008.0", "8000000a.0"),
    )


def _value(one: Found) -> str:
    field = one.pair.field
    name = field.name if one.pair.known else one.register.upper()
    before, after = (field.text(n) if n or n in field.values else "0" for n in (one.pair.first, one.pair.second))
    return f"{name}\u00a0{before.strip('. ')} → {after.strip('. ')}"
