"""The tables and the state machine of the chapter on MP states show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.mp_state import ask as experiment
from syslab.chapters.kvm.mp_state import model
from syslab.chapters.kvm.mp_state import show as view
from syslab.evidence import Evidence, Experiment, recorded, records


def both(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in records.witnesses(which.name)]


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    for made, which, rows in (
        (view.set_states, experiment.set_states, len(model.TRIED)),
        (view.first_states, experiment.set_states, 2),
        (view.reading, experiment.reading, 7),
        (view.ap_start, experiment.ap_start, 9),
    ):
        shown = made(both(which))
        assert shown._repr_html_().count("<tr") == 1 + rows
        assert shown._repr_html_().count('class="provenance"') == len(both(which))
        assert repr(shown)


def test_witnesses_that_differ_stand_beside_each_other() -> None:
    first, second, *_ = both(experiment.set_states)
    changed = [row | {"result": "EPERM"} if row["set"] == 9 else row for row in second.data]
    told = repr(view.set_states([first, Evidence(second.name, changed, second.provenance)]))
    assert "EPERM" in told
    assert "EPERM" not in repr(view.set_states([first, second]))


def test_a_step_that_the_model_does_not_take_is_named() -> None:
    answers = both(experiment.transitions)
    assert "differs" not in repr(view.transitions(answers))
    changed = [row | {"to": 3} if (row["event"], row["state"]) == ("sipi", 2) else row for row in answers[0].data]
    assert "differs: sipi in 2" in repr(view.transitions([Evidence("x", changed, answers[0].provenance)]))


@pytest.mark.parametrize(
    ("setting", "irqchip", "vcpu"), [("yes.1", True, 1), ("yes.0", True, 0), ("no.1", False, 1), ("no.0", False, 0)]
)
def test_the_state_machine_is_the_model(setting: str, irqchip: bool, vcpu: int) -> None:
    machine = view.machine()
    names = [state["name"] for state in machine.states]
    table = machine.machines[setting.replace(".", "|")]
    assert names[table["start"]] == model.name(model.start(irqchip, vcpu))
    for state in model.READABLE if irqchip else (model.RUNNABLE,):
        for event in model.EVENTS:
            step = model.step(state, event, irqchip, vcpu)
            edge = table["edges"][str(names.index(model.name(state)))].get(event)
            assert (step is None) == (edge is None)
            if step and edge:
                result, _, refused = machine.texts[edge[1]]
                assert names[edge[0]] == model.name(step.state)
                assert refused == (step.result in ("EINVAL", "#GP"))
                assert step.result in result
