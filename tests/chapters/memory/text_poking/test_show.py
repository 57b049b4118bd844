"""The tables and the widget of the chapter on text poking show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.memory.text_poking import ask as experiment
from syslab.chapters.memory.text_poking import show as view
from syslab.evidence import recorded


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert view.steps(recorded(experiment.steps))._repr_html_().count("<tr>") == 1 + 6
    assert "#pfec=0x15" in view.windows(recorded(experiment.windows))._repr_html_()


def test_the_stepper_says_who_can_write() -> None:
    told = view.stepper()
    writers = [step["lanes"][told.lanes.index(view.WHO)] for step in told.steps]
    assert [w.startswith("CPU 0") for w in writers] == [False, False, True, True, True, False, False, False]
    assert all(step["lanes"][told.lanes.index(view.RUN)] for step in told.steps)
