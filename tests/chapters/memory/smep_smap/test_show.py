"""The tables of the chapter on SMEP and SMAP show what was measured; the matrix has all of it; the story takes its codes from it."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.memory import smep_smap
from syslab.chapters.memory.smep_smap import pictures, show
from syslab.chapters.memory.smep_smap.ask import Answered, Case, case_of
from syslab.evidence import Evidence, recorded
from syslab.questions import access_matrix
from tests.chapter_functions import functions

MODEL = functions("memory/smep-smap")
RULES = [MODEL[name] for name in ("rights", "mode", "smep", "smap")]
BOTH = [recorded(smep_smap.matrix, witness) for witness in ("tcg-max", "kvm-pvm")]


def lying(answer: Evidence[list[Answered]], read: int | None) -> Evidence[list[Answered]]:
    """The same, but for the kernel's read of a user page with SMAP."""
    rows = list(answer.data)
    for i, row in enumerate(rows):
        if case_of(row) == Case(smap=True):
            rows[i] = {**row, "read": read}
    return Evidence("x", rows, answer.provenance)


@pytest.mark.parametrize(("rules", "agree"), [(RULES[:1], 452), (RULES[:2], 532), (RULES[:3], 548), (RULES, 576)])
def test_the_score_counts_every_answer(rules: list[Any], agree: int) -> None:
    table = show.score(BOTH, MODEL["code"], *rules)
    assert table.rows
    for name in ("QEMU's CPU (TCG)", "KVM (PVM)"):
        counts = [row.counts[name] for row in table.rows]
        assert counts[0] == agree
        assert sum(counts) == 576
    assert repr(table).count("kvm-pvm ·") == 1, "both witnesses have a provenance line"


def test_the_score_finds_a_machine_that_differs() -> None:
    table = show.score([lying(BOTH[0], 0x9)], MODEL["code"], *RULES)
    text = repr(table).replace("\u00a0", " ")
    assert "kernel      read    #PF 0x1  #PF 0x9  1                 page: user, writable; set: SMAP, WP" in text


def test_the_matrix_has_every_case_and_its_links_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    choices = show.choices(BOTH)
    assert len(choices.outcomes) == 576
    shown = choices.outcomes["kernel|fetch|uw|1|1|1|1|0"]
    assert shown["title"].startswith("#PF 0x11: ")
    assert [line[1] for line in shown["lines"]] == ["#PF 0x11", "#PF 0x11"]
    for _, cells in show.matrix(BOTH[0]).shown_rows():
        for cell in cells[3:]:
            (said,) = cell.said
            key = said.href.removeprefix("#smap=").replace(".", "|")
            assert choices.outcomes[key]["lines"][0][1] == said.text


def test_witnesses_that_agree_are_one() -> None:
    assert show.matrix(BOTH).caption == "The same from tcg-max and kvm-pvm"


def test_the_matrix_says_when_a_witness_lies() -> None:
    choices = show.choices((BOTH[0], lying(BOTH[1], None)))
    assert choices.outcomes["kernel|read|uw|0|1|0|1|0"]["lines"][-1] == ["the manuals say:", "#PF 0x1. They differ."]


def test_the_story_takes_the_cpus_answers_from_the_measurement() -> None:
    cpu = [step["lanes"][2] for step in show.deputy(BOTH).steps]
    assert [text.split("`")[-2] for text in cpu if "from a user page" in text] == [
        "allowed",
        "allowed",
        "#PF 0x11",
        "#PF 0x1",
        "allowed",
    ]


def test_the_picture_has_what_was_measured_and_names_the_guard() -> None:
    for answer in BOTH:
        measured: pictures.Measured = {
            case_of(row): {"read": row["read"], "write": row["write"], "fetch": row["fetch"]} for row in answer.data
        }
        found = [[(one.code, one.guard) for one in pictures.strands(measured, case)] for *_, case in pictures.ROWS]
        made = [("", "")] * 3
        assert found == [
            made,
            [("#PF 0x5", "U/S = 0"), ("#PF 0x7", "U/S = 0"), ("#PF 0x15", "U/S = 0")],
            made,
            made,
            [("#PF 0x1", "SMAP"), ("#PF 0x3", "SMAP"), ("#PF 0x11", "SMEP")],
            [("", ""), ("", ""), ("#PF 0x11", "SMEP")],
        ]


def test_the_overrides_show_both_ways_to_set_ac() -> None:
    text = repr(show.overrides([recorded(access_matrix.truth_table, witness) for witness in ("tcg-max", "kvm-pvm")]))
    assert "by popf     allowed" in text
    assert "KVM_EXIT_INTERNAL_ERROR" in text
