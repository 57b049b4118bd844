"""What the search page loads: words, sections and pieces."""

from __future__ import annotations

import json
import re

import pytest

from tools.search import answers
from tools.search.index import PIECE, Page, files, pieces, words
from tools.search.sections import Section, cut
from tools.search.words import indexed, phrase, stem, tokens

BODY = """
<section id="chapter"><h1>A <code>word</code><a class="headerlink" href="#chapter">#</a></h1><p>First, a&nbsp;page.</p>
<section id="try-it"><h2>Try it</h2><p>Prose with <b>SIGKILL</b>.<br>Next</p><pre>code_cell()</pre>
<table><tr><td>cell</td></tr></table><details class="asked">source of the question</details>
<script type="application/vnd.jupyter.widget-view+json">{"model_id": "1"}</script><svg><text>drawn</text></svg>
<fieldset class="predict"><legend>Which?</legend><label>a choice</label><p class="why" hidden>reason</p></fieldset>
<section id="exercises"><h2>Exercises</h2><p>Solve.</p><div class="admonition dropdown"><p>the solution</p></div></section>
<section id="deeper"><h3>Deeper</h3><p>Down.</p></section><p>Back in the section.</p></section></section>
<dl><dt id="term-leaf">leaf<a class="headerlink">#</a></dt><dd><p>What CPUID is asked for.</p></dd></dl>
<table><tr class="planned" id="topic-x"><td>A topic<span class="id">x</span></td><td>It says so.</td></tr></table>
"""
STATE = {
    "layouts": [{"name": "mask", "fields": ["SIGHUP", "ShdPnd"], "readers": [["\\bOops", 16, ""]]}],
    "why": "a " * 150 + "LONG_TEXT",
}


def test_a_page_is_cut_into_its_sections() -> None:
    found = {section.anchor: section for section in cut(BODY, {"1": STATE})}
    assert {anchor: section.title for anchor, section in found.items()} == {
        "": "A word", "try-it": "Try it", "exercises": "Exercises", "deeper": "Deeper", "term-leaf": "leaf", "topic-x": "A topic",
    }  # fmt: skip
    assert found[""].text == "First, a page."
    assert found["try-it"].text == "Prose with SIGKILL.\nNext\nBack in the section."
    assert found["try-it"].more.split("\n") == ["code_cell()", "cell", "SIGHUP ShdPnd"]
    assert (found["term-leaf"].text, found["topic-x"].text) == ("What CPUID is asked for.", "It says so.")
    everything = " ".join(section.text + section.more for section in found.values())
    assert not re.search(r"source of the question|choice|reason|solution|drawn|Oops|LONG_TEXT|#", everything)


@pytest.mark.parametrize(
    ("one", "other"), [("page", "paging"), ("pages", "page"), ("faulted", "faults"), ("entries", "entry"), ("access", "accesses")]
)
def test_words_that_are_one(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("halt", "halo"), ("cpuid", "cpu"), ("bus", "bu"), ("0xed", "0x"), ("avx_ing", "avx_")])
def test_words_that_are_two(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_identifiers_are_found_whole_and_by_their_parts() -> None:
    assert indexed("the KVM_GET_MP_STATE of it") == {"kvm_get_mp_state", "kvm", "get", "mp", stem("state")}
    assert tokens("#PF: error_code(0x2)") == ["pf", "error_code", "0x2"]
    assert phrase("CPUID leaf 0x07") == phrase("cpuid leaf 7") == "cpuid leaf 7"


def test_pieces_hold_all_in_order_and_keep_together_what_belongs_together() -> None:
    items = [(f"{letter}{letter}{number:04}", "x" * 40) for letter in "abc" for number in range(300)]
    made = pieces(items, lambda key: key[:2])
    assert [item for piece in made for item in piece] == items
    assert len(made) == 3, "no two letters are divided"
    cut_small = pieces(items)
    assert len(cut_small) > 3
    assert all(len(json.dumps(piece)) < 2 * PIECE for piece in cut_small)


def page(*sections: Section) -> Page:
    """A chapter."""
    return Page("kvm/x", "X", ("a word",), True, list(sections), [])


def test_prose_goes_before_tables() -> None:
    found = words([page(Section("", "X", "alpha"), Section("y", "Y", "", "alpha beta 4096"), Section("z", "Z", "128 bytes", ""))])
    assert found["alpha"] == [0] and found[stem("beta")] == [1], "a table is named where no prose of the page has the word"
    assert "4096" not in found and found["128"] == [2]


def test_no_file_ends_the_script_or_says_another_host() -> None:
    made = files([page(Section("", "X", "</script><script>alert(1)</script> __proto__ constructor"))], "let layouts")
    assert set(made) >= {"index", "words-0", "answers-0", "texts-0", "decoders"}
    for name, text in made.items():
        assert "</" not in text, name
        assert not re.search(r"https?:", text), name
    spelled, steps = json.loads(made["words-0"].partition("=")[2].partition("=")[2])
    assert len(spelled.split()) == len(steps)


def test_a_name_is_answered_once() -> None:
    found = answers.named({})
    assert len({(answer.label, answer.href) for answer in found}) == len(found)
    by_name = {phrase(name): answer for answer in found for name in answer.names}
    assert by_name["signal 9"].label == by_name["sigkill"].label == "SIGKILL, signal 9"
    assert by_name["bit nx"].label == "PTE.XD, bit 63"
    assert "pf" not in by_name and "p" not in by_name, "too short to mean a bit"
    assert "137" in by_name["sigkill"].text and "$?" not in by_name["sigchld"].text, "it ends no process"


@pytest.mark.parametrize(
    ("line", "isone"),
    [
        ("30 2 * * * true", True), ("*/5 0,12 1-7 * mon-fri x y", True), ("0 3 * jan sun", True),
        ("exit code 137", False), ("1 2 3", False), ("cron 2:30", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_line_of_a_crontab(line: str, isone: bool) -> None:
    assert bool(re.search(answers.CRON, line)) == isone
