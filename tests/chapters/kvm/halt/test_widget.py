"""The Python half of the flow: what it refuses, what the page gets, and where a path ends."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.kvm.halt.widget import Decision, End, Flow, Step

INPUTS = {"key": ("Key", {"no": "none", "yes": "a key"}), "door": ("Door", {"wood": "wood", "steel": "steel"})}
NODES = (
    Step("Walk to the `door`"),
    Decision("A key?", ("key",), {("no",): "no", ("yes",): "yes"}, skips={"yes": 1}),
    Decision("Kick it?", ("door",), {("wood",): "breaks", ("steel",): "holds"}, ends={"holds": End("Outside", "Cold.", "bad")}),
    Decision("In?", (), {(): ""}, ends={"": End("Inside", tone="good")}),
)


@pytest.mark.parametrize(
    ("value", "titles", "end"),
    [
        (("no", "wood"), ["Walk to the `door`", "A key?", "Kick it?", "In?"], "Inside"),
        (("no", "steel"), ["Walk to the `door`", "A key?", "Kick it?"], "Outside"),
        (("yes", "steel"), ["Walk to the `door`", "A key?", "In?"], "Inside"),
    ],
)
def test_paths(value: tuple[str, str], titles: list[str], end: str) -> None:
    passed, where = Flow("door", INPUTS, NODES).path(value)
    assert [title for title, _ in passed] == titles
    assert where["title"] == end


def test_what_the_page_gets() -> None:
    flow = Flow("door", INPUTS, NODES, measured={("no", "steel"): "ouch"})
    assert flow.value == ["no", "wood"]
    assert flow.inputs[1] == {"label": "Door", "options": [["wood", "wood"], ["steel", "steel"]]}
    assert flow.nodes[1] == {
        "title": "A key?",
        "text": "",
        "asks": [0],
        "answers": {"no": "no", "yes": "yes"},
        "ends": {},
        "skips": {"yes": 1},
    }
    assert flow.nodes[2]["ends"] == {"holds": {"title": "Outside", "text": "Cold.", "tone": "bad"}}
    assert flow.measured == {"no|steel": "ouch"}


@pytest.mark.parametrize(
    ("nodes", "options", "why"),
    [
        ((Decision("?", ("lock",), {}),), {}, "asks lock; the inputs are key, door"),
        ((Decision("?", ("key",), {("no",): "no"}),), {}, "no answer for yes"),
        ((Step("on"),), {}, "no node is there"),
        ((Decision("?", ("key",), {("no",): "n", ("yes",): "y"}, {"n": End("e")}, {"y": 3}), NODES[3]), {}, "goes on after y"),
        ((Decision("?", (), {(): ""}, {"": End("e", tone="loud")}),), {}, "tone 'loud'"),
        ((Decision("?", (), {(): ""}, {"": End("`e")}),), {}, "backquote without its partner"),
        (NODES, {"value": ("no",)}, "does not name one option of each of key, door"),
        (NODES, {"measured": {("no", "glass"): "x"}}, "does not name one option"),
    ],
)
def test_refuses(nodes: Any, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Flow("door", INPUTS, nodes, **options)
