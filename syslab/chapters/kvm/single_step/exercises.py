"""Exercises of the chapter on single step."""

from __future__ import annotations

from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from . import model as monitor_trap

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
    anchor="listing",
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
)
