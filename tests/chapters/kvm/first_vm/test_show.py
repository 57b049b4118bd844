"""The tables and the shelf of the chapter on a first virtual machine show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm import first_vm
from syslab.chapters.kvm.first_vm import show
from syslab.chapters.kvm.first_vm.guest import PROGRAMS
from syslab.evidence import Evidence, Experiment, recorded, records


def both(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in records.witnesses(which.name)]


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    calls, programs, costs = both(first_vm.ioctls), both(first_vm.programs), both(first_vm.cost)
    for shown, rows in (
        (show.ioctls(calls), 12), (show.ioctls(calls, "long"), 12), (show.programs(programs), 16), (show.programs(programs, *PROGRAMS), 16),
        (show.programs(programs, "unfinished", place=True), 2), (show.cost(costs), 4),
    ):  # fmt: skip
        page = shown._repr_html_()
        assert page.count("<tr") == 1 + rows
        assert page.count('class="provenance"') == 2
    assert 'href="#guest=spin.long"' in show.programs(programs, "spin")._repr_html_()


def test_every_ioctl_is_explained() -> None:
    for answer in both(first_vm.ioctls):
        assert {row["ioctl"] for row in answer.data} == set(show.CALLED_ON)


def test_one_byte_two_readings() -> None:
    assert [text for _, _, text in show.instructions(PROGRAMS["reading"].code["real"], "real")][1] == "dec ax"
    assert [raw for _, raw, _ in show.instructions(PROGRAMS["reading"].code["long"], "long")] == ["b0 05", "48 e6 10", "f4"]
    for program in PROGRAMS.values():
        for mode, code in program.code.items():
            assert b"".join(bytes.fromhex(raw) for _, raw, _ in show.instructions(code, mode)) == code


def test_the_shelf_has_every_program_and_witness() -> None:
    answers = both(first_vm.programs)
    shelf = show.shelf(answers)
    assert len(shelf.outcomes) == 16
    for outcome in shelf.outcomes.values():
        assert [line[0] for line in outcome["lines"][-2:]] == [answer.provenance.witness for answer in answers]
    assert shelf.outcomes["unfinished|real"]["title"] == "It halts"
    assert shelf.outcomes["spin|long"]["title"] == "It never leaves"
    odd = [row | {"ended": "spins"} for row in answers[0].data]
    assert "or" in show.shelf([Evidence("x", odd, answers[0].provenance), answers[1]]).outcomes["sum|real"]["title"]


@pytest.mark.parametrize(("number", "text"), [(430, "0.43"), (2500, "2.5"), (9950, "9.9"), (61_000, "61"), (1_600_000, "1,600")])
def test_microseconds(number: int, text: str) -> None:
    assert show.microseconds(number) == text
