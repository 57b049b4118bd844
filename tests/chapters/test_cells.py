"""Every cell of every page runs, from records: what make check knows of pages before anything is asked or built."""

from __future__ import annotations

import os

import pytest

from tests.chapter_functions import run
from tools.chapters import Chapter, all_chapters


@pytest.mark.skipif(os.environ.get("SYSLAB_EVIDENCE") != "record", reason="nbval runs them, live")
@pytest.mark.parametrize("chapter", [one for one in all_chapters() if one.runs], ids=lambda one: one.name)
def test_its_cells_run_and_what_they_end_with_can_be_shown(chapter: Chapter) -> None:
    for cell in run(chapter):
        value = cell()
        if value is not None:
            assert value._repr_html_() if hasattr(value, "_repr_html_") else repr(value)
