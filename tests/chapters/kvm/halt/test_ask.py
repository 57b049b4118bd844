"""Facts of the chapter on HLT: of each witness's record, and of this machine where it can be asked."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest

from syslab.chapters.kvm.halt import ask as experiment
from syslab.chapters.kvm.halt.model import Parameters, after_halt, wakes
from syslab.chapters.kvm.halt.show import transitions
from syslab.evidence import Experiment, ask, recorded, records
from syslab.kvm import Kvm
from syslab.questions.kvm_capabilities import DISABLE_EXITS, disable_exits

LAB, PVM = "kvm-svm-tcg", "kvm-pvm"
LIVE = pytest.mark.skipif(bool(experiment.hlt.missing()), reason="needs /dev/kvm")


@cache
def answers(which: Experiment) -> list[tuple[str, Any]]:
    """(witness, data): every record, and what each machine says that can be asked."""
    asked = ask(which)
    return [(witness, recorded(which, witness).data) for witness in records.witnesses(which.name)] + [
        (answer.provenance.witness, answer.data) for answer in asked
    ]


def test_both_witnesses_are_on_record() -> None:
    for which in (
        experiment.hlt,
        disable_exits,
        experiment.events,
        experiment.special,
        experiment.parameters,
        experiment.per_vm,
    ):
        assert {LAB, PVM} <= set(records.witnesses(which.name)), which.name
    for which in (experiment.polling, experiment.functions):
        assert records.witnesses(which.name) == [LAB], which.name


def test_hlt_leaves_the_guest_or_blocks() -> None:
    for _, rows in answers(experiment.hlt):
        outside, inside, _ = rows
        assert (outside["run"], outside["state"], outside["halt_exits"]) == ("KVM_EXIT_HLT", 0, 1)
        assert (inside["run"], inside["state"], inside["halt_exits"]) == ("blocks", 3, 1)
        assert all(row["behind_hlt"] for row in (outside, inside))


def test_a_disabled_hlt_exit_is_not_seen_by_kvm_where_a_cpu_runs_the_guest() -> None:
    found = {witness: rows[2] for witness, rows in answers(experiment.hlt)}
    assert (found[LAB]["run"], found[LAB]["state"], found[LAB]["halt_exits"]) == ("behind HLT", 0, 0)
    # PVM emulates real mode, and so the HLT in it
    assert (found[PVM]["run"], found[PVM]["state"], found[PVM]["halt_exits"]) == ("blocks", 3, 1)


def test_hlt_exits_can_be_disabled_on_each() -> None:
    for _, rows in answers(disable_exits):
        assert [row["exit"] for row in rows] == list(DISABLE_EXITS)
        assert rows[1]["offered"]


def test_an_interrupt_needs_if_and_an_nmi_does_not() -> None:
    for witness, rows in answers(experiment.events):
        assert len(rows) == 6
        for row in rows:
            awake = wakes(row["event"], row["interrupts"])
            assert (row["then"] != "blocks", row["state"]) == (awake, 0 if awake else 3), (witness, row)
            assert not awake or row["then"] == ("interrupt handler" if row["event"] == "interrupt" else "NMI handler")


def test_special_cases() -> None:
    for witness, rows in answers(experiment.special):
        found = {row["case"]: (row["then"], row["state"]) for row in rows}
        assert found["pending"] == ("interrupt handler", 0), witness
        assert found["blocked"] == ("behind HLT", 0), witness
        assert found["inject"] == ("ENXIO", 3), witness
        assert found["signal"] == ("KVM_EXIT_INTR", 3), witness


def test_an_nmi_before_hlt_is_over_when_the_guest_halts() -> None:
    # Intel SDM volume 2, HLT and STI: neither IF nor, at the first instruction, a shadow keeps an NMI out, so it is taken there
    for witness, rows in answers(experiment.nmi_first):
        assert [row["code"] for row in rows] == ["fa f4", "fb f4"]
        for row in rows:
            found = row["first"], row["after"], row["then"], row["state"]
            assert found == ("NMI handler", 0, "blocks", experiment.HALTED), witness


def test_a_vm_can_have_its_own_maximum() -> None:
    for witness, rows in answers(experiment.per_vm):
        assert [(row["maximum"], row["polled"]) for row in rows] == [(0, False), (50_000_000, True)], witness


def test_parameters() -> None:
    for _, data in answers(experiment.parameters):
        assert Parameters.of(data).grow_start > 0


def test_every_traced_window_follows_from_the_one_before_and_the_time() -> None:
    for _, rows in answers(experiment.polling):
        assert [row["setting"] for row in rows] == list(experiment.SETTINGS)
        for row in rows:
            halts = transitions(row, after_halt)
            # a HLT that finds the timer fired already is no halt
            assert 10 <= len(halts) <= sum(count for _, count in experiment.PHASES)
            assert all(halt["agrees"] for halt in halts), [h for h in halts if not h["agrees"]]
            assert all(halt["old"] == min(halt["before"], row["parameters"]["halt_poll_ns"]) for halt in halts if halt["change"])


def test_the_window_grows_and_shrinks() -> None:
    for _, rows in answers(experiment.polling):
        assert {halt["change"] for halt in rows[1]["halts"]} == {"", "grow", "shrink"}
        assert any(not halt["slept"] for halt in rows[1]["halts"]), "no halt ended while polling"


def test_halt_is_for_hlt_and_block_for_the_rest() -> None:
    for _, rows in answers(experiment.functions):
        assert {row["state"]: bool(row["kvm_vcpu_halt"]) for row in rows} == {name: name == "HLT" for name in experiment.WAITING}
        assert all(("kvm_vcpu_halt" in row["kvm_vcpu_block"]) == (row["state"] == "HLT") for row in rows)
        assert all(row["kvm_vcpu_block"] for row in rows)


@LIVE
def test_two_runs_give_equal_rows_and_leave_nothing_open() -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))

    assert experiment.hlt() == experiment.hlt()
    before = opened()
    experiment.special()
    assert opened() == before


@LIVE
def test_a_guest_that_does_something_else_is_no_measurement() -> None:
    with Kvm() as kvm, kvm.create_vm(irqchip=True) as vm:
        vcpu = experiment._guest(vm, experiment.DONE)
        with pytest.raises(RuntimeError, match="was to come to “blocks”, but: behind HLT"):
            experiment._expect(vcpu, "blocks")
