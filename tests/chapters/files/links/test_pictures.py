"""Pictures of the chapter on links, from the records."""

from __future__ import annotations

import pytest

from syslab.chapters.files.links import ask as experiment
from syslab.chapters.files.links import pictures
from syslab.chapters.files.links.ask import STORIES, StoryStep
from syslab.chapters.files.links.state import names
from syslab.evidence import Answer, recorded


def stories() -> Answer[list[StoryStep]]:
    return Answer(experiment.stories, [recorded(experiment.stories)])


def test_every_name_and_open_file_leads_to_its_inode() -> None:
    for row in stories().data:
        drawn = {holder: one.number for one in pictures.inodes(row) for holder in one.holders}
        assert drawn == {
            **{name.path: name.number for name in names(row) if name.kind != "directory"},
            **{str(file[0]): file[1] for file in row["files"]},
        }


def test_a_text_is_read_from_the_symlinks_directory() -> None:
    for row in stories().data:
        found = {name.path: name for name in names(row)}
        for name in found.values():
            if name.kind == "symlink":
                other = found.get(pictures.meant(name.path, name.target))
                assert name.reads == (other.reads if other else "ENOENT"), row["call"]


@pytest.mark.parametrize(("title", "calls"), [("two names and a path", [3, 4]), ("open without a name", [2, 3, 4])])
def test_a_panel_opens_its_call_in_the_drawing(title: str, calls: list[int]) -> None:
    shown = pictures.story(stories(), title, calls, "A heading")._repr_html_()
    for call in calls:
        assert f'href="#links={".".join(STORIES[title].split(".")[:call])}"' in shown


def test_a_dangling_symlink_is_said() -> None:
    alt = pictures.story(stories(), "two names and a path", [3, 4], "A heading").alt
    assert "After os.symlink('a', 'c'): a and b lead to inode 1 (2 links, text 1); c leads to inode 2" in alt
    assert "which spells a, a name that is not there" in alt
