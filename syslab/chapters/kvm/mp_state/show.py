"""Tables of the chapter on MP states, and its state machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Evidence
from syslab.show.table import Column, Table, Verdict

from . import model
from .ask import Reading, SetState, Start, Transition
from .model import EVENTS, READABLE, RUNNABLE, SETTABLE, TRIED, UNTRIED

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import StateMachine
    from syslab.widgets.state_machine import Edge

ANCHOR = "mp"


def titled(number: int | None) -> str:
    """``2 INIT_RECEIVED``."""
    if number is None:
        return ""
    return f"{number} {model.name(number)}" if number in model.BY_NUMBER else str(number)


def _chip(irqchip: bool) -> str:
    return "in KVM" if irqchip else "none in KVM"


class Number(NamedTuple):
    """A number that the state was set to, and what came of it without an irqchip and with one."""

    number: int
    without: str
    irqchip: str


def _numbers(answer: Evidence[list[SetState]]) -> list[Number]:
    return [Number(n, _came_of(answer.data, n, False), _came_of(answer.data, n, True)) for n in TRIED]


def _came_of(rows: list[SetState], number: int, irqchip: bool) -> str:
    """``ok, reads 0`` or the errno; both vCPUs' if they differ."""
    found = {
        row["vcpu"]: f"ok, reads {row['reads']}" if row["result"] == "ok" else row["result"]
        for row in rows
        if (row["set"], row["irqchip"]) == (number, irqchip)
    }
    same = len(set(found.values())) == 1
    return next(iter(found.values())) if same else ", ".join(f"vCPU {vcpu}: {text}" for vcpu, text in found.items())


def _api_rst(number: int) -> str:
    if number not in model.BY_NUMBER:
        return "no such state"
    named = model.BY_NUMBER[number].documented
    return "not in its table" if named is None else ", ".join(named)


def set_states(answers: Sequence[Evidence[list[SetState]]]) -> Table:
    """KVM_SET_MP_STATE with every number, without and with an irqchip, beside what api.rst says."""
    return Table(
        answers,
        [Column("Without irqchip", lambda row: row.without), Column("With irqchip", lambda row: row.irqchip)],
        _numbers,
        "KVM_SET_MP_STATE, each number",
        keys=[
            Column("Set", lambda row: titled(row.number)),
            Column("api.rst names it for", lambda row: _api_rst(row.number)),
        ],
        fold=True,
        telling=(
            "0 RUNNABLE",
            "1 UNINITIALIZED",
            "2 INIT_RECEIVED",
            "3 HALTED",
            "4 SIPI_RECEIVED",
            "5 STOPPED",
            "9 AP_RESET_HOLD",
            "11",
            "255",
        ),
    )


class First(NamedTuple):
    """The states that two new vCPUs read."""

    irqchip: bool
    states: tuple[int, int]


def _firsts(answer: Evidence[list[SetState]]) -> list[First]:
    found = {(row["irqchip"], row["vcpu"]): row["first"] for row in answer.data}
    return [First(irqchip, (found[irqchip, 0], found[irqchip, 1])) for irqchip in (False, True)]


def first_states(answers: Sequence[Evidence[list[SetState]]]) -> Table:
    """The state that a new vCPU reads."""
    return Table(
        answers,
        [Column("New vCPU 0", lambda row: titled(row.states[0])), Column("New vCPU 1", lambda row: titled(row.states[1]))],
        _firsts,
        "KVM_GET_MP_STATE of new vCPUs",
        keys=[Column("Irqchip", lambda row: _chip(row.irqchip))],
        fold=True,
    )


def reading(answers: Sequence[Evidence[list[Reading]]]) -> Table:
    """What KVM_GET_MP_STATE changes."""
    return Table(
        answers,
        [
            Column("It answers", lambda row: titled(row["state"])),
            Column("CS:IP", lambda row: row["place"], number=True),
            Column("INIT pending", lambda row: "yes" if row["init_waits"] else "no"),
            Column("sipi_vector", lambda row: row["sipi_vector"], number=True),
        ],
        keys=[Column("Done", lambda row: row["done"])],
        caption="Reading the state, vCPU 1 outside KVM_RUN",
        fold=True,
    )


def ap_start(answers: Sequence[Evidence[list[Start]]]) -> Table:
    """vCPU 1 from its making to its HLT, and back."""
    return Table(
        answers,
        [
            Column("KVM_RUN of vCPU 1", lambda row: row["run"]),
            Column("It writes", lambda row: row["said"]),
            Column("Its state", lambda row: titled(row["state"])),
            Column("Its CS", lambda row: f"{row['cs']:#x}", number=True),
        ],
        keys=[Column("Done", lambda row: row["done"])],
        caption="The start of vCPU 1",
        fold=True,
    )


class Tried(NamedTuple):
    """The steps that a witness took, and those of them that the model does not take."""

    witness: str
    irqchip: bool
    steps: int
    other: list[Transition]


