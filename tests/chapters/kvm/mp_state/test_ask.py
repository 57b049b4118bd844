"""Facts of the chapter on MP states: from the records of both witnesses, and from the KVM of this machine."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syslab.chapters.kvm.mp_state import ask as experiment
from syslab.chapters.kvm.mp_state import model
from syslab.chapters.kvm.mp_state.vcpu_pair import Pair
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded, records
from syslab.evidence.lab import WITNESS as LAB
from syslab.kvm import Kvm
from tests.anew import anew

LIVE = pytest.mark.skipif(bool(experiment.sequence.missing()), reason="needs x86-64 Linux and /dev/kvm")
ALL = (experiment.set_states, experiment.transitions, experiment.reading, experiment.ap_start)


def answers(which: Experiment) -> list[Any]:
    """The records of every witness, and what this machine's KVM says."""
    kept = [recorded(which, witness).data for witness in records.witnesses(which.name)]
    return kept + ([] if which.missing() else [ask(which).data])


@pytest.mark.parametrize("which", ALL, ids=lambda which: which.name)
def test_the_lab_vm_and_a_host_have_answered(which: Experiment) -> None:
    witnesses = records.witnesses(which.name)
    assert LAB in witnesses
    assert len(witnesses) >= 2


def test_which_states_can_be_set() -> None:
    for rows in answers(experiment.set_states):
        assert len(rows) == 2 * 2 * 13
        for irqchip in (False, True):
            for vcpu in (0, 1):
                mine = {row["set"]: row for row in rows if (row["irqchip"], row["vcpu"]) == (irqchip, vcpu)}
                accepted = {number for number, row in mine.items() if row["result"] == "ok"}
                assert accepted == ({0, 1, 2, 3, 4, 9} if irqchip else {0})
                assert {row["result"] for number, row in mine.items() if number not in accepted} == {"EINVAL"}
                assert {number: mine[number]["reads"] for number in accepted} == {n: 0 if n == 4 else n for n in accepted}


def test_first_states() -> None:
    for rows in answers(experiment.set_states):
        assert {(row["irqchip"], row["vcpu"]): row["first"] for row in rows} == {
            (False, 0): 0, (False, 1): 0, (True, 0): 0, (True, 1): 1,
        }  # fmt: skip


def test_every_step_is_the_models() -> None:
    for rows in answers(experiment.transitions):
        assert len(rows) == 2 * len(model.EVENTS) + 2 * (len(model.READABLE) * len(model.EVENTS) - len(model.UNTRIED))
        for row in rows:
            step = model.step(row["state"], row["event"], row["irqchip"], row["vcpu"])
            assert step == model.Step(row["to"], row["result"]), row


def test_asking_changes_the_vcpu() -> None:
    for rows in answers(experiment.reading):
        told = [(row["state"], row["place"], row["init_waits"]) for row in rows]
        assert told == [
            (None, "0000:3000", 0), (None, "0000:3000", 1), (2, "f000:fff0", 0),
            (None, "f000:fff0", 0), (0, "0800:0000", 0),
            (None, "0000:3000", 0), (0, "0800:0000", 0),
        ]  # fmt: skip
        assert {row["sipi_vector"] for row in rows} == {0}


def test_an_ap_is_started_by_the_guest() -> None:
    for rows in answers(experiment.ap_start):
        assert [row["state"] for row in rows] == [1, 1, 2, 2, 0, 3, 0, 3, 2]
        assert [row["run"] for row in rows] == [
            "", "waits, no answer, EINTR", "waits, EAGAIN", "waits, EINTR", "waits, KVM_EXIT_IO", "waits, EINTR",
            "waits, KVM_EXIT_IO", "waits, EINTR", "waits, waits, EINTR",
        ]  # fmt: skip
        start = experiment.PAGE << 12
        assert [row["cs"] << 4 for row in rows] == [0xF0000] * 4 + [start] * 2 + [0] * 2 + [0xF0000]
        assert rows[4]["said"] == "0x41 to port 0x11"


@LIVE
def test_two_runs_agree() -> None:
    for which in ALL:
        assert ask(which).data == anew(which).data


@st.composite
def ways(draw: st.DrawFn) -> tuple[bool, int, list[str]]:
    """Events that the model can follow, for one of the four kinds of vCPU."""
    irqchip, vcpu = draw(st.booleans()), draw(st.sampled_from((0, 1)))
    state, way = model.start(irqchip, vcpu), []
    for event in draw(st.lists(st.sampled_from(tuple(model.EVENTS)), max_size=25)):
        if step := model.step(state, event, irqchip, vcpu):
            state = step.state
            way.append(event)
    return irqchip, vcpu, way


@LIVE
@settings(max_examples=60, deadline=None)
@given(ways())
def test_random_sequences_go_as_in_the_model(way: tuple[bool, int, list[str]]) -> None:
    irqchip, vcpu, events = way
    states, results = [model.start(irqchip, vcpu)], []
    for event in events:
        step = model.step(states[-1], event, irqchip, vcpu)
        assert step
        states.append(step.state)
        results.append(step.result)
    found = experiment.sequence(irqchip=irqchip, vcpu=vcpu, events=" ".join(events))
    assert (found["states"], found["results"]) == (states, results)


@LIVE
@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"events": "hlt jump"}, "no event 'jump'"), ({"vcpu": 2}, "vCPU 0 or 1"), ({"events": "hlt " * 41}, "at most 40"), ({"events": "nmi"}, "not tried in state 1")],
)  # fmt: skip
def test_bad_requests(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(ExperimentFailed, match=why):
        ask(experiment.sequence, **arguments)


@LIVE
def test_nothing_is_left_behind() -> None:
    before, threads = set(os.listdir("/proc/self/fd")), threading.active_count()
    experiment.ap_start()
    assert set(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads


@LIVE
def test_a_runner_says_what_is_wrong() -> None:
    with Kvm() as kvm, Pair(kvm, irqchip=True) as pair:
        runner = pair.runners[1]
        runner.start()
        assert runner.settle() == "waits"
        with pytest.raises(RuntimeError, match="in KVM_RUN already"):
            runner.start()
        assert runner.stop() == "EINTR"
        pair.vm.write(0x3000, b"\xeb\xfe")  # a loop: it neither sleeps nor leaves, and is got out all the same
        pair.vcpus[1].set_mp_state(0)
        pair.vcpus[1].real_mode(0x3000)
        runner.start()
        assert not runner._asleep()
        assert runner.stop() == "EINTR"


def test_each_witness_is_asked() -> None:
    assert len(ask(experiment.set_states)) >= 2
