"""Facts of the chapter on the size of bool, asked of this machine and of the records."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.files.bool_size import ask as experiment
from syslab.chapters.files.bool_size import c_structs
from syslab.chapters.files.bool_size import compiler as c_compiler
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded
from tests.anew import anew

LIVE = pytest.mark.skipif(bool(experiment.one_struct.missing()), reason="needs x86-64 Linux and a C compiler")
EVERY = [e for e in vars(experiment).values() if isinstance(e, Experiment) and e is not experiment.one_struct]


def answers(which: Experiment) -> list[Any]:
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


@pytest.mark.parametrize("which", EVERY, ids=lambda e: e.name)
def test_two_runs_give_the_same(which: Experiment) -> None:
    if which.missing():
        pytest.skip("this machine lacks what it needs")
    assert ask(which).data == anew(which).data


def test_a_bool_is_one_byte_and_other_sizes_depend_on_the_abi() -> None:
    for rows in answers(experiment.sizes):
        found = {row["type"]: row for row in rows}
        for abi in experiment.ABIS:
            if found["_Bool"][abi]:
                assert found["_Bool"][abi] == {"size": 1, "align": 1}
                assert found["bits in a byte"][abi]["size"] == 8
        assert found["unsigned long"]["x86-64"]["size"] == 8
        if found["double"]["i386"]:
            assert (found["double"]["i386"], found["unsigned long"]["i386"]["size"]) == ({"size": 8, "align": 4}, 4)


def test_the_compiler_and_the_rules_agree_and_padding_costs_more_than_bits() -> None:
    for rows in answers(experiment.structs):
        for row in rows:
            assert {key: row[key] for key in ("size", "align", "members")} == row["rules"], row["title"]
        size = {row["title"]: row["size"] for row in rows}
        assert (size["eight bools"], size["an array of eight"], size["eight bit-fields"], size["nine bit-fields"]) == (8, 8, 1, 2)
        assert (size["one bool and an int"], size["the same, packed"], size["bools around an int"]) == (8, 5, 12)


def test_what_a_bit_field_cannot() -> None:
    for rows in answers(experiment.refused):
        accepted = {row["what"]: row["accepted"] for row in rows}
        assert [what for what, answer in accepted.items() if not answer] == [
            "the address of a bit-field",
            "the size of a bit-field",
            "an array of bit-fields",
            "a bool of 2 bits",
            "an int of 33 bits",
        ]
        for row in rows:
            assert row["accepted"] == (row["message"] == "")
            if "address" in row["message"] or row["what"] == "the address of a bit-field":
                assert "bit-field" in row["message"], "refused for what it is, not for a slip of ours"


def test_converting_to_bool_asks_whether_it_differs_from_0() -> None:
    for rows in answers(experiment.conversions):
        found = {row["value"]: (row["bool"], row["byte"]) for row in rows}
        assert (found["256"], found["0.5"], found["-1"]) == ((1, 0), (1, 0), (1, 255))
        assert (found["0.0 / 0.0"], found["-0.0"], found["256.0"]) == ((1, None), (0, 0), (1, None))


def test_a_bit_is_changed_by_reading_and_writing_a_byte() -> None:
    for rows in answers(experiment.code):
        found = {row["function"]: row["instructions"] for row in rows}
        assert set(found) == {name for name, _ in experiment.FUNCTIONS}
        assert all(lines[-1] == "ret" for lines in found.values())
        assert len(found["copy_bit"]) > len(found["copy_bool"])


def test_bts_reaches_another_byte() -> None:
    for rows in answers(experiment.bits):
        for row in rows:
            if row["form"] == "bts qword [rdi], rsi":
                assert (row["byte"], row["value"]) == (row["offset"] // 8, 1 << row["offset"] % 8)
        fixed, register = rows[-2:]
        assert (fixed["byte"], fixed["value"]) == (0, 1 << 100 % 32 % 8)
        assert (register["byte"], register["value"]) == (None, 1 << 100 % 64)


def test_bit_instructions_touch_at_most_their_operand() -> None:
    for rows in answers(experiment.widths):
        found = {row["instruction"]: row["bytes"] for row in rows}
        assert found.pop("or byte [rdi], 1") == 1
        for text, count in found.items():
            assert 1 <= count <= {"word": 2, "dword": 4, "qword": 8}[text.split()[1]]
        assert all(row["fault"] in (None, 0) for row in rows), "the first byte behind the edge"
    assert {row["instruction"]: row["bytes"] for row in recorded(experiment.widths).data}["bt qword [rdi], rsi"] == 8


@LIVE
def test_one_struct() -> None:
    row = ask(experiment.one_struct, declaration="packed,bool,int:3").data
    assert (row["bytes"], row["aligned_to"], row["the_rules_agree"]) == (2, 1, "yes")
    with pytest.raises(ExperimentFailed, match="at most 1 bit"):
        ask(experiment.one_struct, declaration="bool:2")


@LIVE
def test_what_is_no_c_is_refused_and_nothing_runs_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(c_compiler.CompileError):
        c_compiler.output("int main(void) { return x; }")
    with pytest.raises(RuntimeError, match="status 3"):
        c_compiler.output("int main(void) { return 3; }")
    with pytest.raises(ValueError, match="no such type"):
        c_structs.measure(["float"])
    monkeypatch.setattr(c_compiler, "SECONDS", 1.0)
    with pytest.raises(TimeoutError, match="did not end within 1 s"):
        c_compiler.output("int main(void) { for (volatile int i = 0;; i++) ; }")


def test_without_a_compiler_the_records_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment._no_program.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert c_compiler.name() is None
    with pytest.raises(FileNotFoundError, match="no C compiler"):
        c_compiler.check("")
    answer = ask(experiment.structs)
    assert answer.provenance.how == "record"
    assert "apt install gcc libc6-dev" in answer.provenance.line()
    experiment._no_program.cache_clear()
