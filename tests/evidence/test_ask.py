"""Live where it can be, else a record, never a pretence."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from syslab import evidence
from syslab.bits.page_fault import PFEC
from syslab.chapters.kvm.supported_cpuid import ask as supported_cpuid
from syslab.chapters.memory.page_fault_error_code.ask import faults, one_fault
from syslab.evidence import (
    KVM,
    CannotRunHere,
    Evidence,
    Experiment,
    ExperimentFailed,
    ExperimentTimeout,
    Need,
    Provenance,
    Witness,
    ask,
    experiment,
    lab,
    recorded,
    records,
    tool,
)
from syslab.native import kvm_device
from syslab.show.table import Column, Link, Table, Verdict, fields

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
    monkeypatch.setattr(Witness, "missing", lambda self: [(NEVER, "there are none")])
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
    with pytest.raises(ValueError, match="takes record, live, strict or nothing"):
        ask(faults)


def test_neither_possible_nor_recorded() -> None:
    with pytest.raises(CannotRunHere, match=r"needs a unicorn, but there are none.*no record of test_ask.impossible"):
        ask(impossible)


def test_a_record_never_stands_in_for_a_question_with_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Witness, "missing", lambda self: [(NEVER, "there are none")])
    with pytest.raises(CannotRunHere, match="one_fault cannot run here"):
        ask(one_fault, access="read")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run here takes too long."""

    def late(experiment: Experiment[Any], arguments: Any = None) -> None:
        raise ExperimentTimeout(f"{experiment.name} took longer\nthan 10 s", [])

    monkeypatch.setattr(evidence, "run", late)


def test_a_run_that_fails_is_answered_from_the_record_which_says_so(failing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)
    answer = ask(faults)
    assert answer.provenance.how == "record" and answer.data == recorded(faults).data
    assert repr(answer).endswith("The run here failed, so this is a record: page_fault_error_code.faults took longer than 10 s")
    assert "To run it live" not in repr(answer)
    assert 'data-run="failed"' in answer._repr_html_(), "the next build runs it again"
    with pytest.raises(ExperimentTimeout):
        ask(one_fault, access="read")  # arguments have no record
    for mode in ("strict", "live"):
        monkeypatch.setenv("SYSLAB_EVIDENCE", mode)
        with pytest.raises(ExperimentTimeout):
            ask(faults)


def test_a_failure_without_a_record_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for mode in ("", "strict"):
        monkeypatch.setenv("SYSLAB_EVIDENCE", mode)
        with pytest.raises(ExperimentFailed, match="it broke"):
            ask(broken)


def test_no_more_processes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(ExperimentFailed, match="broken could not be started: Resource temporarily unavailable"):
        ask(broken)


def test_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    need = tool("bash")
    assert need.missing() == "bash is not installed"
    assert need.install == "apt install bash"
    assert tool("unshare", "util-linux").install == "apt install util-linux"


def test_no_record_names_the_witnesses() -> None:
    with pytest.raises(records.NoRecord, match=r"page_fault_error_code.faults by mars; there is \['host'\]"):
        records.load("page_fault_error_code.faults", "mars")


PROVENANCE = Provenance("live", "host", "A <CPU>", "Linux 1", "root", "2026-01-01", 0.001, tools={"bash": "5.2"})


def test_tables_escape_what_they_show_and_read_well_as_text() -> None:
    evidence = Evidence("x.y", [{"a": "<b>", "n": 7}], PROVENANCE)
    table = Table(
        evidence,
        [
            Column("Thing", lambda row: row["a"]),
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
    assert "W/R" in fields(PFEC)._repr_html_()


def test_hosted_pages_carry_no_style_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence("x.y", [], PROVENANCE)
    monkeypatch.delenv("SYSLAB_HOSTED", raising=False)
    assert "<style>" in evidence._repr_html_()
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert "<style>" not in evidence._repr_html_()


# /dev/kvm: open(2) and the two ioctls of api.rst, "KVM_GET_API_VERSION" and "KVM_CREATE_VM"


def test_kvm_is_there_when_a_vm_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent, folder = tmp_path / "kvm", tmp_path
    assert kvm_device.missing(str(absent)) == f"there is no {absent}: load the kvm module"
    assert "not KVM's device (ENOTTY)" in str(kvm_device.missing("/dev/null")), "a file of that name is not enough"
    assert "cannot be opened (Is a directory)" in str(kvm_device.missing(str(folder)))
    if os.geteuid():
        absent.touch(0o000)
        assert "join the group kvm" in str(kvm_device.missing(str(absent)))


@pytest.mark.parametrize(
    ("code", "where", "says"),
    [
        (errno.EACCES, "open", "join the group kvm"),
        (errno.EPERM, "open", "device rules"),
        (errno.ENODEV, "open", "has no KVM behind it"),
        (errno.EBUSY, "create", "VirtualBox"),
        (errno.EPERM, "create", "may not make a VM"),
        (errno.ENOMEM, "create", "cannot make a VM (Cannot allocate memory)"),
    ],
)
def test_kvm_that_does_not_work_says_why(code: int, where: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise OSError(code, os.strerror(code))

    opened = os.open
    monkeypatch.setattr("os.open", fail if where == "open" else lambda path, flags: opened("/dev/null", flags))
    monkeypatch.setattr("fcntl.ioctl", lambda file, request, *_: 12 if request == 0xAE00 else fail())
    assert says in str(KVM.missing())
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(lab, "possible", lambda experiment: False)
        line = repr(ask(supported_cpuid.compared)[0])
    assert line.startswith("record · kvm-") and says in line, "a record with that reason, no failure"


def test_an_old_api_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open
    monkeypatch.setattr("os.open", lambda path, flags: opened("/dev/null", flags))
    monkeypatch.setattr("fcntl.ioctl", lambda *_: 11)
    assert "speaks version 11" in str(KVM.missing())
