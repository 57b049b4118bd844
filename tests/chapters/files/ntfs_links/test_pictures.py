"""Pictures of the chapter on links of NTFS: every byte of a buffer is drawn once, and the tags are the specification's."""

from __future__ import annotations

from syslab.chapters.files.ntfs_links import ask as experiment
from syslab.chapters.files.ntfs_links import pictures, show
from syslab.evidence import Answer, recorded


def test_the_cells_of_all_fields_are_the_buffer() -> None:
    answer = Answer(experiment.buffers, [recorded(experiment.buffers)])
    for row in answer.data:
        data, fields = show.fields_of(answer, row["path"])
        ends = [*(field.at for field in fields[1:]), len(data)]
        drawn = b""
        for field, end in zip(fields, ends, strict=True):
            for cell in pictures.cells(data, field, end - field.at):
                drawn += cell.encode("utf-16-le") if field.name in pictures.NAMES else bytes.fromhex(cell)
        assert drawn == data, row["path"]


def test_the_strips_say_where_each_field_is() -> None:
    answer = Answer(experiment.buffers, [recorded(experiment.buffers)])
    alt = pictures.strips(answer, ["junction", "folder\\up"]).alt
    assert "junction: ReparseTag 0xa0000003 at byte 0" in alt
    assert "Flags 1 at byte 16" in alt


def test_who_follows_which_tag() -> None:
    alt = pictures.way().alt
    assert "A junction, tag 0xa0000003, is followed by the server" in alt
    assert "At a symbolic link, tag 0xa000000c, the server stops" in alt
