"""Tables of the chapter on KVM_GET_SUPPORTED_CPUID, and its browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ..evidence import Evidence, recorded
from ..evidence.records import witnesses
from ..evidence.show import Column, Link, Measured, Verdict
from ..experiments import supported_cpuid as experiment
from ..layouts.comparison import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED, Pair
from ..layouts.cpuid import REGISTERS, layouts, title
from ..widgets.compare_bits import CompareBits, Side
from .cpuid_pairs import OUTCOMES, Found, found

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


def _who(answer: Evidence) -> str:
    return answer.provenance.witness


def _each(answers: Sequence[Evidence], cell: Callable[[dict[str, Any], str], Any], number: bool = False) -> list[Column]:
    """A column a witness."""

    def column(who: str) -> Column:
        return Column(who, lambda row: cell(row, who), number)

    return [column(_who(answer)) for answer in answers]


def _table(answers: Sequence[Evidence], columns: Sequence[Column], rows: Sequence[dict[str, Any]], caption: str = "") -> Measured:
    return Measured(answers[0], columns, rows, caption, answers[1:])


def tally(answers: Sequence[Evidence]) -> Measured:
    """How often KVM did what to a field of the host's CPUID, by witness."""
    counts = {_who(a): Counter(f.pair.outcome for f in found(a.data)) for a in answers}
    rows = [{"outcome": o, "word": word} for o, word in OUTCOMES.items()]
    columns = [
        Column("What KVM did", "word"),
        Column("That is", lambda row: _MEANING[row["outcome"]]),
        *_each(answers, lambda row, who: counts[who][row["outcome"]], number=True),
    ]
    return _table(answers, columns, rows)


def _by_field(answers: Sequence[Evidence], wanted: Callable[[Found], bool]) -> list[dict[str, Any]]:
    """A row for each field that ``wanted`` picks on any witness, with every witness's pair."""
    rows: dict[str, dict[str, Any]] = {}
    every = {_who(a): {f.key: f for f in found(a.data)} for a in answers}
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
        *_each(answers, lambda row, who: _flag(row["all"][who]) if "name" not in row else _count(row["own"], who)),
        Column("Meaning", lambda row: row.get("title") or row["found"].pair.field.title),
    ]
    if own:
        names = _names([row["found"].pair.field.name for row in own], 2)
        title = "what KVM offers to a guest that knows it runs under KVM"
        rows = [row for row in rows if row not in own] + [{"name": names, "title": title, "found": own[0]["found"], "own": own}]
    return _table(answers, columns, rows, "host → KVM")


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
                row.setdefault(_who(answer), []).append(one.pair.field.name)
    columns = [
        Column("Word", lambda row: row["found"].word_link),
        *_each(answers, lambda row, who: _names(row.get(who, []))),
    ]
    return _table(answers, columns, [rows[key] for key in sorted(rows)])


def _names(names: Sequence[str], most: int = 7, between: str = ", ") -> str:
    shown = between.join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"


def values(answers: Sequence[Evidence]) -> Measured:
    """The wider fields whose value is not the host's, a row an entry."""
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for answer in answers:
        for one in found(answer.data):
            if one.pair.outcome in (CHANGED, ZEROED):
                row = rows.setdefault((one.leaf, one.subleaf), {"found": one})
                row.setdefault(_who(answer), []).append(_value(one))
    columns = [
        Column("Entry", lambda row: Link(f"{row['found'].leaf:x}.{row['found'].subleaf}", row["found"].link.href)),
        Column("What it is about", lambda row: title(row["found"].leaf)),
        *_each(answers, lambda row, who: _names(row.get(who, []), 2, "; ")),
    ]
    return _table(answers, columns, [rows[key] for key in sorted(rows)], "field: host → KVM")


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
    tables = {_who(a): [row["flags"] for row in a.data if row["kvm"] is not None] for a in answers}
    columns = [
        Column("Flag", "name"),
        Column("Bit", lambda row: row["bit"].bit_length() - 1, number=True),
        Column("Meaning", "note"),
        *_each(answers, lambda row, who: f"{sum(bool(f & row['bit']) for f in tables[who])} of {len(tables[who])}", number=True),
    ]
    return _table(answers, columns, rows)


def room(answers: Sequence[Evidence]) -> Measured:
    """What the ioctls make of arrays that are too small, fit, and are too large."""
    said = {_who(a): {(row["ioctl"], row["room"]): row for row in a.data} for a in answers}
    rows = [{"ioctl": row["ioctl"], "room": row["room"]} for row in answers[0].data]

    def cell(row: dict[str, Any], who: str) -> str:
        one = said[who][row["ioctl"], row["room"]]
        return f"{one['nent']}: {one['result']}" if one["result"] != "0" else f"{one['nent']}: ok, {one['returned']} entries"

    columns = [Column("ioctl", "ioctl"), Column("Room", "room"), *_each(answers, cell)]
    return _table(answers, columns, rows, "nent as passed: what came back")


