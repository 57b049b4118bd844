"""Which rows of a long table stand unfolded, what heads a row, and what a phone does with it; a heat map's cells."""

from __future__ import annotations

import re
from typing import Any

import pytest

from syslab.show.heat import Heat, Said
from syslab.show.rows import Row, written
from syslab.show.table import Column, Link, Table, Verdict


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


COLUMNS: list[Column[int]] = [Column("N", lambda n: n, number=True), Column("Square", lambda n: n * n, number=True)]


def table(count: int, **look: Any) -> Table:
    return Table(columns=COLUMNS, rows=range(count), source="arithmetic", **look)


def labels(page: str) -> list[str]:
    return re.findall(r">([^<>]+)</label>", page)


def shown(page: str, value: str) -> list[str]:
    """The first header of the rows that have the class."""
    found = re.findall(r'<tr(?: role="row")? class="([^"]*)">\s*<th[^>]*>([^<]*)', page)
    return [name for classes, name in found if value in classes.split()]


def test_ten_rows_need_no_choice() -> None:
    page = table(10)._repr_html_()
    assert "<fieldset" not in page and "<input" not in page


def test_without_telling_rows_the_first_ten_are_shown() -> None:
    page = table(12)._repr_html_()
    assert labels(page) == ["The first ten", "All 12"]
    assert shown(page, "few") == [str(n) for n in range(10)]
    assert page.count(" checked") == 1


def test_telling_rows_are_named_or_chosen_by_the_row() -> None:
    for telling in (["3", "11"], lambda n: n in (3, 11)):
        page = table(12, telling=telling)._repr_html_()
        assert labels(page) == ["The 2 that tell", "All 12"]
        assert shown(page, "few") == ["3", "11"]
    two = table(12, heads=2, telling=["3, 9", "121"])
    assert shown(two._repr_html_(), "few") == ["3", "11"], "by all headers, and by any"


def test_text_has_every_row() -> None:
    assert len(repr(table(12, telling=["3"])).splitlines()) == 1 + 12 + 1


def test_where_some_differ_the_reader_can_have_only_those() -> None:
    rows = [Row("differs" if n == 4 else "", [n, Verdict(n != 7)]) for n in range(12)]
    choices = written(rows).choices
    assert [choice.label for choice in choices] == ["The first ten", "Only where they differ (2)", "All 12"]
    assert list(choices[1].places) == [4, 7]
    assert len(written([Row("differs", [n]) for n in range(12)]).choices) == 2, "all differ: no choice"


def test_each_table_has_radio_buttons_of_its_own() -> None:
    names = {re.search(r'name="(rows-\w+)"', table(count)._repr_html_())[1] for count in (11, 12, 13)}  # type: ignore[index]
    assert len(names) == 3
    assert table(12)._repr_html_() == table(12)._repr_html_()


def test_the_first_column_or_the_keys_head_a_row() -> None:
    assert table(2)._repr_html_().count('<th scope="row"') == 2
    assert table(2, heads=2)._repr_html_().count('<th scope="row"') == 4
    assert '<th scope="row"' not in table(2, heads=0)._repr_html_()
    empty = Table(columns=[Column[str]("A", str)], rows=["", "x"])._repr_html_()
    assert empty.count('<th scope="row"') == 1, "no header without a text"


def test_wide_tables_are_cards_on_a_phone_with_the_verdict_beside_the_name() -> None:
    columns: list[Column[str]] = [
        Column("Name", str),
        Column("What came of it", lambda row: Link("a long answer that takes some room", "#x")),
        Column("And of that", lambda row: "another one of them"),
        Column("In the end", lambda row: "nothing"),
        Column("Model", lambda row: Verdict(True)),
    ]
    page = Table(columns=columns, rows=["a"])._repr_html_()
    assert 'class="measured cards"' in page and '<table role="table">' in page
    assert page.count('role="cell"') == 4 and page.count('role="rowheader"') == 1 and page.count('role="columnheader"') == 5
    assert '<td role="cell" class="v"><span class="vb' in page
    assert 'data-h="What came of it"' in page and 'data-h="Model"' not in page
    assert "cards" not in table(2)._repr_html_()


TINTS = {"ok": "the access is made", "P=0": "not present"}


def heat(*cells: Heat) -> Table:
    return Table(columns=[Column[Heat]("Case", lambda cell: "a"), Column[Heat]("Code", lambda cell: cell)], rows=cells, tints=TINTS)


def test_a_heat_map_says_in_words_what_it_tints() -> None:
    page = heat(Heat(Said("0x4", "P=0", "#pfec=0x4")), Heat(Said("ok", "ok")))._repr_html_()
    assert '<a class="t1" href="#pfec=0x4">0x4</a>' in page and '<span class="t0">ok</span></td>' in page
    assert '<span class="t1">P=0</span> not present' in page
    assert "disagree" not in page and "odd" not in page


def test_a_heat_map_says_who_said_what() -> None:
    table = heat(Heat(Said("0x9", "ok", who="KVM"), Said("0x8", "P=0", who="TCG", odd=True)))
    page = table._repr_html_()
    assert (
        '<td role="cell" class="odd"><span class="t0">0x9 <small>KVM</small></span> <span class="t1">≠0x8 <small>TCG</small>'
        in page
    )
    assert "the witnesses disagree" in page
    assert "0x9 KVM, ≠0x8 TCG" in repr(table)
