"""Every cell of every page runs, from records: what make check knows of pages before anything is asked or built."""

from __future__ import annotations

import os

import pytest

from syslab.show.picture import Picture
from tests.chapter_functions import run
from tools.chapters import Chapter, all_chapters


@pytest.mark.skipif(os.environ.get("SYSLAB_EVIDENCE") != "record", reason="nbval runs them, live")
@pytest.mark.parametrize("chapter", [one for one in all_chapters() if one.runs], ids=lambda one: one.name)
def test_its_cells_run_and_what_they_end_with_can_be_shown(chapter: Chapter) -> None:
    pictures: list[Picture] = []
    for cell in run(chapter):
        value = cell()
        pictures += [value] if isinstance(value, Picture) else []
        if value is not None:
            assert value._repr_html_() if hasattr(value, "_repr_html_") else repr(value)
    assert "needs" not in chapter.about or pictures, "a chapter has at least one picture"
    assert len({picture.name for picture in pictures}) == len(pictures), "a picture's name is its id on the page"
    for picture in pictures:
        assert len(picture.alt) > 40 and not picture.title.endswith("."), picture.name