def emulated(answers: Sequence[Evidence]) -> Measured:
    """The flags of KVM_GET_EMULATED_CPUID, and whether the other two have them."""
    rows = []
    for answer in answers:
        for row in answer.data:
            for register, layout in layouts(row["leaf"], row["subleaf"]).items():
                at = REGISTERS.index(register)
                for field in layout.fields:
                    if field.width == 1 and field.of(row["emulated"][at]):
                        one = Found(row["leaf"], row["subleaf"], register, Pair(field, 0, 0, NEITHER))
                        rows.append(
                            {
                                "who": _who(answer),
                                "flag": field.name,
                                "where": one.link,
                                "host": field.of(row["host"][at]),
                                "supported": field.of(row["supported"][at]) if row["supported"] else 0,
                            }
                        )
    columns = [
        Column("Witness", "who"),
        Column("Flag", "flag"),
        Column("Where", "where"),
        Column("Emulated", lambda row: 1, number=True),
        Column("Supported", "supported", number=True),
        Column("Host", "host", number=True),
    ]
    return _table(answers, columns, rows)


def readings(answers: Sequence[Evidence]) -> Measured:
    """What KVM_SET_CPUID2 said to three tables, and how many flags the guest then read as they were given."""
    rows = []
    for answer in answers:
        for table in dict.fromkeys(row["table"] for row in answer.data):
            words = [row for row in answer.data if row["table"] == table]
            rows.append({"who": _who(answer), "table": table, "result": words[0]["result"], **_read(words)})
    columns = [
        Column("Witness", "who"),
        Column("Table", "table"),
        Column("KVM_SET_CPUID2", lambda row: "ok" if row["result"] == "0" else row["result"]),
        Column("Flags unlike reported", "changed", number=True),
        Column(f"Guest reads as given, of {32 * len(experiment.FEATURE_WORDS)}", "held", number=True),
        Column("Guest reads otherwise", "others"),
    ]
    return _table(answers, columns, rows, f"flags in {len(experiment.FEATURE_WORDS)} words of features")


def _read(words: Sequence[dict[str, Any]]) -> dict[str, Any]:
    changed = held = 0
    others: list[str] = []
    for row in words:
        for i in range(32):
            reported, given = row["reported"] >> i & 1, row["given"] >> i & 1
            changed += reported != given
            if row["guest"] is None or row["guest"] >> i & 1 == given:
                held += row["guest"] is not None
            else:
                others.append(_flag_name(row, i))
    return {"changed": changed, "held": held, "others": _names(others, 6)}


def _flag_name(row: dict[str, Any], bit: int) -> str:
    layout = layouts(row["leaf"], row["subleaf"])[row["register"]]
    place = f"{row['leaf']:x}.{row['subleaf']} {row['register'].upper()} bit {bit}"
    return next((f.name for f in layout.fields if f.bit == bit), place)


def beyond(answers: Sequence[Evidence]) -> Measured:
    """Instructions, with and without their bit in the guest's table."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for answer in answers:
        for row in answer.data:
            one = rows.setdefault((_who(answer), row["instruction"]), {"who": _who(answer), **row})
            one["set" if row["given"] else "clear"] = row["outcome"].removeprefix("KVM_EXIT_")
    columns = [
        Column("Witness", "who"),
        Column("Instruction", "instruction"),
        Column("Host", lambda row: int(row["host"]), number=True),
        Column("Supported", lambda row: int(row["supported"]), number=True),
        Column("Emulated", lambda row: int(row["emulated"]), number=True),
        Column("Bit set in the guest's table", "set"),
        Column("Bit clear", "clear"),
    ]
    return _table(answers, columns, list(rows.values()))


def exits(answers: Sequence[Evidence]) -> Measured:
    """Which exits KVM_CAP_X86_DISABLE_EXITS offers to switch off."""
    said = {_who(a): {row["name"]: row["offered"] for row in a.data} for a in answers}
    rows = [{"name": row["name"], "bit": row["bit"]} for row in answers[0].data]
    columns = [
        Column("Flag", lambda row: f"KVM_X86_DISABLE_EXITS_{row['name']}"),
        Column("Value", "bit", number=True),
        *_each(answers, lambda row, who: "offered" if said[who][row["name"]] else "not offered"),
    ]
    return _table(answers, columns, rows)


def disproved(answers: Sequence[Evidence]) -> Measured:
    """Whether KVM's table is the host's: the claim of the note, judged on every witness."""
    rows = []
    for answer in answers:
        counts = Counter(f.pair.outcome for f in found(answer.data))
        alone = Counter("host" if row["kvm"] is None else "KVM" for row in answer.data if None in (row["host"], row["kvm"]))
        unlike = sum(row["host"] != row["kvm"] for row in answer.data)
        rows.append(
            {
                "who": _who(answer),
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
    return _table(answers, columns, rows)


def browser(answers: Sequence[Evidence]) -> CompareBits:
    """Host against KVM, entry by entry, for every witness of ``answers`` and every further record."""
    machines: dict[str, Side] = {}
    more = [w for w in witnesses(answers[0].name) if w not in map(_who, answers)]
    for answer in [*answers, *(recorded(experiment.compared, w) for w in more)]:
        rows = [(f"{row['leaf']:x}.{row['subleaf']}", row["host"], row["kvm"]) for row in answer.data]
        machines[_who(answer)] = Side(f"{_who(answer)} ({answer.provenance.how})", rows, answer.provenance.line())
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
