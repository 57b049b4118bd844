"""The Python half of the interleaving: what it refuses, and where a value leads."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets import TraitError

from syslab.chapters.kvm.vcpu_requests.show import interleaving
from syslab.chapters.kvm.vcpu_requests.widget import Interleaving
from syslab.widgets.base import PACKAGE

MOVES = {"a": (0, "Go", "{}"), "b": (1, "Go", "{}")}
OUTCOMES = {"met": ("good", "They met.")}


def graph(**changes: Any) -> dict[str, Any]:
    states = [[[0, 0], ["", ""], [0], None, {"a": 1}], [[1, 0], ["", ""], [1], "met", {}]]
    return {"title": "t", "programs": [["go"], []], "states": states, "runs": [["met", "a"]]} | changes


def made(graphs: dict[str, Any], value: str | None = None) -> Interleaving:
    return Interleaving("i", ["A", "B"], ["x"], MOVES, OUTCOMES, graphs, value)


def test_a_value_leads_to_a_state() -> None:
    widget = made({"g": graph()})
    assert widget.value == "g."
    assert (widget.state("g."), widget.state("g.a")) == (0, 1)
    assert made({"g": graph()}, "g.a").value == "g.a"


@pytest.mark.parametrize("value", ["", "g", "h.", "g.b", "g.aa"])
def test_values_that_are_none(value: str) -> None:
    with pytest.raises(ValueError, match="interleaving i"):
        made({"g": graph()}).state(value)


def test_refuses_to_be_set_to_one() -> None:
    widget = made({"g": graph()})
    with pytest.raises(TraitError, match=r"step 'b' of 'g\.b' cannot be; a can"):
        widget.value = "g.b"


@pytest.mark.parametrize(
    ("graphs", "why"),
    [
        ({}, "at least one graph"),
        ({"g.h": graph()}, "plain key"),
        ({"g": graph(programs=[["go"]])}, "2 programs"),
        ({"g": graph(states=[[[0, 0], ["", ""], [0], None, {"c": 0}]])}, "not told of"),
        ({"g": graph(states=[[[0, 0], ["", ""], [0], "lost", {}]])}, "not told of"),
        ({"g": graph(states=[[[0, 0], ["", ""], [0, 0], None, {}]])}, "not told of"),
        ({"g": graph(states=[[[0, 0], ["", ""], [0], None, {"a": 7}]])}, "not told of"),
    ],
)
def test_refuses(graphs: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        made(graphs)


def test_meaning_comes_from_python() -> None:
    script = (PACKAGE / "chapters/kvm/vcpu_requests/widget.js").read_text(encoding="utf-8")
    assert not any(word in script for word in ("IN_GUEST_MODE", "requests", "lost", "vCPU", "kicked"))
    assert interleaving().value == "none."
