"""Facts of the chapter on instruction fetch, asked of this machine where it can answer, and of the records."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.cpu import instruction_fetch
from syslab.chapters.cpu.instruction_fetch.cs_base import FREE
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded
from syslab.evidence.experiment import D
from syslab.evidence.records import witnesses


def answers(which: Experiment[D]) -> list[D]:
    """The data on record, and this machine's where it has what it takes."""
    kept = [recorded(which, witness) for witness in witnesses(which.name)]
    live = [] if which.missing() else ask(which)
    return [one.data for one in (*kept, *live)]


def test_the_base_counts_outside_64_bit_mode_only() -> None:
    for rows in answers(instruction_fetch.modes):
        assert len(rows) == 9
        for row in rows:
            assert row["rip"] == 0x8000
            assert row["fetched"] == row["model"] == 0x8000 + (0 if row["mode"] == "long" else row["base"])


def test_the_reset_vector() -> None:
    for state in answers(instruction_fetch.reset):
        assert state == {"selector": 0xF000, "base": 0xFFFF0000, "rip": 0xFFF0}


def test_far_jumps_reach_selector_times_16_plus_offset() -> None:
    for rows in answers(instruction_fetch.far_jumps):
        assert [row["fetched"] for row in rows] == [0x2000, 0x2000, 0x2000, 0x3000, 0x4000]
        assert all(row["fetched"] == row["model"] for row in rows)


def test_u_s_is_the_access_and_not_the_page() -> None:
    assert {"tcg-max", "kvm-pvm"} <= set(witnesses(instruction_fetch.pages.name))
    for rows in answers(instruction_fetch.pages):
        for row in rows:
            if row["why"]:
                continue
            assert row["agrees"], row
            if row["error_code"] is not None:
                assert bool(row["error_code"] & 4) == (row["mode"] == "user")
                assert bool(row["error_code"] & 1) == (row["page"] != "absent")
            assert row["allowed"] == (row["error_code"] is None)


def test_smep_forbids_a_user_page_to_supervisor_fetches() -> None:
    found = {(r["mode"], r["page"], r["smep"]): r["error_code"] for r in recorded(instruction_fetch.pages, "tcg-max").data}
    assert found["supervisor", "user", False] is None
    assert found["supervisor", "user", True] == 0x11
    assert found["user", "supervisor", True] == 0x15
    assert found["user", "user", True] is None


def test_the_host_refuses_data_and_nothing() -> None:
    for rows in answers(instruction_fetch.host):
        assert [(row["vector"], row["error_code"], row["signal"]) for row in rows] == [(14, 0x15, "SIGSEGV"), (14, 0x14, "SIGSEGV")]
        assert all(row["cr2_is_rip"] for row in rows)


@pytest.mark.skipif(bool(instruction_fetch.one_start.missing()), reason="needs KVM")
@pytest.mark.parametrize(("mode", "fetched"), [("real", "0x9000"), ("protected", "0x9000"), ("long", "0x8000")])
def test_one_start(mode: str, fetched: str) -> None:
    assert ask(instruction_fetch.one_start, mode=mode, base=0x1000).data["fetched from"] == fetched


@pytest.mark.skipif(bool(instruction_fetch.one_start.missing()), reason="needs KVM")
@pytest.mark.parametrize(
    "arguments",
    [{"mode": "smm"}, {"mode": "real", "rip": 1 << 16}, {"mode": "long", "rip": FREE}, {"mode": "long", "rip": 1 << 30}],
)
def test_one_start_refuses_other_places(arguments: dict[str, Any]) -> None:
    with pytest.raises(ExperimentFailed, match="ValueError"):
        ask(instruction_fetch.one_start, **arguments)
