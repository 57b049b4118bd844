"""The tables and the widget of the chapter on text poking show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.memory import text_poking
from syslab.chapters.memory.text_poking import pictures, show
from syslab.chapters.memory.text_poking.model import MOMENTS
from syslab.evidence import Answer, recorded


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    steps, windows = (Answer(question, [recorded(question)]) for question in (text_poking.steps, text_poking.windows))
    assert steps._repr_html_().count("<tr") == 1 + 6
    assert "#pfec=0x15" in windows._repr_html_()


def test_the_stepper_says_who_can_write() -> None:
    told = show.stepper()
    writers = [step["lanes"][told.lanes.index(show.WHO)] for step in told.steps]
    assert [w.startswith("CPU 0") for w in writers] == [False, False, True, True, True, False, False, False]
    assert all(step["lanes"][told.lanes.index(show.RUN)] for step in told.steps)


def test_no_tlb_is_flushed_while_the_mm_is_not_loaded() -> None:
    """Linux 7.2.13, arch/x86/mm/tlb.c: unuse_temporary_mm() has taken the CPU out of mm_cpumask and loaded another mm, so that
    flush_tlb_mm_range() only does inc_mm_tlb_gen(); need_flush of choose_new_asid() is for the next load."""
    flush = next(step for step in show.stepper().steps if "flush_tlb_mm_range" in step["title"])
    assert "Nothing is flushed yet" in flush["lanes"][0] and "generation" in flush["note"]
    assert not MOMENTS[-1].loaded and MOMENTS[-1].remembered and not MOMENTS[-1].writer


def test_the_picture_and_the_stepper_tell_the_same() -> None:
    told = show.stepper()
    who = [step["lanes"][told.lanes.index(show.WHO)] for step in told.steps]
    for moment in MOMENTS:
        assert who[moment.step - 1].startswith("CPU 0") == moment.writer, moment
    words = repr(pictures.poke())
    assert words.count("CPU 0 can write the code") == sum(moment.writer for moment in MOMENTS) == 2
