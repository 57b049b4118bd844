"""Tables of the chapter on KVM_GET_SUPPORTED_CPUID, and its browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.bits.cpuid import REGISTERS, layouts
from syslab.evidence import Evidence
from syslab.show.table import Column, Each, Link, Table, Verdict

from .ask import FEATURE_WORDS, Emulated, Entry, Executed, Reading, Room
from .model import FIRST, NEITHER, SECOND, Pair
from .pairs import HYPERVISORS, Found, found, listed, named

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.questions.kvm_capabilities import DisableExit

    from .widget import CompareBits


class Judged(NamedTuple):
    """A witness: its entries, those that are not equal, those that only one side has, and whether the note's claim held."""

    who: str
    entries: int
    unlike: int
    alone: str
    held: Verdict


def compared(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """Whether KVM's table is the host's: the claim of the note, judged on every witness."""
    rows = []
    for who, answer in named(answers):
        counts = Counter(one.pair.outcome for one in found(answer.data) if one.leaf not in HYPERVISORS)
        alone = [sum(row[side] is None for row in answer.data) for side in ("kvm", "host")]
        unlike = sum(row["host"] != row["kvm"] for row in answer.data)
        held = Verdict(not unlike, f"{counts[FIRST]} masked, {counts[SECOND]} added")
        rows.append(Judged(who, len(answer.data), unlike, f"{alone[0]} and {alone[1]}", held))
    columns: list[Column[Judged]] = [
        Column("Witness", lambda row: row.who),
        Column("Entries", lambda row: row.entries, number=True),
        Column("Not equal", lambda row: row.unlike, number=True),
        Column("Only the host's, only KVM's", lambda row: row.alone, number=True),
        Column("“Just the host's output”", lambda row: row.held),
    ]
    return Table(answers, columns, rows)


class Flag(NamedTuple):
    """One of KVM_CPUID_FLAG_*."""

    bit: int
    name: str
    note: str


FLAGS = (
    Flag(0, "SIGNIFCANT_INDEX", "the index, the subleaf, matters"),
    Flag(1, "STATEFUL_FUNC", "deprecated"),
    Flag(2, "STATE_READ_NEXT", "deprecated"),
)


def flags(answers: Sequence[Evidence[list[Entry]]]) -> Table:
    """How many entries carry which of the three KVM_CPUID_FLAG_* bits."""
    every = {who: [row["flags"] for row in answer.data if row["flags"] is not None] for who, answer in named(answers)}
    columns: list[Column[Flag] | Each[Flag]] = [
        Column("Flag", lambda flag: f"KVM_CPUID_FLAG_{flag.name}"),
        Column("Bit", lambda flag: flag.bit, number=True),
        Column("Meaning", lambda flag: flag.note),
        Each(lambda flag, who: f"{sum(of >> flag.bit & 1 for of in every[who])} of {len(every[who])}", number=True),
    ]
    return Table(answers, columns, FLAGS)


def room(answers: Sequence[Evidence[list[Room]]]) -> Table:
    """What the ioctls make of arrays that are too small, fit, and are too large."""
    said = {who: {(row["ioctl"], row["room"]): row for row in answer.data} for who, answer in named(answers)}

    def cell(row: Room, who: str) -> str:
        one = said[who][row["ioctl"], row["room"]]
        return f"{one['nent']}: " + (f"ok, {one['returned']} entries" if one["result"] == "0" else one["result"])

    columns: list[Column[Room] | Each[Room]] = [
        Column("ioctl", lambda row: row["ioctl"]),
        Column("Room", lambda row: row["room"]),
        Each(cell),
    ]
    return Table(
        answers,
        columns,
        answers[0].data,
        "nent as passed: what came back",
        heads=2,
    )


class Imitated(NamedTuple):
    """A flag of KVM_GET_EMULATED_CPUID: its place, and the flag in the other two answers."""

    who: str
    flag: str
    where: Link
    supported: int
    host: int


def emulated(answers: Sequence[Evidence[list[Emulated]]]) -> Table:
    """The flags of KVM_GET_EMULATED_CPUID, and whether the other two have them."""
    rows = [flag for who, answer in named(answers) for row in answer.data for flag in _imitated(who, row)]
    columns: list[Column[Imitated]] = [
        Column("Witness", lambda row: row.who),
        Column("Flag", lambda row: row.flag),
        Column("Where", lambda row: row.where),
        Column("Emulated", lambda row: 1, number=True),
        Column("Supported", lambda row: row.supported, number=True),
        Column("Host", lambda row: row.host, number=True),
    ]
    return Table(
        answers,
        columns,
        rows,
        heads=2,
    )


def _imitated(who: str, row: Emulated) -> Iterator[Imitated]:
    supported = row["supported"] or [0] * len(REGISTERS)
    for register, layout in layouts(row["leaf"], row["subleaf"]).items():
        at = REGISTERS.index(register)
        for field in layout.fields:
            if field.width == 1 and field.of(row["emulated"][at]):
                where = Found(row["leaf"], row["subleaf"], register, Pair(field, 0, 0, NEITHER)).link
                yield Imitated(who, field.name, where, field.of(supported[at]), field.of(row["host"][at]))


class Read(NamedTuple):
    """A table that a guest got: flags unlike the reported ones, flags it reads as given, and the names of the others."""

    who: str
    table: str
    result: str
    changed: int
    held: int
    others: list[str]


def readings(answers: Sequence[Evidence[list[Reading]]]) -> Table:
    """What KVM_SET_CPUID2 said to three tables, and how many flags the guest then read as they were given."""
    rows = [
        _read(who, [row for row in answer.data if row["table"] == given])
        for who, answer in named(answers)
        for given in dict.fromkeys(row["table"] for row in answer.data)
    ]
    columns: list[Column[Read]] = [
        Column("Witness", lambda row: row.who),
        Column("Table", lambda row: row.table),
        Column("KVM_SET_CPUID2", lambda row: "ok" if row.result == "0" else row.result),
        Column("Flags unlike reported", lambda row: row.changed, number=True),
        Column(f"Guest reads as given, of {32 * len(FEATURE_WORDS)}", lambda row: row.held, number=True),
        Column("Guest reads otherwise", lambda row: listed(row.others, 6)),
    ]
    return Table(
        answers,
        columns,
        rows,
        f"flags in {len(FEATURE_WORDS)} words of features",
        heads=2,
    )


def _read(who: str, words: Sequence[Reading]) -> Read:
    """All words of one table."""
    changed = held = 0
    others: list[str] = []
    for row in words:
        changed += (row["reported"] ^ row["given"]).bit_count()
        if row["guest"] is not None:
            other = row["guest"] ^ row["given"]
            held += 32 - other.bit_count()
            others += [_flag_name(row, bit) for bit in range(32) if other >> bit & 1]
    return Read(who, words[0]["table"], words[0]["result"], changed, held, others)


def _flag_name(row: Reading, bit: int) -> str:
    layout = layouts(row["leaf"], row["subleaf"])[row["register"]]
    place = f"{row['leaf']:x}.{row['subleaf']} {row['register'].upper()} bit {bit}"
    return next((field.name for field in layout.fields if field.bit == bit), place)


class Tried(NamedTuple):
    """An instruction: executed with its bit in the guest's table, and what came of it without."""

    who: str
    told: Executed
    hidden: str


def beyond(answers: Sequence[Evidence[list[Executed]]]) -> Table:
    """Instructions, with and without their bit in the guest's table."""
    rows = []
    for who, answer in named(answers):
        hidden = {row["instruction"]: row["outcome"] for row in answer.data if not row["given"]}
        rows += [Tried(who, row, hidden.get(row["instruction"], "")) for row in answer.data if row["given"]]
    columns: list[Column[Tried]] = [
        Column("Witness", lambda row: row.who),
        Column("Instruction", lambda row: row.told["instruction"]),
        Column("Host", lambda row: int(row.told["host"]), number=True),
        Column("Supported", lambda row: int(row.told["supported"]), number=True),
        Column("Emulated", lambda row: int(row.told["emulated"]), number=True),
        Column("Bit set in the guest's table", lambda row: row.told["outcome"].removeprefix("KVM_EXIT_")),
        Column("Bit clear", lambda row: row.hidden.removeprefix("KVM_EXIT_")),
    ]
    return Table(
        answers,
        columns,
        rows,
        heads=2,
    )


def exits(answers: Sequence[Evidence[list[DisableExit]]]) -> Table:
    """Which exits KVM_CAP_X86_DISABLE_EXITS offers to switch off."""
    said = {who: {row["exit"]: row["offered"] for row in answer.data} for who, answer in named(answers)}
    columns: list[Column[DisableExit] | Each[DisableExit]] = [
        Column("Flag", lambda row: f"KVM_X86_DISABLE_EXITS_{row['exit']}"),
        Column("Value", lambda row: 1 << row["bit"], number=True),
        Each(lambda row, who: "offered" if said[who][row["exit"]] else "not offered"),
    ]
    return Table(answers, columns, answers[0].data)


def browser(answers: Sequence[Evidence[list[Entry]]]) -> CompareBits:
    """Host against KVM, entry by entry, for every witness of ``answers`` and every further record."""
    from .browser import build

    return build(answers)
