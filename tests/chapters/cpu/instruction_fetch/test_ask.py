"""Facts of the chapter on instruction fetch, asked of this machine where it can answer, and of the records."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.cpu.instruction_fetch import ask as experiment
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded


def answers(which: Experiment) -> list[Any]:
    """The record's data, and this machine's where it has what it takes."""
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


def test_the_base_counts_outside_64_bit_mode_only() -> None:
    for rows in answers(experiment.modes):
        assert len(rows) == 9
        for row in rows:
            assert row["rip"] == 0x8000
            assert row["fetched"] == row["model"] == 0x8000 + (0 if row["mode"] == "long" else row["base"])


def test_the_reset_vector() -> None:
    for state in answers(experiment.reset):
        assert state == {"selector": 0xF000, "base": 0xFFFF0000, "rip": 0xFFF0}


def test_far_jumps_reach_selector_times_16_plus_offset() -> None:
    for rows in answers(experiment.far_jumps):
        assert [row["fetched"] for row in rows] == [0x2000, 0x2000, 0x2000, 0x3000, 0x4000]
        assert all(row["fetched"] == row["model"] for row in rows)


@pytest.mark.parametrize("which", [experiment.pages_tcg, experiment.pages_kvm], ids=lambda e: e.name)
def test_u_s_is_the_access_and_not_the_page(which: Experiment) -> None:
    for rows in answers(which):
        for row in rows:
            if row["why"]:
                continue
            assert row["agrees"], row
            if not row["allowed"]:
                assert bool(row["error_code"] & 4) == (row["mode"] == "user")
                assert bool(row["error_code"] & 1) == (row["page"] != "absent")


def test_smep_forbids_a_user_page_to_supervisor_fetches() -> None:
    found = {(r["mode"], r["page"], r["smep"]): r["error_code"] for r in recorded(experiment.pages_tcg).data}
    assert found["supervisor", "user", False] is None
    assert found["supervisor", "user", True] == 0x11
    assert found["user", "supervisor", True] == 0x15
    assert found["user", "user", True] is None


def test_the_host_refuses_data_and_nothing() -> None:
    for rows in answers(experiment.host):
        assert [(row["vector"], row["error_code"], row["signal"]) for row in rows] == [(14, 0x15, "SIGSEGV"), (14, 0x14, "SIGSEGV")]
        assert all(row["cr2_is_rip"] for row in rows)


@pytest.mark.skipif(bool(experiment.one_start.missing()), reason="needs KVM")
@pytest.mark.parametrize(("mode", "fetched"), [("real", "0x9000"), ("protected", "0x9000"), ("long", "0x8000")])
def test_one_start(mode: str, fetched: str) -> None:
    assert ask(experiment.one_start, mode=mode, base=0x1000).data["fetched from"] == fetched


@pytest.mark.skipif(bool(experiment.one_start.missing()), reason="needs KVM")
@pytest.mark.parametrize(
    "arguments",
    [{"mode": "smm"}, {"mode": "real", "rip": 1 << 16}, {"mode": "long", "rip": 0x10000}, {"mode": "long", "rip": 1 << 30}],
)
def test_one_start_refuses_other_places(arguments: dict[str, Any]) -> None:
    with pytest.raises(ExperimentFailed, match="ValueError"):
        ask(experiment.one_start, **arguments)
