"""Tables of the chapter on KVM_SET_CPUID2, and its two widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Table

from . import stages
from .ask import Echoed, Lived, Mirrored, Named, Returned, Told, Used, X2apic
from .cases import FEATURES, Feature
from .guest import OK, RAN
from .qemu_cpu import Started

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable, StateMachine
    from syslab.widgets.choice_table import Outcome

CASES, LIFE = "setcpuid", "cpuidlife"
TOLD = {True: "1", False: "0", None: "nothing: the table was refused"}
REPORTED = {True: "reported", False: "not reported"}
HAS = {True: "yes", False: "no", None: "no CPU"}
BY_GUEST = "the guest sets "
ADVENTUROUS = ("AVX512F", "PKU", "PCID", "VMX", "SVM")
BY_NAME = {feature.name: feature for feature in FEATURES}


def words(row: Sequence[int] | None) -> str:
    """Four words in hex; all zeros in a word."""
    if row is None:
        return "nothing"
    return " ".join(f"{word:x}" for word in row) if any(row) else "zeros"


def _place(row: Told) -> str:
    return f"{row['leaf']:x}.{row['subleaf']}"


def tables(answers: Sequence[Evidence[list[Told]]]) -> Table:
    """What KVM_SET_CPUID2 said, a row a table."""

    def one_each(answer: Evidence[list[Told]]) -> list[Told]:
        return list({row["case"]: row for row in answer.data}.values())

    return Table(
        answers,
        [Column("KVM_SET_CPUID2", lambda row: row["result"])],
        one_each,
        keys=[Column("Table", lambda row: row["case"])],
        telling=(
            "as reported",
            "leaf 7: EBX, ECX, EDX all ones",
            "vendor GenuineIntel, highest leaf D",
            "empty",
            "256 entries",
            "257 entries",
            "linear addresses of 0 bits",
            "linear addresses of 39 bits",
            "AMX tile data in leaf D",
        ),
    )


def told(answers: Sequence[Evidence[list[Told]]], *cases: str) -> Table:
    """What the guest's CPUID said, for some of the tables: all questions of each."""

    def some(answer: Evidence[list[Told]]) -> list[Told]:
        return [row for row in answer.data if row["case"] in cases]

    asked = ", ".join(dict.fromkeys(map(_place, some(answers[0]))))
    return Table(
        answers,
        [Column("CPUID says", _seen)],
        some,
        f"EAX EBX ECX EDX of {asked}, hexadecimal",  # of its own for each: it names the table to screen readers
        keys=[Column("Table", lambda row: row["case"]), Column("Guest asks", _place)],
        telling=(
            "as reported, 7.0",
            "as reported, 50.0",
            "a leaf nobody defined",
            "vendor GenuineIntel, highest leaf D",
            "the same leaf twice",
            "empty, 7.0",
        ),
    )


def topology(answers: Sequence[Evidence[list[Told]]]) -> Table:
    """What the guest's CPUID said in leaf B, of subleaves that its table lacks but for the first."""
    return Table(
        answers,
        [Column("CPUID says", _seen)],
        caption="EAX EBX ECX EDX of leaf B, hexadecimal",
        keys=[Column("The table has", lambda row: row["case"]), Column("Guest asks", _place)],
    )


def entered(answers: Sequence[Evidence[list[Returned]]]) -> Table:
    """KVM_SET_CPUID2 with a changed table after a KVM_RUN that entered the guest, or did not."""
    return Table(
        answers,
        [Column("One bit changed", lambda row: row["result"])],
        keys=[Column("KVM_RUN", lambda row: row["run"]), Column("came back with", lambda row: row["came_back"])],
    )


def x2apic(answers: Sequence[Evidence[list[X2apic]]]) -> Table:
    """What became of x2APIC, which KVM reports, in a VM with the interrupt controllers in the kernel and in one without."""
    return Table(
        answers,
        [Column("RDMSR of 0x802 in the guest", lambda row: row["outcome"])],
        keys=[
            Column("KVM_CREATE_IRQCHIP", lambda row: "yes" if row["irqchip"] else "no"),
            Column("x2APIC reported", lambda row: int(row["reported"]), number=True),
            Column("KVM_SET_CPUID2", lambda row: row["table"]),
            Column("APIC base", lambda row: row["mode"]),
        ],
    )


def _seen(row: Told) -> str:
    """The answer, and whether it is what the table has there."""
    given = row["given"] or [0, 0, 0, 0]
    return words(row["guest"]) + ("" if row["guest"] == given else ", no such entry" if row["given"] is None else ", changed")


def life_cycle(answers: Sequence[Evidence[list[Lived]]]) -> Table:
    """KVM_SET_CPUID2 after KVM_RUN."""

    def after_run(answer: Evidence[list[Lived]]) -> list[Lived]:
        return [row for row in answer.data if row["state"] == stages.RAN]

    return Table(
        answers,
        [Column("Result", lambda row: row["result"])],
        after_run,
        keys=[Column("After KVM_RUN", lambda row: row["event"])],
    )


