"""The tables of every page, from records: each row has a name, and of a long table the rows that tell are there, at most ten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syslab.evidence import Answer
from syslab.show.answer import view
from syslab.show.rows import MOST, headers, written
from syslab.show.table import Table
from tests.chapter_functions import run
from tools.chapters import Chapter, all_chapters

CHAPTERS = [one for one in all_chapters() if one.runs]


def tables(chapter: Chapter) -> Iterator[Table]:
    """Those that the cells of a page end with."""
    for cell in run(chapter):
        value: Any = cell()
        shown = view(value) if isinstance(value, Answer) else value
        if isinstance(shown, Table):
            yield shown


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: one.name)
def test_rows_have_names_and_those_that_tell_are_there(chapter: Chapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_EVIDENCE", "record")
    found = list(tables(chapter))
    assert found or chapter.name in {"index", "desk"}, "a page of evidence has tables"
    for table in found:
        rows = table.written_rows()
        named = [headers(row.cells, table.heads) for row in rows]
        if table.heads:
            assert all("".join(names) for names in named), table.caption
        choices = written(rows).choices
        if len(rows) <= MOST:
            assert not choices
            continue
        assert 0 < len(choices[0].places) <= MOST, table.caption
        if not callable(table.telling):
            assert set(table.telling) <= set().union(*named), "a telling row that is not there"


def test_the_truth_table_shows_the_rows_that_the_page_speaks_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_EVIDENCE", "record")
    heat = next(table for table in tables(Chapter("memory/page-fault-error-code")) if table.tints)
    few, odd, every = written(heat.written_rows()).choices
    assert (few.label, every.label) == ("The 8 that tell", "All 50")
    assert odd.label == f"Only where they differ ({len(odd.places)})" and 0 < len(odd.places) < 50
