"""The pictures of the chapter on MP states show what was measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from syslab.chapters.kvm.mp_state import ask as experiment
from syslab.chapters.kvm.mp_state import model, pictures
from syslab.evidence import recorded

from .test_show import both


def test_the_numbers_taken_are_those_of_the_answer() -> None:
    answers = both(experiment.set_states)
    picture = pictures.numbers(answers)
    taken = {row["set"] for row in answers[0].data if row["irqchip"] and row["result"] == "ok"}
    assert taken == {model.RUNNABLE, *model.SETTABLE}
    assert "in KVM: 0 (reads 0), 1 (reads 1), 2 (reads 2), 3 (reads 3), 4 (reads 0), 9 (reads 9)" in picture.alt
    assert all(layout.body.count("×") == 2 * len(model.TRIED) - len(taken) - 1 for layout in picture.layouts())


def test_the_start_has_a_box_for_each_state_in_turn() -> None:
    answer = recorded(experiment.ap_start)
    picture = pictures.start([answer])
    states = [row["state"] for row in answer.data]
    turns = sum(a != b for a, b in pairwise(states)) + 1
    assert all(layout.body.count('fill-opacity="0.16"') == turns for layout in picture.layouts())
    sent = sum(row["done"].startswith("vCPU 0") for row in answer.data)
    one = replace(answer, data=answer.data[:2])
    assert pictures.start([one]).layouts()[0].body.count("f-accent") < picture.layouts()[0].body.count("f-accent")
    assert sent == 4
