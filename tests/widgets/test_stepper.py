"""The Python half of the stepper: what it refuses, and what the page gets."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from syslab.widgets import Step, Stepper


def test_a_lane_left_out_is_idle() -> None:
    stepper = Stepper("s", ["left", "right"], [Step("go", {"right": "runs `x`"}, "why")])
    assert stepper.steps == [{"title": "go", "note": "why", "lanes": ["", "runs `x`"]}]
    assert (stepper.lanes, stepper.anchor, stepper.value) == (["left", "right"], "s", 1)


@pytest.mark.parametrize(
    ("lanes", "steps", "why"),
    [
        ([], [Step("a", {})], "at least one lane"),
        (["l"], [], "at least one lane and one step"),
        (["l", "l"], [Step("a", {})], "same name"),
        (["l"], [Step("a", {"r": "x"})], "step 1 speaks of lane 'r'; there are l"),
        (["l"], [Step("a", {"l": "`x"})], "backquote without its partner"),
    ],
)
def test_refuses(lanes: list[str], steps: list[Step], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Stepper("s", lanes, steps)


def test_a_step_that_is_not_there() -> None:
    stepper = Stepper("s", ["l"], [Step("a", {}), Step("b", {})])
    stepper.value = 2
    for wrong in (0, 3):
        with pytest.raises(TraitError, match="steps 1 to 2"):
            stepper.value = wrong
