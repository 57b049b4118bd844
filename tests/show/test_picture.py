"""Pictures: two layouts, words for whom cannot see them, who answered, and no colour of their own."""

from __future__ import annotations

import re

import pytest

from syslab import ask
from syslab.chapters.memory import page_fault_error_code
from syslab.evidence.line import HOSTED
from syslab.show.drawing import Canvas, Lanes, lines
from syslab.show.picture import NARROW, WIDE, Picture
from syslab.show.table import Table


def drawn(width: float) -> Canvas:
    canvas = Canvas(width)
    canvas.height = canvas.note(0, 0, width, "a < b & c") + canvas.note(0, 60, 80, "words that need more than one line")
    canvas.arrow((0, 20), (50, 20), colour="accent")
    canvas.bits(0, 80, 10, "1010")
    return canvas


def told(**more: object) -> Picture:
    given = {"title": "Title", "alt": "In words", "caption": "How to read it", "source": "a source"} | more
    return Picture("x", drawn, **given)  # type: ignore[arg-type]


def test_both_layouts_and_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOSTED, "1")
    page = told()._repr_html_()
    assert re.findall(r'<svg class="(\w+)" viewBox="-1 -1 (\d+)', page) == [("wide", str(WIDE + 2)), ("narrow", str(NARROW + 2))]
    assert page.count('role="img" aria-labelledby="x-t" aria-describedby="x-d"') == 2
    assert page.count('id="x-t"') == page.count('id="x-d"') == 1
    assert "a &lt; b &amp; c" in page and "<style" not in page
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb\(", page)
    assert "<style" in (monkeypatch.delenv(HOSTED) or told()._repr_html_())  # type: ignore[func-returns-value]


def test_in_a_terminal_it_is_its_words() -> None:
    assert repr(told()) == "Title.\nIn words\nHow to read it\na source"


def test_it_says_who_measured_or_from_which_source() -> None:
    with pytest.raises(ValueError, match="says neither who measured it nor"):
        told(source="")
    answer = ask(page_fault_error_code.faults)
    assert "provenance" in told(source="", answers=answer)._repr_html_()
    with_numbers = told(source="", numbers=Table(answer))._repr_html_()
    assert with_numbers.index("provenance") < with_numbers.index("<details") < with_numbers.index("<table")


def test_a_colour_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="'red' is no colour of the book; it has ink, soft"):
        Canvas(100).box(0, 0, 1, 1, fill="red")


def test_lines_break_at_spaces_and_newlines() -> None:
    assert lines("one two\nthree", 1000) == ["one two", "three"]
    assert lines("one two", 30) == ["one", "two"]
    assert lines("set_signal_\u200barchinfo()", 100) == ["set_signal_", "archinfo()"]
    assert lines("set_signal_\u200barchinfo()", 400) == ["set_signal_archinfo()"]
    assert lines("abcdefgh ij", 30) == ["abcd", "efgh", "ij"], "a word that does not fit is broken anywhere"
    assert lines("one\u00a0two", 60) == ["one\u00a0two"], "not at a no-break space"


def test_lanes_go_down() -> None:
    lanes = Lanes(WIDE, ("a", "b"))
    lanes.say("a", "begins")
    lanes.go("a", "b", "asks")
    before = lanes.y
    lanes.say("b", "answers")
    canvas = lanes.done()
    assert canvas.height == lanes.y > before
    assert canvas.parts("x")[2].count("<text") == 5
