"""Tables of the chapter on HLT, and its flow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Named, Table, Verdict

from .ask import GUESTS, Case, Event, Halted, Maximum, Pending, Polling, Waiting
from .model import Halt, Parameters, wakes

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import Flow

Rule = Callable[[int, int, Parameters], int]
EVENT = {"none": "none", "interrupt": "interrupt line", "nmi": "NMI"}
CASES = {
    "pending": "The line is raised before sti; hlt",
    "blocked": "An NMI, while the guest halts in its NMI handler",
    "inject": "KVM_INTERRUPT, with the interrupt controllers in the kernel",
    "signal": "A signal to the thread in KVM_RUN",
}


def _told(row: Event | Case) -> str:
    return f"{row['then']}, state {row['state']}"


def hlt(answers: Sequence[Evidence[list[Halted]]]) -> Table:
    """What KVM_RUN does with HLT, by the interrupt controller and whether HLT exits."""
    return Table(
        answers,
        [Column("KVM_RUN", lambda row: f"{row['run']}; state {row['state']}; halt_exits {row['halt_exits']}")],
        keys=[Column("Local APIC", lambda row: row["irqchip"]), Column("HLT exits", lambda row: row["hlt_exits"])],
        caption="KVM_RUN comes to, MP state afterwards, KVM's count of halts",
    )


def events(answers: Sequence[Evidence[list[Event]]], rule: Callable[[str, bool], bool] = wakes) -> Table:
    """Who runs next, if anybody, and whether ``rule`` says so."""

    def held(row: Event) -> Verdict:
        return Verdict(rule(row["event"], row["interrupts"]) == (row["then"] != "blocks"), _told(row))

    def predicted(row: Event) -> str:
        return "wakes" if rule(row["event"], row["interrupts"]) else "waits"

    return Table(
        answers,
        [Column("Then", held)],
        keys=[
            Column("Event", lambda row: EVENT[row["event"]]),
            Column("IF", lambda row: int(row["interrupts"]), number=True),
            Column("The rule", predicted),
        ],
        caption="Whether the rule holds: who runs next, and the MP state",
    )


def special(answers: Sequence[Evidence[list[Case]]]) -> Table:
    """The cases beside the table."""
    return Table(answers, [Column("Then", _told)], keys=[Column("Case", lambda row: CASES[row["case"]])])


def pending(answers: Sequence[Evidence[list[Pending]]], codes: Collection[str] = tuple(GUESTS)) -> Table:
    """Where an interrupt that was pending from the beginning came in, for some of the guests."""

    def came(row: Pending) -> str:
        if row["after"] is None:
            return f"not at all; {row['then']}"
        return f"after byte {row['after']}; then {row['then']}"

    def some(answer: Evidence[list[Pending]]) -> list[Pending]:
        return [row for row in answer.data if row["code"] in codes]

    return Table(
        answers,
        [Column("The interrupt comes in", came)],
        some,
        keys=[Column("Guest", lambda row: GUESTS[row["code"]]), Column("Bytes", lambda row: row["code"])],
    )


def parameters(answers: Sequence[Evidence[dict[str, int]]]) -> Table:
    """The four module parameters."""
    value = Column[Named]("Value", lambda row: row["answer"], number=True)
    return Table(answers, [value], keys=[Column("Parameter", lambda row: row["what"])])


def per_vm(answers: Sequence[Evidence[list[Maximum]]]) -> Table:
    """A VM's own maximum."""
    return Table(
        answers,
        [Column("Halts", lambda row: f"{row['halts']} halts, {'some' if row['polled'] else 'none'} polled")],
        keys=[Column("The VM's maximum, ns", lambda row: f"{row['maximum']:,}", number=True)],
    )


def _callers(names: list[str]) -> str:
    return ", ".join(f"{name}()" for name in names) or "nowhere"