class Step(NamedTuple):
    """A step with some room: KVM_GET_CPUID2 itself, or what is done with what it wrote."""

    room: str
    what: str
    said: str | None


def _steps(row: Echoed) -> list[Step]:
    if row["result"] != OK:
        return [Step(row["room"], "KVM_GET_CPUID2", row["result"])]
    return [
        Step(row["room"], "nent afterwards", "the number set" if row["counts"] else "the room, as passed"),
        Step(row["room"], "set nent entries again", row["resubmitted"]),
        Step(row["room"], "set only the number set", row["trimmed"]),
    ]


def echo(answers: Sequence[Evidence[list[Echoed]]]) -> Table:
    """KVM_GET_CPUID2 with more room than it needs, and KVM_SET_CPUID2 with what it wrote."""

    def steps(answer: Evidence[list[Echoed]]) -> list[Step]:
        return [step for row in answer.data if row["room"] != "200" for step in _steps(row)]

    return Table(
        answers,
        [Column("Result", lambda step: step.said)],
        steps,
        keys=[Column("Room for entries", lambda step: step.room), Column("Step", lambda step: step.what)],
    )


def rewritten(answers: Sequence[Evidence[list[Mirrored]]]) -> Table:
    """Fields given one value and read as another, before and after a change of the guest's state."""

    def reads(row: Mirrored) -> str:
        return f"{row['guest']}, then {row['after'] if row['changed'] == OK else row['changed']}"

    return Table(
        answers,
        [Column("Guest reads", reads)],
        keys=[
            Column("Field", lambda row: row["field"]),
            Column("Given", lambda row: row["given"], number=True),
            Column("Then", lambda row: row["then"]),
        ],
        telling=lambda row: row["field"] in ("OSPKE", "D.1 EBX") or row["given"] in (0, 255),
    )


def _by_feature(wanted: Callable[[Used], bool]) -> Callable[[Evidence[list[Used]]], list[Used]]:
    """A row a feature: where it can be used in two ways, both in one."""

    def rows(answer: Evidence[list[Used]]) -> list[Used]:
        found: dict[str, Used] = {}
        for row in filter(wanted, answer.data):
            if before := found.get(row["feature"]):
                way = f"{before['way'].removeprefix(BY_GUEST)} set by the guest / by KVM_SET_SREGS"
                row = {**row, "way": way, "outcome": f"{before['outcome']} / {row['outcome']}"}
            found[row["feature"]] = row
        return list(found.values())

    return rows


def used(answers: Sequence[Evidence[list[Used]]]) -> Table:
    """Features with their bit cleared: told and used, and what guards them."""
    return Table(
        answers,
        [Column("Outcome", lambda row: f"{TOLD[row['guest']]}: {row['outcome']}")],
        _by_feature(lambda row: not row["given"]),
        "the bit as the guest reads it: what came of the use",
        keys=[
            Column("Bit cleared", lambda row: row["feature"]),
            Column("Guard", lambda row: BY_NAME[row["feature"]].gate or "nothing"),
            Column("Used", lambda row: row["way"]),
        ],
        telling=("RDTSCP", "AVX", "AVX state", "SMEP", "PCID", "PKU", "NX", "SVM"),
    )


def unsupported(answers: Sequence[Evidence[list[Used]]]) -> Table:
    """Features that a KVM may not report, with their bit set all the same."""
    return Table(
        answers,
        [Column("Outcome", lambda row: f"{REPORTED[row['supported']]}, {TOLD[row['guest']]}: {row['outcome']}")],
        _by_feature(lambda row: row["given"] and row["feature"] in ADVENTUROUS),
        "whether KVM reports the feature, the bit as the guest reads it: what came of the use",
        keys=[Column("Bit set", lambda row: row["feature"]), Column("Used", lambda row: row["way"])],
    )


def qemu(answers: Sequence[Evidence[list[Started]]]) -> Table:
    """What QEMU said."""
    return Table(
        answers,
        [
            Column("-cpu", lambda row: row["cpu"]),
            Column("Exit status", lambda row: row["status"], number=True),
            Column("Its CPU has the bit", lambda row: HAS[row["has"]]),
            Column("It says", lambda row: "; ".join(row["said"]) or "nothing"),
        ],
    )


def outcome(rows: Sequence[Used], feature: Feature, said: str | None) -> Outcome:
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


def cases(answers: Sequence[Evidence[list[Used]]], qemus: Answer[list[Named]]) -> ChoiceTable:
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
    return ChoiceTable(CASES, dimensions, outcomes, (start, "smep", "set"))


def machine(answers: Sequence[Evidence[list[Lived]]]) -> StateMachine:
    """The life of a vCPU's table, as each witness lived it."""
    from .life import build

    return build(LIFE, answers)
