"""The tables and the tape of the chapter on single step show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm import single_step
from syslab.chapters.kvm.single_step import show
from syslab.chapters.kvm.single_step.stepping import BY_KEY, LONG, TAPES
from syslab.evidence import Evidence, recorded

WITNESSES = ("kvm-pvm", "kvm-svm-tcg")


@pytest.fixture
def answers() -> list[Evidence]:
    return [recorded(single_step.steps, witness) for witness in WITNESSES]


def test_the_tapes_tf_columns_are_the_record(answers: list[Evidence]) -> None:
    shown = {tape["key"]: tape for tape in show.tape(answers).tapes}
    assert list(shown) == [tape.key for tape in TAPES]
    for lane, answer in enumerate(answers, 1):
        for row in answer.data:
            if row["mode"] != LONG or not row["rearm"]:
                continue
            tape, marks = shown[row["tape"]], shown[row["tape"]]["lanes"][lane]
            assert len(marks) == len(row["stops"])
            for mark, stop in zip(marks, row["stops"], strict=True):
                group, text = tape["cells"][mark["at"]]
                assert text == BY_KEY[row["tape"]].before(stop["at"])
                assert group == ("Handler" if stop["at"].startswith("h") else "Program")
                assert mark["other"] == (stop["exit"] != "KVM_EXIT_DEBUG")


def test_the_tapes_mtf_column_is_the_rule(answers: list[Evidence]) -> None:
    shown = {tape["key"]: [mark["at"] for mark in tape["lanes"][0]] for tape in show.tape(answers).tapes}
    assert shown["plain"] == [1, 2, 3, 4, 5, 6, 7]
    assert shown["rep"] == [1, 1, 1, 2, 3, 4]
    assert shown["fault"] == [1, 5, 6, 7, 2, 3, 4], "from the fault into the handler, and back behind it"
    assert shown["interrupt"] == [4, 5, 0, 1, 2, 3], "before any instruction"


def test_every_instruction_that_is_not_plain_is_known() -> None:
    texts = {instruction.text for tape in TAPES for instruction in tape.instructions}
    assert set(show.KINDS) <= texts


def test_an_address_that_is_none_of_the_tapes_is_at_its_end() -> None:
    assert show._cell(BY_KEY["fault"], "0x9999") == int(BY_KEY["fault"].end)
    assert BY_KEY["fault"].before("0x9999") == "0x9999"


def test_tables_draw(answers: list[Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    html = show.stops(answers, "rep", "out")._repr_html_()
    assert 'href="#tape=rep.1"' in html
    assert [row["tape"] for row in show.stops(answers, "rep", "out", "fault").rows] == ["rep", "out", "fault"] * 2
    assert "rep movsb (2 to go)" in html
    assert show.steps(answers)._repr_html_().count("<tr") == 1 + 7
    assert "TF = 1" in repr(show.flags(answers))
    assert show.armed(answers, "fault").differing == 1
    assert show.stops(answers, "pushf").differing == 0
    assert "the same in both modes" in show.modes(answers)
    breaks = repr(show.breakpoints([recorded(single_step.breakpoints, witness) for witness in WITNESSES]))
    assert "KVM_EXIT_DEBUG, exception 1" in breaks
    assert "its own handler ran" in breaks
    assert "DB excp 4" in repr(show.reasons(recorded(single_step.reasons)))
