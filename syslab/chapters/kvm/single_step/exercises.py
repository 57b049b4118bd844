"""Exercises of the chapter on single step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from syslab.evidence import Answer, recorded
from syslab.evidence.lab import WITNESS
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from . import model as monitor_trap
from .ask import one, steps
from .stepping import BY_KEY, LONG, following

iterations = Exercise(
    anchor="single-step-rep",
    question="A guest is about to execute rep movsb with RCX = 4. A hypervisor sets MTF at every VM entry. Nothing faults. How many MTF exits are there until the next instruction is the one behind rep movsb?",
    accepts=("4",),
    why="One after each iteration. Three of them leave RIP where it is; the fourth finds it behind the instruction.",
    near={
        "1": "MTF does not wait for the whole instruction: it stops after one iteration.",
        "3": "Three leave RIP at rep movsb. The fourth iteration ends with an exit as well.",
        "5": "There is none before the first iteration: nothing was injected.",
    },
    hint="Where is the boundary: after the instruction, or after an iteration?",
)

shadow = Exercise(
    anchor="single-step-ss",
    question="A debugger steps with TF: mov ss, ax; mov rsp, rbx; nop. By the SDM, which instruction comes next when the debugger first gets control?",
    accepts=("nop",),
    choices=("mov ss, ax", "mov rsp, rbx", "nop"),
    why="A load of SS lets no debug trap through until the next instruction is done, so that SS and RSP change together.",
    near={
        "mov ss, ax": "TF is a trap: it comes after an instruction.",
        "mov rsp, rbx": "After most instructions that would be right. A load of SS holds the trap back.",
    },
    hint="Loads of SS hold back interrupts for one instruction. Debug traps, too?",
)


def _two(answer: Any) -> Feedback:
    if not isinstance(answer, list) or not answer or any(kind not in monitor_trap.KINDS for kind in answer):
        return Feedback(False, f"Give a list of instructions, each one of {', '.join(monitor_trap.KINDS)}.")
    if len(answer) > 16:
        return Feedback(False, "At most 16 instructions.")
    found = monitor_trap.stops(answer, ["plain", "return"])
    inside = [stop for stop in found if stop.handler]
    own = [stop for stop in found if not stop.mtf]
    if len(answer) > 2:
        return Feedback(False, f"Two instructions are enough, not {len(answer)}.")
    if not own:
        return Feedback(False, f"{len(found)} exits, and all are MTF exits.")
    if not inside:
        return Feedback(False, "No exit lies in the handler.")
    return Feedback(True, f"{len(found)} exits: {len(own)} of the instruction's own, {len(inside)} in the handler.")


listing = Trial(
    anchor="single-step-listing",
    question="Write a guest of at most two instructions in which one exit is not an MTF exit, and at least one MTF exit lies in the handler.",
    judge=_two,
    wrong=(
        ["plain", "fault"],
        ["exits", "plain"],
        ["exits", "plain", "fault"],
        ["repeat"],
        [],
        "exits",
        ["exits", "trap"],
        None,
        ["fault"] * 20,
    ),
    choices={
        ", ".join(kinds): kinds
        for kinds in (["plain", "fault"], ["exits", "plain"], ["exits", "fault"], ["repeat", "exits"], ["exits", "plain", "fault"])
    },
)


def _code(tape: str) -> str:
    return "; ".join(instruction.text for instruction in BY_KEY[tape].instructions)


def _seen(stops: list[str], who: str) -> Feedback:
    """``stops``: the instructions that come next, in order. Of NOPs a guest has several."""
    again = any(a.partition(" (")[0] == b.partition(" (")[0] != "nop" for a, b in pairwise(stops))
    return Feedback(again, f"{who} stopped before {', '.join(stops)}.")


def _on_record(tape: str) -> Feedback:
    answer = recorded(steps, WITNESS)
    row = next(row for row in answer.data if (row["tape"], row["mode"], row["rearm"]) == (tape, LONG, True))
    return _seen([following(BY_KEY[tape], stop) for stop in row["stops"]], WITNESS)


def _twice(answer: Any) -> Feedback:
    if not isinstance(answer, str) or answer not in BY_KEY:
        return Feedback(False, f"Give the name of a guest: {', '.join(BY_KEY)}.")

    def judged(asked: Answer[Any]) -> Feedback:
        return _seen([text.partition(", before ")[2] for text in asked.data.values()], asked.provenance.witness)

    return tried(one, judged, lambda: _on_record(answer), tape=answer)


twice = Trial(
    anchor="single-step-twice",
    question="One of these guests, stepped in long mode, stops twice in a row before the same instruction. Which one?",
    judge=_twice,
    wrong=("plain", "hlt", "popf", "ss", "fly", "", None, ["rep"]),
    choices={_code(key): key for key in ("plain", "popf", "rep", "pushf", "hlt")},
    outcome=_on_record,
)
