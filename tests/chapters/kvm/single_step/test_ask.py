"""Facts of the chapter on single step: of each witness's record, and of this machine where it can be asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from syslab.chapters.kvm import single_step
from syslab.chapters.kvm.single_step.stepping import BY_KEY, CODE, HANDLER, LONG, MODES, REAL, TAPES
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded, records
from syslab.widgets.live import table

LAB, PVM = "kvm-svm-tcg", "kvm-pvm"
LIVE = pytest.mark.skipif(bool(single_step.steps.missing()), reason="needs /dev/kvm")


@cache
def answers(which: Experiment) -> list[tuple[str, Any]]:
    """(witness, data): every record, and what each machine says that can be asked."""
    kept = [(witness, recorded(which, witness).data) for witness in records.witnesses(which.name)]
    return kept + [(answer.provenance.witness, answer.data) for answer in ask(which)]


def places(rows: list[dict[str, Any]], tape: str, mode: str = LONG, rearm: bool = True) -> list[str]:
    row = next(row for row in rows if (row["tape"], row["mode"], row["rearm"]) == (tape, mode, rearm))
    return [stop["at"] for stop in row["stops"]]


def row_of(rows: list[dict[str, Any]], tape: str, mode: str = LONG) -> dict[str, Any]:
    return next(row for row in rows if (row["tape"], row["mode"], row["rearm"]) == (tape, mode, True))


def test_both_witnesses_are_on_record() -> None:
    for which in (single_step.steps, single_step.breakpoints):
        assert {LAB, PVM} <= set(records.witnesses(which.name))
    assert records.witnesses(single_step.reasons.name) == [LAB]


def test_addresses_measured_before() -> None:
    """The program of the topic, in real mode: its boundaries are at these addresses."""
    found = BY_KEY["plain"].places(REAL)
    assert list(found) == [0x1000, 0x1003, 0x1006, 0x1008, 0x1009, 0x100A, 0x100C, 0x100D]
    assert list(found.values()) == [str(number) for number in range(8)]


def test_one_instruction_a_step() -> None:
    for _, rows in answers(single_step.steps):
        for mode in MODES:
            assert places(rows, "plain", mode)[:5] == ["1", "2", "3", "4", "5"]
            assert places(rows, "pushf", mode)[:3] == ["1", "2", "3"]
    for _, rows in answers(single_step.steps):
        for row in rows:
            assert all(stop["single_step"] == (stop["exit"] == "KVM_EXIT_DEBUG") for stop in row["stops"])


def test_every_tape_was_stepped_to_its_end_or_says_why_not() -> None:
    for witness, rows in answers(single_step.steps):
        assert [(row["tape"], row["mode"], row["rearm"]) for row in rows] == [
            (tape.key, mode, rearm) for rearm in (True, False) for tape in TAPES for mode in MODES
        ]
        for row in rows:
            last = row["stops"][-1]
            assert last["at"] == BY_KEY[row["tape"]].end or last["exit"] == "KVM_EXIT_INTERNAL_ERROR", (witness, row)


def test_hlt() -> None:
    found = {witness: [stop["exit"] for stop in row_of(rows, "hlt")["stops"]] for witness, rows in answers(single_step.steps)}
    assert found[LAB] == ["KVM_EXIT_DEBUG", "KVM_EXIT_HLT", "KVM_EXIT_DEBUG", "KVM_EXIT_HLT"]
    assert found[PVM] == ["KVM_EXIT_DEBUG"] * 4


def test_a_cpu_stops_after_each_iteration() -> None:
    found = {witness: [(s["at"], s["cx"]) for s in row_of(rows, "rep")["stops"]] for witness, rows in answers(single_step.steps)}
    assert found[LAB][:4] == [("1", 3), ("1", 2), ("1", 1), ("2", 0)]
    assert found[PVM][:3] == [("1", 3), ("1", 0), ("2", 0)]


def test_in_the_lab_handlers_run_unseen() -> None:
    for witness, rows in answers(single_step.steps):
        if witness == LAB:
            for tape in ("fault", "int", "nmi", "interrupt"):
                assert not any(place.startswith("h") for place in places(rows, tape))
            assert places(rows, "fault", rearm=False) == ["1", "4"]
            assert places(rows, "popf", rearm=False) == ["1", "2", "4"]
            assert places(rows, "ss")[0] == places(rows, "sti")[0] == "2"
            assert places(rows, "plain") == ["1", "2", "3", "4", "5", "7"], "PAUSE"


def test_pvm() -> None:
    rows = recorded(single_step.steps, PVM).data
    assert places(rows, "plain", REAL) == [str(number) for number in range(1, 8)]
    assert places(rows, "ss")[0] == places(rows, "sti")[0] == "1"
    assert row_of(rows, "int")["stops"][-1]["exit"] == "KVM_EXIT_INTERNAL_ERROR"
    assert places(rows, "fault")[:3] == ["1", "h1", "h2"]


def test_user_space_never_sees_the_flag_and_a_guest_on_a_cpu_does() -> None:
    for witness, rows in answers(single_step.steps):
        assert not any(row["shown_tf"] for row in rows)
        if witness in (LAB, PVM):
            assert {row_of(rows, "pushf", mode)["kept_tf"] for mode in MODES} == {witness == LAB}
            assert all(row_of(rows, tape)["kept_tf"] for tape in ("fault", "nmi", "interrupt"))


def test_stepping_is_debug_exceptions_and_cpuid_needs_none() -> None:
    for _, rows in answers(single_step.reasons):
        for row in rows:
            wanted = {"cpuid": 1, "hlt": 1} | ({"DB excp": 4} if row["single_step"] else {})
            assert (row["exits"], row["runs"]) == (wanted, 6 if row["single_step"] else 1)


def test_breakpoints() -> None:
    found = {witness: {(row["kind"], row["mode"]): row for row in rows} for witness, rows in answers(single_step.breakpoints)}
    for mode in MODES:
        assert (found[PVM]["hardware", mode]["exit"], found[PVM]["hardware", mode]["at"]) == ("KVM_EXIT_DEBUG", "1")
        assert found[LAB]["hardware", mode]["exit"] == "KVM_EXIT_HLT"
        assert found[LAB]["int3", mode]["handler"]
        assert found[LAB]["int3", mode] | {"kind": ""} == found[LAB]["own int3", mode] | {"kind": ""}
    assert found[PVM]["int3", LONG]["exit"] == "KVM_EXIT_INTERNAL_ERROR"


def test_places_do_not_overlap() -> None:
    for tape in TAPES:
        for mode in MODES:
            found = tape.places(mode)
            assert len(set(found.values())) == len(found)
            assert all(at < HANDLER for at, place in found.items() if not place.startswith("h"))
            assert found[CODE] == "0"
            assert max(at for at in found if at < HANDLER) == CODE + len(tape.code(mode))


@LIVE
def test_one_tape() -> None:
    found = ask(single_step.one, tape="plain", mode="real").data
    assert found["run 1"] == "KVM_EXIT_DEBUG, before add ax, 2"
    assert "KVM_EXIT_DEBUG, before add ax, 2" in repr(table(ask(single_step.one))), "as the live cell shows it"
    with pytest.raises(ExperimentFailed, match="no tape 'fly'; there are plain, rep"):
        ask(single_step.one, tape="fly")
    with pytest.raises(ExperimentFailed, match="one of real, long, not 'vm86'"):
        ask(single_step.one, mode="vm86")


@LIVE
def test_two_runs_give_equal_rows() -> None:
    assert single_step.steps() == single_step.steps()
