"""The tables and widgets of the chapter on the emulator show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm import emulator
from syslab.chapters.kvm.emulator import show
from syslab.chapters.kvm.emulator.cases import KNOWN_CASES
from syslab.evidence import Evidence, Experiment, recorded

WITNESSES = ("kvm-pvm", "kvm-svm-tcg")
CALLS, EVENTS = recorded(emulator.calls), recorded(emulator.events)


def each(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in WITNESSES]


def test_rip_marks_what_is_not_emulated_everywhere() -> None:
    table = show.rip(each(emulator.rip))
    assert table.differing == 3, "OUT to two ports, and IN in its count alone"
    assert "+0, then +2" in repr(table)


def test_the_counts_stand_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    rows = [cells for _, cells in show.rip(each(emulator.rip)).shown_rows()]
    assert next(cells for cells in rows if cells[0] == "OUT to port 0x42")[2:6] == ["+2, then +2", "+1", "+0, then +2", "+0"]


def test_the_trace_has_no_zero_fields() -> None:
    text = repr(show.events(EVENTS, "mmio-store"))
    assert "info2 0x0000000000800000" in text
    assert "error_code" not in text
    assert "info1" not in repr(show.events(EVENTS, "cpuid"))


def test_the_ladder_has_each_call_in_one_column() -> None:
    rows = [cells for _, cells in show.calls(CALLS, "mov-cr0").shown_rows()]
    assert all(len(cells) == len(show.LANES) and sum(map(bool, cells)) == 1 for cells in rows)
    shown = [cell for cells in rows for cell in cells if cell]
    assert "↑\N{NO-BREAK SPACE}emulator_set_cr" in shown
    assert "↓\N{NO-BREAK SPACE}svm_set_cr0" in shown
    assert "em_cr_write" in shown


def test_calls_in_a_row_are_counted() -> None:
    assert "emulator_write_gpr × 4" in repr(show.calls(CALLS, "cpuid", "forced"))


def test_the_picker_says_who_executed_it() -> None:
    outcomes = show.paths(CALLS, EVENTS).outcomes
    assert outcomes["cpuid|plain"]["title"] == "Executed by its own handler; the emulator only measures its length"
    assert outcomes["out|plain"]["title"] == "Executed by its own handler"
    assert outcomes["cpuid|forced"]["title"] == "Decoded and executed by the emulator"
    assert "mmio-load|forced" not in outcomes


def test_kinds_add_up() -> None:
    table = show.knows(each(emulator.knows))
    assert sum(len(kind.tried) for kind in table.rows) == 2 * len(KNOWN_CASES)
    assert "21 of 22" in repr(table)


def test_wrong_and_failures() -> None:
    assert show.wrong(each(emulator.knows)) == "LZCNT, RAX is 0x1 (kvm-svm-tcg)"
    table = show.failures(each(emulator.knows))
    rows = {tuple(row.ended.values()): row.instructions for row in table.rows}
    assert rows["internal error", "internal error"] == ["CMPXCHG16B", "RDTSCP"]
    assert "FLD1" in rows["internal error", "#UD"]
    assert rows["#UD", "executed"] == ["MOVBE"]


def test_the_lookup_has_all() -> None:
    widget = show.lookup(each(emulator.knows))
    assert len(widget.rows) == len(KNOWN_CASES)
    assert all(len(row) == 4 for row in widget.rows)
