"""Facts of the chapter on text poking, asked of this machine and of the records."""

from __future__ import annotations

import os
from typing import Any

import pytest

from syslab.chapters.memory.text_poking import ask as experiment
from syslab.chapters.memory.text_poking import poke
from syslab.evidence import X86_64, Experiment, ExperimentFailed, ask, recorded
from syslab.native.code import PROT_EXEC, PROT_WRITE

LIVE = pytest.mark.skipif(X86_64.missing() is not None, reason="needs x86-64 Linux")


def answers(which: Experiment) -> list[Any]:
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


def test_the_code_changes_behind_a_mapping_that_stays_r_x() -> None:
    for rows in answers(experiment.steps):
        assert [row["returns"] for row in rows] == [1, 1, 1, 2, 2, 2]
        assert all(row["reader"] == ["r-xs"] for row in rows)
        assert [row["patcher"] for row in rows] == [[], [], ["rw-s"], ["rw-s"], [], []]


def test_no_mapping_is_ever_writable_and_executable() -> None:
    for rows in answers(experiment.steps):
        assert all(row["writable_and_executable"] == 0 for row in rows)


def test_what_each_design_leaves_open() -> None:
    for rows in answers(experiment.windows):
        found = {row["design"]: (row["reader"], row["run"], row["write"]) for row in rows}
        assert found == {
            "unprotect": (["rw-s"], "#PF 0x15", "works"),
            "shared": (["r-xs", "rw-s"], "works", "works"),
            "private": (["r-xs"], "works", "#PF 0x7"),
        }


@LIVE
@pytest.mark.parametrize("design", experiment.DESIGNS)
def test_one_window(design: str) -> None:
    assert ask(experiment.one_window, design=design).data["design"] == design


@LIVE
def test_other_designs_and_writable_code_are_refused() -> None:
    with pytest.raises(ExperimentFailed, match="ValueError"):
        ask(experiment.one_window, design="magic")
    page = poke.Page()
    with pytest.raises(ValueError, match="never both"):
        page.map(PROT_WRITE | PROT_EXEC)
    page.close()


@LIVE
def test_nothing_is_left_behind() -> None:
    before = set(os.listdir("/proc/self/fd"))
    list(experiment.steps())
    assert set(os.listdir("/proc/self/fd")) == before
    assert poke.permissions() == []


@LIVE
def test_one_byte_of_the_code() -> None:
    got = {row["code"]: row["result"] for row in ask(experiment.tries).data}
    assert got["b8 02 00 00 00 c3"] == "returns 2"
    assert got["b8 01 02 00 00 c3"] == "returns 513"
    assert got["cc 01 00 00 00 c3"] == "#BP"
    assert got["b8 01 00 00 00 90"] == "#PF"
    for offset, value in ((6, 0), (-1, 0), (0, 256)):
        with pytest.raises(ExperimentFailed, match="ValueError"):
            ask(experiment.one_poke, offset=offset, value=value)
