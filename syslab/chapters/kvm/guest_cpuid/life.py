"""The life of a vCPU's CPUID table as a state machine."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.widgets import StateMachine
from syslab.widgets.state_machine import Edge, Event, Machine, State

from . import stages
from .ask import Lived
from .guest import OK


def build(anchor: str, answers: Sequence[Evidence[list[Lived]]]) -> StateMachine:
    """The states, the events, and what each witness answered to an event in a state."""
    notes = {
        stages.NEW: "just created",
        stages.SET: "KVM_SET_CPUID2 succeeded at least once",
        stages.RAN: "the table is fixed",
        stages.RAN_EMPTY: "no table is what is fixed",
    }
    places = {stages.NEW: (0, 0), stages.SET: (0, 1), stages.RAN: (1, 1), stages.RAN_EMPTY: (1, 0)}
    states = [State(name, name, places[name], note) for name, note in notes.items()]
    ids = {event.name: f"e{number}" for number, event in enumerate(stages.EVENTS)}
    first = stages.EVENTS[1].name
    arrows = {first: "SET", stages.EVENTS[0].name: "RUN"}
    events = [
        Event(ids[e.name], e.name, "You call KVM_SET_CPUID2 with" if e.table else "You call", arrows.get(e.name, ""))
        for e in stages.EVENTS
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
        machines[(answer.provenance.witness,)] = Machine(stages.NEW, edges)
    toggles = {"Machine": {who: who for who, *_ in machines}}
    start = list(machines)[-1][0]
    return StateMachine(anchor, states, events, machines, toggles, start)


def _next(state: str, event: str) -> str:
    """Where a success leads."""
    if event == stages.EVENTS[0].name:
        return {stages.NEW: stages.RAN_EMPTY, stages.SET: stages.RAN}.get(state, state)
    return stages.SET if state == stages.NEW else state


def _why(state: str, event: str, result: str) -> str:
    """One sentence on a step."""
    if event == stages.EVENTS[0].name:
        return "The vCPU executes one HLT."
    if state in (stages.NEW, stages.SET):
        return "Before the guest is first entered, any table that passes the checks replaces the one before."
    if result == OK:
        return "Nothing changes: it is what the vCPU has."
    return "It is not what the vCPU has, entry by entry."