def transitions(answers: Sequence[Evidence[list[Transition]]]) -> Table:
    """How many steps each witness took, and whether each was the one that the state machine of the page takes."""
    rows = []
    for answer in answers:
        for irqchip in (False, True):
            steps = [row for row in answer.data if row["irqchip"] == irqchip]
            other = [row for row in steps if _predicted(row) != (row["to"], row["result"])]
            rows.append(Tried(answer.provenance.witness, irqchip, len(steps), other))
    columns: list[Column[Tried]] = [
        Column("Witness", lambda row: row.witness),
        Column("Irqchip", lambda row: _chip(row.irqchip)),
        Column("Steps tried", lambda row: row.steps, number=True),
        Column(
            "The machine of the page",
            lambda row: Verdict(not row.other, ", ".join(f"{step['event']} in {step['state']}" for step in row.other)),
        ),
    ]
    return Table(
        answers,
        columns,
        rows,
        heads=2,
    )


def _predicted(row: Transition) -> tuple[int, str] | None:
    step = model.step(row["state"], row["event"], row["irqchip"], row["vcpu"])
    return (step.state, step.result) if step else None


def _why(state: int, event: str, irqchip: bool, vcpu: int) -> str:
    """One sentence on a step."""
    if event.startswith("set-"):
        wanted = int(event.removeprefix("set-"))
        if wanted in SETTABLE and not irqchip:
            return "Without a local APIC in KVM, only 0 is allowed."
        if wanted not in model.BY_NUMBER:
            return "No architecture has a state of that number."
        if wanted not in (RUNNABLE, *SETTABLE):
            return f"It belongs to {', '.join(model.BY_NUMBER[wanted].documented or ())}."
        return "Kept as INIT_RECEIVED with a SIPI pending. Reading the state delivers it." if wanted == model.SIPI_RECEIVED else ""
    if event in ("init", "sipi") and not irqchip:
        return "The fault is in the sender: without a local APIC in KVM there is no MSR 0x830."
    if event == "init":
        return "It is reset and waits for a SIPI." if vcpu else "It is reset. The bootstrap processor waits for nothing."
    if event == "sipi":
        return (
            "It starts in real mode, at vector * 0x1000."
            if state == model.INIT_RECEIVED
            else "Dropped. A SIPI counts only after an INIT."
        )
    if event == "nmi":
        return "The guest's NMI handler writes to a port."
    if not irqchip:
        return "You get the HLT, and KVM keeps no state of it."
    return "The HLT is executed, and KVM_RUN sleeps." if state == RUNNABLE else "KVM_RUN sleeps, and no instruction is executed."


def _edge(state: int, event: str, irqchip: bool, vcpu: int) -> Edge | None:
    from syslab.widgets.state_machine import Edge

    step = model.step(state, event, irqchip, vcpu)
    if step is None:
        return None
    told = {"waits": "KVM_RUN waits", "#GP": "#GP in the sender"}.get(step.result, step.result)
    return Edge(str(step.state), told, _why(state, event, irqchip, vcpu), refused=step.result in ("EINVAL", "#GP"))


def machine(value: str = "yes.1") -> StateMachine:
    """The model of :mod:`syslab.chapters.kvm.mp_state.model` to play with; each of its steps is tried by ``transitions``."""
    from syslab.widgets import StateMachine
    from syslab.widgets.state_machine import Event, Machine, State

    places = {1: (0, 0), 2: (0, 1), 9: (0, 2), 4: (1, 0), 0: (1, 1), 3: (1, 2)}
    states = [State(str(n), model.name(n), at, model.BY_NUMBER[n].meaning) for n, at in places.items()]
    setters = [Event(f"set-{n}", titled(n), "You call KVM_SET_MP_STATE with", told=EVENTS[f"set-{n}"]) for n in range(12)]
    others = [
        Event("init", "INIT", "The other vCPU sends it", "INIT", EVENTS["init"]),
        Event("sipi", "SIPI", "The other vCPU sends it", "SIPI", EVENTS["sipi"]),
        Event("hlt", "where the next instruction is HLT", "You call KVM_RUN", "HLT", EVENTS["hlt"]),
        Event("nmi", "after KVM_NMI", "You call KVM_RUN", "NMI", EVENTS["nmi"]),
    ]
    assert {event.id for event in (*setters, *others)} == set(EVENTS)
    machines: dict[tuple[str, ...], Machine] = {}
    for chip, irqchip in (("yes", True), ("no", False)):
        for vcpu in (1, 0):
            edges = {
                (str(state), event): edge
                for state in (READABLE if irqchip else (RUNNABLE,))
                for event in EVENTS
                if (event, state) not in UNTRIED and (edge := _edge(state, event, irqchip, vcpu))
            }
            machines[chip, str(vcpu)] = Machine(str(model.start(irqchip, vcpu)), edges)
    toggles = {"Irqchip": {"yes": "in KVM", "no": "none in KVM"}, "vCPU": {"1": "1, an AP", "0": "0, the bootstrap processor"}}
    return StateMachine(ANCHOR, states, [*others, *setters], machines, toggles, value)
