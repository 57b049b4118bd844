"""The tables of the chapter on SMEP and SMAP show what was measured; the matrix has all of it; the story takes its codes from it."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.memory.smep_smap import ask as smep_smap
from syslab.chapters.memory.smep_smap import show as view
from syslab.chapters.memory.smep_smap.ask import Case, case_of
from syslab.evidence import Evidence, recorded
from syslab.questions import access_matrix
from tests.chapter_functions import functions

MODEL = functions("memory/smep-smap")
RULES = [MODEL[name] for name in ("rights", "mode", "smep", "smap")]


BOTH = (recorded(smep_smap.matrix_tcg), recorded(smep_smap.matrix_kvm))


@pytest.mark.parametrize(("rules", "agree"), [(RULES[:1], 452), (RULES[:2], 532), (RULES[:3], 548), (RULES, 576)])
def test_the_score_counts_every_answer(rules: list[Any], agree: int) -> None:
    table = view.score(BOTH, MODEL["code"], *rules)
    assert table.rows
    for name in ("QEMU's CPU (TCG)", "KVM (PVM)"):
        counts = [row["counts"][name] for row in table.rows]
        assert counts[0] == agree
        assert sum(counts) == 576
    assert repr(table).count("kvm-pvm ·") == 1, "both witnesses have a provenance line"


def test_the_score_finds_a_machine_that_differs() -> None:
    rows = [row | {"read": 0x9} if case_of(row) == Case(smap=True) else row for row in BOTH[0].data]
    table = view.score([Evidence("x", rows, BOTH[0].provenance)], MODEL["code"], *RULES)
    text = repr(table).replace("\u00a0", " ")
    assert "kernel      read    #PF 0x1  #PF 0x9  1                 page: user, writable; set: SMAP, WP" in text


def test_the_matrix_has_every_case_and_its_links_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    matrix = view.matrix(BOTH)
    assert len(matrix.outcomes) == 576
    shown = matrix.outcomes["kernel|fetch|uw|1|1|1|1|0"]
    assert shown["title"].startswith("#PF 0x11: ")
    assert [line[1] for line in shown["lines"]] == ["#PF 0x11", "#PF 0x11"]
    for row in view.corner(BOTH[0]).rows or ():
        for column in view.corner(BOTH[0]).columns[3:]:
            link = column.cell(row)
            key = link.href.removeprefix("#smap=").replace(".", "|")
            assert matrix.outcomes[key]["lines"][0][1] == link.text


def test_the_matrix_says_when_a_witness_lies() -> None:
    rows = [row | {"read": None} if case_of(row) == Case(smap=True) else row for row in BOTH[1].data]
    matrix = view.matrix((BOTH[0], Evidence("x", rows, BOTH[1].provenance)))
    assert matrix.outcomes["kernel|read|uw|0|1|0|1|0"]["lines"][-1] == ["the manuals say:", "#PF 0x1. They differ."]


def test_the_story_takes_the_cpus_answers_from_the_measurement() -> None:
    cpu = [step["lanes"][2] for step in view.deputy(BOTH[0]).steps]
    assert [text.split("`")[-2] for text in cpu if "from a user page" in text] == [
        "allowed",
        "allowed",
        "#PF 0x11",
        "#PF 0x1",
        "allowed",
    ]


def test_the_overrides_show_both_ways_to_set_ac() -> None:
    text = repr(view.overrides([recorded(access_matrix.truth_table, witness) for witness in ("tcg-max", "kvm-pvm")]))
    assert "by popf     allowed" in text
    assert "KVM_EXIT_INTERNAL_ERROR" in text
