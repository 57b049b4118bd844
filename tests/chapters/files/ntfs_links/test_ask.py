"""Facts of the chapter on links of NTFS, asked of this machine and of the records."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.files.ntfs_links import ask as experiment
from syslab.chapters.files.ntfs_links import image as ntfs_image
from syslab.chapters.files.ntfs_links.model import MOUNT_POINT, SYMLINK
from syslab.evidence import Experiment, ask, recorded


def answers(which: Experiment) -> list[Any]:
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


def test_two_answers_are_equal() -> None:
    for which in (experiment.contents, experiment.buffers, experiment.mounted):
        for rows in answers(which):
            assert rows == recorded(which).data


def test_hard_links_share_a_record_and_have_no_tag() -> None:
    for rows in answers(experiment.contents):
        notes = [row for row in rows if row["names"] > 1]
        assert [row["path"] for row in notes] == ["hard.txt", "target\\note.txt", "target\\second.txt"]
        assert {row["names"] for row in notes} == {3} and len({row["record"] for row in notes}) == 1
        assert all(row["tag"] is None for row in notes)


def test_both_readers_agree_on_every_link() -> None:
    for rows in answers(experiment.buffers):
        assert len(rows) == len(ntfs_image.LINKS)
        assert all(row["agree"] for row in rows)
        by = {row["path"]: row for row in rows}
        junction = by["junction"]
        assert (junction["tag"], junction["is"], junction["flags"], len(junction["bytes"]) // 2) == (
            MOUNT_POINT,
            "folder",
            None,
            64,
        )
        assert junction["bytes"].startswith("030000a0")
        assert {row["tag"] for path, row in by.items() if "junction" not in path} == {SYMLINK, MOUNT_POINT}
        assert (by["folder\\up"]["flags"], by["dir-link"]["flags"]) == (1, 0)
        assert by["two-faced"]["followed"] != "\\??\\" + by["two-faced"]["shown"]


def test_linux_follows_the_substitute_name() -> None:
    for rows in answers(experiment.mounted):
        by = {row["path"]: row for row in rows}
        assert by["two-faced"]["readlink"] == by["junction"]["readlink"] == "MOUNT/target"
        assert by["folder/up"]["readlink"] == "../target"
        assert by["print-first"] == by["file-relative"] | {"path": "print-first"}
        assert by["other-volume"]["readlink"].endswith("/D:/data")
        assert {path for path, row in by.items() if row["leads_to"] == "nothing"} == {"other-volume", "other-machine", "dangling"}


@pytest.mark.skipif(bool(experiment.one.missing()), reason="needs dissect.ntfs")
def test_one_buffer() -> None:
    found = ask(experiment.one, kind="junction", target="C:\\target").data
    assert (found["size"], found["agree"], found["tag"]) == (64, True, "0xa0000003")
    assert "junction takes an absolute path" in ask(experiment.one, kind="junction", target="..\\t").data["refused"]
