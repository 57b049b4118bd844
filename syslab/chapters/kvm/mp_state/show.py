"""Tables of the chapter on MP states, and its state machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Measured, SideBySide, Verdict, together

from . import model
from .model import EVENTS, READABLE, RUNNABLE, SETTABLE, TRIED, UNTRIED

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import StateMachine
    from syslab.widgets.state_machine import Edge

Row = dict[str, Any]
ANCHOR = "mp"


def titled(number: int | None) -> str:
    """``2 INIT_RECEIVED``."""
    if number is None:
        return ""
    return f"{number} {model.name(number)}" if number in model.BY_NUMBER else str(number)


def _reshaped(answers: Sequence[Evidence], make: Callable[[list[Row]], list[Row]]) -> list[Evidence]:
    return [replace(answer, data=make(answer.data)) for answer in answers]


def _came_of(rows: list[Row], number: int, irqchip: bool) -> str:
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


def settable(answers: Sequence[Evidence]) -> Measured | SideBySide:
    """KVM_SET_MP_STATE with every number, without and with an irqchip, beside what api.rst says."""

    def pivot(rows: list[Row]) -> list[Row]:
        return [{"set": n, "without": _came_of(rows, n, False), "with": _came_of(rows, n, True)} for n in TRIED]

    keys = [
        Column("Set", lambda row: titled(row["set"])),
        Column("api.rst names it for", lambda row: _api_rst(row["set"])),
    ]
    values = [Column("Without irqchip", "without"), Column("With irqchip", "with")]
    return together(_reshaped(answers, pivot), keys, values, "KVM_SET_MP_STATE, each number")


def first_states(answers: Sequence[Evidence]) -> Measured | SideBySide:
    """The state that a new vCPU reads."""

    def pivot(rows: list[Row]) -> list[Row]:
        found = {(row["irqchip"], row["vcpu"]): row["first"] for row in rows}
        return [{"irqchip": irqchip, **{f"vcpu_{n}": found[irqchip, n] for n in (0, 1)}} for irqchip in (False, True)]

    keys = [Column("Irqchip", lambda row: "in KVM" if row["irqchip"] else "none in KVM")]
    values = [Column("New vCPU 0", lambda row: titled(row["vcpu_0"])), Column("New vCPU 1", lambda row: titled(row["vcpu_1"]))]
    return together(_reshaped(answers, pivot), keys, values, "KVM_GET_MP_STATE of new vCPUs")


def reading(answers: Sequence[Evidence]) -> Measured | SideBySide:
    """What KVM_GET_MP_STATE changes."""
    keys = [Column("Done", "done")]
    values = [
        Column("It answers", lambda row: titled(row["state"])),
        Column("CS:IP", "place", number=True),
        Column("INIT pending", lambda row: "yes" if row["init_waits"] else "no"),
        Column("sipi_vector", "sipi_vector", number=True),
    ]
    return together(answers, keys, values, "Reading the state, vCPU 1 outside KVM_RUN")


def ap_start(answers: Sequence[Evidence]) -> Measured | SideBySide:
    """vCPU 1 from its making to its HLT, and back."""
    keys = [Column("Done", "done")]
    values = [
        Column("KVM_RUN of vCPU 1", "run"),
        Column("It writes", "said"),
        Column("Its state", lambda row: titled(row["state"])),
        Column("Its CS", lambda row: f"{row['cs']:#x}", number=True),
    ]
    return together(answers, keys, values, "The start of vCPU 1")


def against_model(answers: Sequence[Evidence]) -> Measured:
    """How many steps each witness took, and whether each was the one that the state machine of the page takes."""
    rows = []
    for answer in answers:
        for irqchip in (False, True):
            steps = [row for row in answer.data if row["irqchip"] == irqchip]
            other = [row for row in steps if _predicted(row) != (row["to"], row["result"])]
            rows.append({"who": answer.provenance.witness, "irqchip": irqchip, "steps": len(steps), "other": other})
    columns = [
        Column("Witness", "who"),
        Column("Irqchip", lambda row: "in KVM" if row["irqchip"] else "none in KVM"),
        Column("Steps tried", "steps", number=True),
        Column(
            "The machine below",
            lambda row: Verdict(not row["other"], ", ".join(f"{r['event']} in {r['state']}" for r in row["other"])),
        ),
    ]
    return Measured(answers[0], columns, rows, also=answers[1:])


def _predicted(row: Row) -> tuple[int, str] | None:
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
