"""The tables and widgets of the chapter on the emulator show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.emulator import ask as experiment
from syslab.chapters.kvm.emulator import show as view
from syslab.chapters.kvm.emulator.cases import KNOWN_CASES
from syslab.evidence import Evidence, recorded

WITNESSES = ("kvm-pvm", "kvm-svm-tcg")
CALLS, EVENTS = recorded(experiment.calls), recorded(experiment.events)


def each(which: object) -> list[Evidence]:
    return [recorded(which, witness) for witness in WITNESSES]  # type: ignore[arg-type]


def test_rip_marks_out_and_nothing_else() -> None:
    table = view.rip(each(experiment.rip))
    assert table.differing == 1
    assert "+0, then +2" in repr(table)


def test_counted_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert "+1" in view.counted(each(experiment.rip))._repr_html_()


def test_the_trace_has_no_zero_fields() -> None:
    text = repr(view.trace(EVENTS, "mmio-store"))
    assert "info2 0x0000000000800000" in text
    assert "error_code" not in text
    assert "info1" not in repr(view.trace(EVENTS, "cpuid"))


def test_the_ladder_has_each_call_in_one_column() -> None:
    rows = view.ladder(CALLS, "mov-cr0").rows or []
    assert all(sum(bool(row[lane]) for lane in view.LANES) == 1 for row in rows)
    shown = [row[lane] for row in rows for lane in view.LANES if row[lane]]
    assert "↑\N{NO-BREAK SPACE}emulator_set_cr" in shown
    assert "↓\N{NO-BREAK SPACE}svm_set_cr0" in shown
    assert "em_cr_write" in shown


def test_calls_in_a_row_are_counted() -> None:
    assert "emulator_write_gpr × 4" in repr(view.ladder(CALLS, "cpuid", "forced"))


def test_the_picker_says_who_executed_it() -> None:
    outcomes = view.paths(CALLS, EVENTS).outcomes
    assert outcomes["cpuid|plain"]["title"] == "Executed by its own handler; the emulator only measures its length"
    assert outcomes["out|plain"]["title"] == "Executed by its own handler"
    assert outcomes["cpuid|forced"]["title"] == "Decoded and executed by the emulator"
    assert "mmio-load|forced" not in outcomes


def test_kinds_add_up() -> None:
    rows = [row for answer in view.knows(each(experiment.knows)).answers for row in answer.data]
    assert sum(int(row["executed"].split(" of ")[1]) for row in rows) == 2 * len(KNOWN_CASES)


def test_wrong_and_failures() -> None:
    assert view.wrong(each(experiment.knows)) == "LZCNT, RAX is 0x1 (kvm-svm-tcg)"
    table = view.failures(each(experiment.knows))
    rows = {(row["0"], row["1"]): row["which"].split(", ") for row in table.rows or []}
    assert rows["internal error", "internal error"] == ["CMPXCHG16B", "RDTSCP"]
    assert "FLD1" in rows["internal error", "#UD"]
    assert rows["#UD", "executed"] == ["MOVBE"]


def test_the_lookup_has_all() -> None:
    widget = view.lookup(each(experiment.knows))
    assert len(widget.rows) == len(KNOWN_CASES)
    assert all(len(row) == 4 for row in widget.rows)
