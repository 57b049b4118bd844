"""Tables of the chapter on KVM_SET_CPUID2, and its two widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Measured, SideBySide

from . import ask as experiment
from .cases import FEATURES, Feature
from .guest import OK, RAN

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable, StateMachine
    from syslab.widgets.choice_table import Outcome

Row = dict[str, Any]
CASES, LIFE = "setcpuid", "cpuidlife"
TOLD = {True: "1", False: "0", None: "nothing: the table was refused"}
BY_GUEST = "the guest sets "
ADVENTUROUS = ("AVX512F", "PKU", "PCID", "VMX", "SVM")
BY_NAME = {feature.name: feature for feature in FEATURES}


def words(row: Sequence[int] | None) -> str:
    """Four words in hex; all zeros in a word."""
    if row is None:
        return "nothing"
    return " ".join(f"{word:x}" for word in row) if any(row) else "zeros"


def _some(answers: Sequence[Evidence], wanted: Callable[[Row], bool]) -> list[Evidence]:
    """The answers with only the rows that ``wanted`` picks."""
    return [replace(answer, data=[row for row in answer.data if wanted(row)]) for answer in answers]


def _place(row: Row) -> str:
    return f"{row['leaf']:x}.{row['subleaf']}"


def accepted(answers: Sequence[Evidence]) -> SideBySide:
    """What KVM_SET_CPUID2 said, a row a table."""
    firsts = [replace(a, data=list({row["case"]: row for row in reversed(a.data)}.values())[::-1]) for a in answers]
    return SideBySide(firsts, [Column("Table", "case")], [Column("KVM_SET_CPUID2", "result")])


def told(answers: Sequence[Evidence], *cases: str) -> SideBySide:
    """What the guest's CPUID said, for some of the tables: all questions of each."""
    keys = [Column("Table", "case"), Column("Guest asks", _place)]
    values = [Column("CPUID says", _seen)]
    some = _some(answers, lambda row: row["case"] in cases)
    asked = ", ".join(
        dict.fromkeys(_place(row) for row in some[0].data)
    )  # a caption of its own: it names the table to screen readers
    return SideBySide(some, keys, values, f"EAX EBX ECX EDX of {asked}, hexadecimal")


def _seen(row: Row) -> str:
    """The answer, and whether it is what the table has there."""
    given = row["given"] or [0, 0, 0, 0]
    return words(row["guest"]) + ("" if row["guest"] == given else ", no such entry" if row["given"] is None else ", changed")


def life(answers: Sequence[Evidence]) -> SideBySide:
    """KVM_SET_CPUID2 after KVM_RUN."""
    some = _some(answers, lambda row: row["state"] == experiment.RAN)
    return SideBySide(some, [Column("After KVM_RUN", "event")], [Column("Result", "result")])


def echo(answers: Sequence[Evidence]) -> SideBySide:
    """KVM_GET_CPUID2 with more room than it needs, and KVM_SET_CPUID2 with what it wrote."""

    def rows(data: Sequence[Row]) -> list[Row]:
        found = []
        for row in data:
            if row["result"] != OK:
                found.append({"room": row["room"], "what": "KVM_GET_CPUID2", "said": row["result"]})
                continue
            nent = "the number set" if row["counts"] else "the room, as passed"
            found.append({"room": row["room"], "what": "nent afterwards", "said": nent})
            found.append({"room": row["room"], "what": "set nent entries again", "said": row["resubmitted"]})
            found.append({"room": row["room"], "what": "set only the number set", "said": row["trimmed"]})
        return found

    some = [replace(answer, data=rows([row for row in answer.data if row["room"] != "200"])) for answer in answers]
    return SideBySide(some, [Column("Room for entries", "room"), Column("Step", "what")], [Column("Result", "said")])


def rewritten(answers: Sequence[Evidence]) -> SideBySide:
    """Fields given one value and read as another, before and after a change of the guest's state."""
    keys = [Column("Field", "field"), Column("Given", "given", number=True), Column("Then", "then")]
    values = [
        Column(
            "Guest reads", lambda row: f"{row['guest']}, then " + (str(row["after"]) if row["changed"] == OK else row["changed"])
        )
    ]
    return SideBySide(answers, keys, values)


def _by_feature(answers: Sequence[Evidence], wanted: Callable[[Row], bool]) -> list[Evidence]:
    """A row a feature: where it can be used in two ways, both in one."""
    some = []
    for answer in answers:
        found: dict[str, Row] = {}
        for row in answer.data:
            if not wanted(row):
                continue
            before = found.get(row["feature"])
            way = row["way"] if before is None else f"{before['way'].removeprefix(BY_GUEST)} set by the guest / by KVM_SET_SREGS"
            outcome = row["outcome"] if before is None else f"{before['outcome']} / {row['outcome']}"
            found[row["feature"]] = row | {"way": way, "outcome": outcome}
        some.append(replace(answer, data=list(found.values())))
    return some


def used(answers: Sequence[Evidence], gated: bool) -> SideBySide:
    """Features with their bit cleared: told and used. ``gated``: those that KVM can forbid."""
    some = _by_feature(answers, lambda row: not row["given"] and bool(BY_NAME[row["feature"]].gate) is gated)
    keys = [Column("Bit cleared", "feature"), Column("Used", "way")]
    value = Column("Outcome", lambda row: f"{TOLD[row['guest']]}: {row['outcome']}")
    return SideBySide(
        some, keys, [value], f"{'guarded' if gated else 'unguarded'}; the bit as the guest reads it: what came of the use"
    )


