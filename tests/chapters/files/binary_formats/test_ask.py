"""Facts of the chapter on binary formats, asked of this machine and of the records."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest

from syslab.chapters.files.binary_formats import ask as experiment
from syslab.chapters.files.binary_formats.parsers import FILES
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded

LIVE = pytest.mark.skipif(bool(experiment.edit.missing()), reason="needs poke")


def answers(which: Experiment) -> list[Any]:
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


def test_libraries_agree() -> None:
    for found in answers(experiment.libraries):
        for readers in found.values():
            assert readers["struct"] == readers["cstruct"] == readers["kaitai"]
        assert found["elf"]["struct"]["ehdr.ei_mag"] == "7f454c46"
        assert found["elf"]["struct"]["phdr[1].p_type"] == 4
        assert found["efi"]["struct"]["opt.subsystem"] == 10


def test_command_line_agrees_with_the_libraries() -> None:
    known = recorded(experiment.libraries).data
    for found in answers(experiment.poke):
        assert found == {kind: readers["struct"] for kind, readers in known.items()}
    for found in answers(experiment.fq):
        assert {name: known["elf"]["struct"][name] for name in found["elf"]} == found["elf"]
        assert found["probe"]["efi"]["status"] != 0


def test_the_recorded_fq_stops_at_the_note() -> None:
    found = recorded(experiment.fq).data
    assert "outside buffer" in found["stopped"]
    assert "phdr[1].p_type" in found["elf"] and "phdr[2].p_type" not in found["elf"]


def test_one_byte_is_seen_by_everybody() -> None:
    for rows in answers(experiment.edited):
        assert {row["reader"] for row in rows} == {"struct", "cstruct", "kaitai", "poke", "fq"}
        for row in rows:
            assert (row["before"], row["after"]) == (4, 0)
            assert row["changed_bytes"] == [experiment.NOTE]
            assert row["changed_members"] == ["phdr[1].p_type"]
            assert row["entries_after"] == 3 and not row["stopped_after"]


def test_files_of_the_machine() -> None:
    for rows in answers(experiment.system_files):
        read = [row for row in rows if not row["why"]]
        assert read, rows
        assert all(row["members"] > 30 and row["differ"] == [] and row["type"] in (2, 3) for row in read)


def test_who_notices_what() -> None:
    for rows in answers(experiment.refusals):
        found = {row["bytes"]: row for row in rows}
        assert set(found) == set(experiment.broken())
        assert found["a text"]["unpack"].startswith("e_type")
        assert found["nothing at all"]["unpack"].startswith("struct.error")
        assert not any(row[reader].startswith("read") for row in rows for reader in experiment.LIBRARIES)


def test_the_runtime_writes_and_the_parser_does_not() -> None:
    for found in answers(experiment.writes):
        assert found["runtime_writes"] is True and found["parser_writes"] is False
        assert found["changed_bytes"] == [0x10]


@LIVE
def test_an_edit_reaches_a_copy_only() -> None:
    before = FILES["elf"].read_bytes()
    row = ask(experiment.edit, offset=0x10, value=3).data
    assert row["changed"] == "ehdr.e_type: 2 to 3" and row["byte_before"] == 2
    assert FILES["elf"].read_bytes() == before
    assert ask(experiment.edit, offset=4, value=1).data["changed"] == "it is refused"
    with pytest.raises(ExperimentFailed, match="outside the file"):
        ask(experiment.edit, offset=1 << 30, value=1)


def test_without_tools_records_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert shutil.which("fq") is None
    for which in (experiment.poke, experiment.fq, experiment.edited, experiment.system_files):
        answer = ask(which)
        assert answer.provenance.how == "record"
        assert "apt install" in " ".join(answer.provenance.install)
    assert ask(experiment.libraries).provenance.how == "live"


@LIVE
def test_nothing_is_left_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    experiment.edit()
    assert os.listdir(tmp_path) == []
