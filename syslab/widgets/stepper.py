"""Stepper: a flow told step by step, in several lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from .base import Widget, script, style


@dataclass(frozen=True)
class Step:
    """``lanes``: lane -> what happens there (a lane left out is idle). Text in `backquotes` is set as code."""

    title: str
    lanes: Mapping[str, str]
    note: str = ""


class Stepper(Widget):
    """``lanes`` are the actors, in order; ``anchor`` is its name in links: ``#deputy=3`` is the third step.

    A lane whose text differs from the step before is marked. Printed, all steps stand below one another.
    """

    becomes = "the steps one by one, with what each does in its lanes"
    _esm = script("stepper")
    _css = style("stepper")
    anchor = traitlets.Unicode().tag(sync=True)
    lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    steps: traitlets.List[Any] = traitlets.List().tag(sync=True)
    value = traitlets.Int(1).tag(sync=True)

    def __init__(self, anchor: str, lanes: Sequence[str], steps: Sequence[Step]) -> None:
        if not steps or not lanes:
            raise ValueError(f"stepper {anchor}: it needs at least one lane and one step")
        if len(set(lanes)) != len(lanes):
            raise ValueError(f"stepper {anchor}: two lanes have the same name")
        for number, step in enumerate(steps, 1):
            for lane in step.lanes:
                if lane not in lanes:
                    raise ValueError(f"stepper {anchor}: step {number} speaks of lane {lane!r}; there are {', '.join(lanes)}")
            if any(text.count("`") % 2 for text in (step.title, step.note, *step.lanes.values())):
                raise ValueError(f"stepper {anchor}: step {number} has a backquote without its partner")
        super().__init__(
            anchor=anchor,
            lanes=list(lanes),
            steps=[{"title": s.title, "note": s.note, "lanes": [s.lanes.get(lane, "") for lane in lanes]} for s in steps],
        )

    @traitlets.validate("value")
    def _in_range(self, proposal: Any) -> int:
        if not 1 <= proposal["value"] <= max(1, len(self.steps)):
            raise traitlets.TraitError(f"stepper {self.anchor}: it has the steps 1 to {len(self.steps)}, not {proposal['value']}")
        return int(proposal["value"])

    def in_words(self) -> str:
        """The titles of all steps, and the lanes of the current one."""
        step = self.steps[self.value - 1]
        lanes = [f"{lane}: {text}" for lane, text in zip(self.lanes, step["lanes"], strict=True) if text]
        others = [f"{n}. {other['title']}" for n, other in enumerate(self.steps, 1)]
        lines = [f"Step {self.value} of {len(self.steps)}: {step['title']}", *lanes, step["note"], f"All steps: {' '.join(others)}"]
        return "\n".join(line.replace("`", "") for line in lines if line)
