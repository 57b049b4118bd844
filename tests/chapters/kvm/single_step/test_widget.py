"""The Python half of the instruction tape: what it refuses, and what the page gets."""

from __future__ import annotations

import pytest
from traitlets import TraitError

from syslab.chapters.kvm.single_step.widget import InstructionTape, Mark, Tape

CELLS = [("Main", "nop"), ("Main", "end")]


def test_what_the_page_gets() -> None:
    tape = InstructionTape("t", ["one", "two"], [Tape("a", "A", CELLS, [[Mark(1, "after")], []], "a note")])
    assert (tape.lanes, tape.value, tape.anchor) == (["one", "two"], "a.1", "t")
    assert tape.tapes == [
        {
            "key": "a",
            "label": "A",
            "note": "a note",
            "cells": [["Main", "nop"], ["Main", "end"]],
            "lanes": [[{"at": 1, "text": "after", "other": False}], []],
        }
    ]


@pytest.mark.parametrize(
    ("lanes", "tapes", "why"),
    [
        ([], [Tape("a", "A", CELLS, [])], "at least one lane"),
        (["l"], [], "at least one lane and one tape"),
        (["l", "l"], [Tape("a", "A", CELLS, [[Mark(0, "x")]] * 2)], "same name"),
        (["l"], [Tape("a", "A", CELLS, [[Mark(0, "x")]])] * 2, "same name"),
        (["l"], [Tape("a.b", "A", CELLS, [[Mark(0, "x")]])], "letters, digits and hyphens"),
        (["l"], [Tape("a", "A", CELLS, [])], "marks for each of 1 lanes"),
        (["l"], [Tape("a", "A", [], [[Mark(0, "x")]])], "needs cells"),
        (["l"], [Tape("a", "A", CELLS, [[]])], "nobody stops"),
        (["l"], [Tape("a", "A", CELLS, [[Mark(2, "x")]])], "in front of cell 2; there are 2"),
    ],
)
def test_refuses(lanes: list[str], tapes: list[Tape], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        InstructionTape("t", lanes, tapes)


@pytest.mark.parametrize("value", ["a.0", "a.3", "b.1", "a", "", "a.x", "a.1.1"])
def test_a_stop_that_is_not_there(value: str) -> None:
    tape = InstructionTape("t", ["l"], [Tape("a", "A", CELLS, [[Mark(0, "x"), Mark(1, "y")]])])
    tape.value = "a.2"
    with pytest.raises(TraitError, match="is no stop; write a tape and a number"):
        tape.value = value
