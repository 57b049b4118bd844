"""The Python half of the state machine: what it refuses, and that a path is walked as the table says."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError

from syslab.widgets import StateMachine
from syslab.widgets.state_machine import LONGEST, Edge, Event, Machine, State

STATES = (State("off", "OFF", (0, 0)), State("on", "ON", (1, 0), "light"))
EVENTS = (Event("up", "Press", "Switch", "up"), Event("down", "Pull", "Switch", told="pulled"))
EDGES = {("off", "up"): Edge("on", "ok"), ("on", "down"): Edge("off", "ok"), ("on", "up"): Edge("on", "EBUSY", "It is on.", True)}
TOGGLES = {"Power": {"yes": "power", "no": "none"}}
MACHINES = {("yes",): Machine("off", EDGES), ("no",): Machine("off")}


def lamp(**changes: Any) -> StateMachine:
    given = {"states": STATES, "events": EVENTS, "machines": MACHINES, "toggles": TOGGLES} | changes
    return StateMachine("lamp", **given)


def test_a_path_is_walked() -> None:
    machine = lamp()
    assert machine.value == "yes"
    assert machine.replay("yes.up.up.down") == ["OFF", "ON", "ON", "OFF"]
    assert machine.replay("no") == ["OFF"]
    machine.value = "yes.up"
    assert machine.texts == [["ok", "", False], ["EBUSY", "It is on.", True]]
    assert machine.groups == [["Switch", [["up", "Press", "up", "Press"], ["down", "Pull", "", "pulled"]]]]


def test_without_toggles() -> None:
    machine = lamp(toggles=None, machines={(): Machine("off", EDGES)})
    assert machine.value == ""
    assert machine.replay("up") == ["OFF", "ON"]


@pytest.mark.parametrize(
    "path", ["", "maybe", "yes.down", "no.up", "yes.up.sideways", "yes..up", "yes." + ".".join(["up"] * (LONGEST + 1))]
)
def test_a_path_that_cannot_be_walked(path: str) -> None:
    machine = lamp()
    with pytest.raises(ValueError, match="state machine lamp"):
        machine.replay(path)
    with pytest.raises(TraitError, match="state machine lamp"):
        machine.value = path
    assert machine.value == "yes"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"states": ()}, "states and events"),
        ({"events": EVENTS[:1] * 2}, "a name of its own"),
        ({"states": (STATES[0], State("x", "X", (0, 0)))}, "at the same place"),
        ({"events": (Event("a.b", "x"),)}, "cannot stand in a link"),
        ({"toggles": {"Power": {"yes": "power"}}}, "toggles do not match"),
        ({"machines": {("yes",): Machine("off", {("off", "up"): Edge("gone", "ok")}), ("no",): Machine("off")}}, "no such edge"),
        ({"machines": {("yes",): Machine("off", {("off", "x"): Edge("on", "ok")}), ("no",): Machine("off")}}, "no such edge"),
        ({"machines": {("yes",): Machine("gone"), ("no",): Machine("off")}}, "which is no state"),
        ({"machines": {("yes",): Machine("off", {("off", "up"): Edge("on", "no", "", True)}), ("no",): Machine("off")}}, "and yet leads to"),
        ({"value": "yes.down"}, "no event 'down' in OFF"),
    ],
)  # fmt: skip
def test_refuses(changes: dict[str, Any], why: str) -> None:
    with pytest.raises((ValueError, TraitError), match=why):
        lamp(**changes)