def unsupported(answers: Sequence[Evidence]) -> SideBySide:
    """Features that a KVM may not report, with their bit set all the same."""
    some = _by_feature(answers, lambda row: row["given"] and row["feature"] in ADVENTUROUS)
    keys = [Column("Bit set", "feature"), Column("Used", "way")]
    reported = {True: "reported", False: "not reported"}
    value = Column("Outcome", lambda row: f"{reported[row['supported']]}, {TOLD[row['guest']]}: {row['outcome']}")
    return SideBySide(some, keys, [value], "whether KVM reports the feature, the bit as the guest reads it: what came of the use")


def qemu(answer: Evidence) -> Measured:
    """What QEMU said."""
    columns = [
        Column("-cpu", "cpu"),
        Column("Exit status", "status", number=True),
        Column("Its CPU has the bit", lambda row: {True: "yes", False: "no", None: "no CPU"}[row["has"]]),
        Column("It says", lambda row: "; ".join(row["said"]) or "nothing"),
    ]
    return Measured(answer, columns)


def outcome(rows: Sequence[Row], feature: Feature, said: str | None) -> Outcome:
    """One place of the choice table: four questions, answered."""
    from syslab.widgets.choice_table import Outcome

    first, *_ = rows
    lines = [
        ("KVM reports it?", "yes" if first["supported"] else "no"),
        ("KVM accepts the table?", "yes" if first["result"] == OK else first["result"]),
        ("The guest’s CPUID says", TOLD[first["guest"]]),
        *((row["way"], row["outcome"] or "not tried") for row in rows),
        ("What guards it", feature.gate or "nothing: any CPU that has it executes it"),
    ]
    if said is not None:
        lines.append(("QEMU’s TCG, asked for it", said or "says nothing: TCG has it"))
    works = {row["outcome"] == RAN for row in rows}
    held = works == {first["guest"]}
    bit = "set" if first["given"] else "clear"
    still = "" if held else " all the same"
    title = {frozenset({True}): "it works", frozenset({False}): "it does not work"}.get(frozenset(works), "it works one way")
    return Outcome(f"{feature.name}, bit {bit}: {title}{still}", lines, "good" if held else "bad")


def cases(answers: Sequence[Evidence], qemus: Evidence) -> ChoiceTable:
    """Witness, feature and bit -> what KVM accepts, what the guest sees, what works, and what QEMU would say."""
    from syslab.widgets import ChoiceTable

    said = {row["feature"]: row["said"].removeprefix("warning: ") for row in qemus.data}
    names = {name.lower().replace(".", "").replace(" ", "-"): name for name in BY_NAME}
    machines = {answer.provenance.witness: answer for answer in answers}
    outcomes: dict[tuple[str, ...], Outcome] = {}
    for witness, answer in machines.items():
        for key, name in names.items():
            for bit, given in (("set", True), ("clear", False)):
                rows = [row for row in answer.data if row["feature"] == name and row["given"] is given]
                outcomes[witness, key, bit] = outcome(rows, BY_NAME[name], said.get(name))
    dimensions = {"Machine": {w: w for w in machines}, "Feature": names, "Its bit in the table": {"set": "set", "clear": "clear"}}
    start = list(machines)[-1]
    return ChoiceTable(CASES, dimensions, outcomes, (start, "adx", "clear"))


def machine(answers: Sequence[Evidence]) -> StateMachine:
    """The life of a vCPU's table, as each witness lived it."""
    from syslab.widgets import StateMachine
    from syslab.widgets.state_machine import Edge, Event, Machine, State

    notes = {
        experiment.NEW: "just created",
        experiment.SET: "KVM_SET_CPUID2 succeeded at least once",
        experiment.RAN: "the table is fixed",
        experiment.RAN_EMPTY: "no table is what is fixed",
    }
    places = {experiment.NEW: (0, 0), experiment.SET: (0, 1), experiment.RAN: (1, 1), experiment.RAN_EMPTY: (1, 0)}
    states = [State(name, name, places[name], note) for name, note in notes.items()]
    ids = {event.name: f"e{number}" for number, event in enumerate(experiment.EVENTS)}
    first = experiment.EVENTS[1].name
    arrows = {first: "SET", experiment.EVENTS[0].name: "RUN"}
    events = [
        Event(ids[e.name], e.name, "You call KVM_SET_CPUID2 with" if e.table else "You call", arrows.get(e.name, ""))
        for e in experiment.EVENTS
    ]
    machines: dict[tuple[str, ...], Machine] = {}
    for answer in answers:
        edges = {}
        for row in answer.data:
            refused = row["result"] != OK
            to = row["state"] if refused else _next(row["state"], row["event"])
            edges[row["state"], ids[row["event"]]] = Edge(
                to, row["result"], _why(row["state"], row["event"], row["result"]), refused
            )
        machines[(answer.provenance.witness,)] = Machine(experiment.NEW, edges)
    toggles = {"Machine": {who: who for who, *_ in machines}}
    start = list(machines)[-1][0]
    return StateMachine(LIFE, states, events, machines, toggles, start)


def _next(state: str, event: str) -> str:
    """Where a success leads."""
    if event == experiment.EVENTS[0].name:
        return {experiment.NEW: experiment.RAN_EMPTY, experiment.SET: experiment.RAN}.get(state, state)
    return experiment.SET if state == experiment.NEW else state


def _why(state: str, event: str, result: str) -> str:
    """One sentence on a step."""
    if event == experiment.EVENTS[0].name:
        return "The vCPU executes one HLT."
    if state in (experiment.NEW, experiment.SET):
        return "Before the first KVM_RUN any table that passes the checks replaces the one before."
    if result == OK:
        return "Nothing changes: it is what the vCPU has."
    return "It is not what the vCPU has, entry by entry."