def functions(answers: Sequence[Evidence[list[Waiting]]]) -> Table:
    """Which function KVM waits in."""
    return Table(
        answers,
        [
            Column("The vCPU waits in", lambda row: row["state"]),
            Column("kvm_vcpu_halt() is called from", lambda row: _callers(row["kvm_vcpu_halt"])),
            Column("kvm_vcpu_block() is called from", lambda row: _callers(row["kvm_vcpu_block"])),
            Column("KVM_RUN", lambda row: row["run"]),
        ],
    )


class Transition(Halt):
    """A halt by its number; the window before and after it, in ns; what a rule makes of it, and whether that is the same."""

    number: int
    before: int
    after: int
    said: int
    agrees: bool


def transitions(row: Polling, rule: Rule) -> list[Transition]:
    """Each halt of one traced run: the window before it, after it, and what ``rule`` makes of the same halt."""
    found: list[Transition] = []
    p, window = Parameters.of(row["parameters"]), 0
    for number, halt in enumerate(row["halts"], 1):
        begun = window
        window = min(window, p.maximum) if halt["new"] is None else halt["new"]
        said = rule(begun, halt["halted"], p)
        found.append({**halt, "number": number, "before": begun, "after": window, "said": said, "agrees": said == window})
    return found


def score(answer: Answer[list[Polling]], rule: Rule) -> Table:
    """For each setting, how many halts the rule predicts, starting each from the traced window before it."""

    def count(which: Callable[[Transition], bool]) -> Callable[[Polling], int]:
        return lambda row: sum(which(halt) for halt in transitions(row, rule))

    def verdict(row: Polling) -> Verdict:
        right, all_ = count(lambda halt: halt["agrees"])(row), len(row["halts"])
        return Verdict(right == all_, f"{right} of {all_}")

    columns: list[Column[Polling]] = [
        Column("Parameters", lambda row: row["setting"]),
        Column("Halts", lambda row: len(row["halts"]), number=True),
        Column("Grew", count(lambda halt: halt["change"] == "grow"), number=True),
        Column("Shrank", count(lambda halt: halt["change"] == "shrink"), number=True),
        Column("The rule, halt by halt", verdict),
    ]
    return Table(answer, columns)


def changes(answer: Answer[list[Polling]], rule: Rule, setting: int = -1, most: int = 14) -> Table:
    """The first ``most`` halts of one setting that changed the window, and the rule's value for each."""
    rows = [halt for halt in transitions(answer.data[setting], rule) if halt["change"]][:most]
    columns: list[Column[Transition]] = [
        Column("Halt", lambda row: row["number"], number=True),
        Column("It lasted, ns", lambda row: f"{row['halted']:,}", number=True),
        Column("The thread", lambda row: "slept" if row["slept"] else "stayed awake"),
        Column("Window before", lambda row: f"{row['before']:,}", number=True),
        Column("KVM traced", lambda row: f"{row['change']} to {row['new']:,}"),
        Column("The rule", lambda row: Verdict(row["agrees"], f"{row['said']:,}")),
    ]
    return Table(
        answer,
        columns,
        rows,
        caption=f"The first {len(rows)} halts that changed the window, with {answer.data[setting]['setting']}",
    )


def nmi_first(answers: Sequence[Evidence[list[Pending]]]) -> Table:
    """An NMI that is there before the guest's first instruction: when its handler ran, and what became of HLT."""
    return Table(
        answers,
        [
            Column(
                "What happened", lambda row: f"{row['first']} after byte {row['after']}; then {row['then']}, state {row['state']}"
            )
        ],
        keys=[Column("Guest", lambda row: GUESTS[row["code"]])],
    )


def flow(
    hlts: Sequence[Evidence[list[Halted]]],
    event_answers: Sequence[Evidence[list[Event]]],
    special_answers: Sequence[Evidence[list[Case]]],
    nmis: Sequence[Evidence[list[Pending]]],
) -> Flow:
    """The path of a HLT; what was measured is attached to its inputs."""
    from .flow import build

    return build(hlts, event_answers, special_answers, nmis)
