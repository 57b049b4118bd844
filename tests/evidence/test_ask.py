"""Live where it can be, else a record, never a pretence."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.evidence import (
    KVM,
    CannotRunHere,
    Evidence,
    Experiment,
    ExperimentFailed,
    Need,
    Provenance,
    ask,
    experiment,
    recorded,
    records,
    tool,
)
from syslab.evidence.show import Column, Fields, Link, Measured, Verdict
from syslab.experiments.page_fault_error_code import faults, one_fault
from syslab.layouts.page_fault import PFEC

NEVER = Need("a unicorn", lambda: "there are none", "apt install unicorn")


@experiment(NEVER)
def impossible() -> int:
    return 1


@experiment()
def broken() -> int:
    raise ValueError("it broke")


def test_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)
    answer = ask(faults)
    assert answer.provenance.how == "live"
    assert "record" not in repr(answer)
    assert answer.provenance.kernel.startswith("Linux ")


def test_a_record_says_so_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Experiment, "missing", lambda self: [(NEVER, "there are none")])
    answer = ask(faults)
    assert answer.provenance.how == "record"
    assert "To run it live: apt install unicorn" in repr(answer)
    assert "vb-record" in answer._repr_html_()
    assert answer.data == recorded(faults).data


def test_records_can_be_asked_for_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_EVIDENCE", "record")
    assert ask(faults).provenance.how == "record"
    monkeypatch.setenv("SYSLAB_EVIDENCE", "live")
    assert ask(faults).provenance.how == "live"
    monkeypatch.setenv("SYSLAB_EVIDENCE", "maybe")
    with pytest.raises(ValueError, match="takes record, live or nothing"):
        ask(faults)


def test_neither_possible_nor_recorded() -> None:
    with pytest.raises(CannotRunHere, match=r"needs a unicorn, but there are none.*no record of test_ask.impossible"):
        ask(impossible)


def test_a_record_never_stands_in_for_a_question_with_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Experiment, "missing", lambda self: [(NEVER, "there are none")])
    with pytest.raises(CannotRunHere, match="one_fault cannot run here"):
        ask(one_fault, access="read")


def test_a_record_never_hides_a_failure() -> None:
    with pytest.raises(ExperimentFailed, match="it broke"):
        ask(broken)


def test_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    need = tool("bash")
    assert need.missing() == "bash is not installed"
    assert need.install == "apt install bash"
    assert tool("unshare", "util-linux").install == "apt install util-linux"
    monkeypatch.setattr("os.access", lambda *a: False)
    monkeypatch.setattr("os.path.exists", lambda p: True)
    assert "not readable" in str(KVM.missing())
    monkeypatch.setattr("os.path.exists", lambda p: False)
    assert KVM.missing() == "there is no /dev/kvm"


def test_no_record_names_the_witnesses() -> None:
    with pytest.raises(records.NoRecord, match=r"page_fault_error_code.faults by mars; there is \['host'\]"):
        records.load("page_fault_error_code.faults", "mars")


PROVENANCE = Provenance("live", "host", "A <CPU>", "Linux 1", "root", "2026-01-01", 0.001, tools={"bash": "5.2"})


def test_tables_escape_what_they_show_and_read_well_as_text() -> None:
    evidence = Evidence("x.y", [{"a": "<b>", "n": 7}], PROVENANCE)
    table = Measured(
        evidence,
        [
            Column("Thing", "a"),
            Column("N", lambda row: Link(hex(row["n"]), "#pfec=0x7"), number=True),
            Column("OK", lambda row: Verdict(True)),
        ],
    )
    page = table._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert '<a href="#pfec=0x7">0x7</a>' in page
    assert "A &lt;CPU&gt;" in page
    assert "bash 5.2" in page
    assert "under 0.01" in repr(table)
    assert repr(table).splitlines()[:2] == ["Thing  N    OK", "<b>    0x7  holds"]
    assert "W/R" in Fields(PFEC)._repr_html_()


def test_hosted_pages_carry_no_style_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence("x.y", [], PROVENANCE)
    monkeypatch.delenv("SYSLAB_HOSTED", raising=False)
    assert "<style>" in evidence._repr_html_()
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert "<style>" not in evidence._repr_html_()
