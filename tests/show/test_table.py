"""A table's cells are the same as HTML and as text, whether its rows are one answer's, several machines' or nobody's."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, NamedTuple

import pytest

from syslab.bits.page_fault import PFEC
from syslab.chapters.kvm import halt
from syslab.evidence import Evidence, Provenance, records
from syslab.show.table import Column, Each, Link, Table, Verdict, fields

CASE: list[Column[Any]] = [Column("Case", lambda row: row["case"])]
RESULT: list[Column[Any]] = [Column("Result", lambda row: row["result"])]
PROVENANCE = Provenance("live", "host", "A <CPU>", "Linux 1", "root", "2026-01-01", 0.001, tools={"bash": "5.2"})


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def said(data: Any, witness: str = "host") -> Evidence[Any]:
    return Evidence("x.y", data, replace(PROVENANCE, witness=witness))


def both(left: Any, right: Any) -> list[Evidence[Any]]:
    return [said(left, "kvm-pvm"), said(right, "kvm-svm-tcg")]


class Cells(HTMLParser):
    """The cells of a table, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.open = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.rows[-1][-1] += data


def words(table: Table) -> list[list[str]]:
    """The cells of the text; it must be those of the page."""
    cells = Cells(table._repr_html_()).rows
    lines = [[str(column.heading) for column in table.shown_columns], *([str(c) for c in row] for _, row in table.shown_rows())]
    assert cells == lines
    for line, text in zip(repr(table).splitlines(), lines, strict=False):
        assert [part for part in text if part] == [part.strip() for part in line.split("  ") if part.strip()]
    return lines


def test_without_columns_there_is_one_a_key() -> None:
    assert words(Table(said([{"exit_code": 1, "name": "a"}, {"exit_code": 2, "name": "b"}]))) == [
        ["exit code", "name"],
        ["1", "a"],
        ["2", "b"],
    ]
    assert words(Table(said({"a": 1, "b": "x"}))) == [["what", "answer"], ["a", "1"], ["b", "x"]]
    assert words(Table(said(["a", "b"]))) == [["answer"], ["a"], ["b"]]
    assert words(Table(said("one"))) == [["answer"], ["one"]]


def test_several_answers_without_columns_are_one_where_they_are_equal_and_else_stand_below_each_other() -> None:
    rows = [{"n": 1}]
    assert words(Table(both(rows, rows))) == [["n"], ["1"]]
    assert words(Table(both(rows, [{"n": 2}]))) == [["witness", "n"], ["kvm-pvm", "1"], ["kvm-svm-tcg", "2"]]


def test_rows_can_be_tuples_and_typed() -> None:
    class Found(NamedTuple):
        name: str
        count: int

    columns: list[Column[Found]] = [Column("Name", lambda row: row.name), Column("Count", lambda row: row[1], number=True)]
    assert words(Table(said([]), columns, [Found("a", 1)])) == [["Name", "Count"], ["a", "1"]]


def test_a_row_without_the_key_is_an_error_and_no_empty_cell() -> None:
    with pytest.raises(KeyError):
        repr(Table(said([{"a": 1}]), [Column("B", lambda row: row["b"])]))


def test_everything_is_escaped() -> None:
    nasty = "<script>alert('&\"')</script>"
    columns: list[Column[dict[str, str]]] = [
        Column(nasty, lambda row: row["a"]),
        Column("L", lambda row: Link(nasty, f'"><b>{nasty}')),
        Column("V", lambda row: Verdict(False, nasty)),
    ]
    page = Table(said([{"a": nasty}]), columns, caption=nasty)._repr_html_()
    assert "<script" not in page and "<b>" not in page and "A &lt;CPU&gt;" in page
    assert Cells(page).rows[1] == [nasty, nasty, f"differs: {nasty}"]


def test_a_cell_is_a_line_of_its_own() -> None:
    page = Table(said([{"a": 1, "b": 2}]), caption="Two")._repr_html_()
    assert all(line.count("<td") + line.count("<th ") <= 1 for line in page.splitlines()), "the search drops the tags"
    assert "<caption>Two</caption>\n" in page


def test_where_witnesses_differ_it_is_marked_and_equal_ones_fold() -> None:
    rows = [{"case": "a", "result": 1}, {"case": "b", "result": 2}]
    apart = Table(both(rows, [{"case": "a", "result": 1}, {"case": "b", "result": 3}]), RESULT, keys=CASE, fold=True)
    assert words(apart)[2] == ["b", "2", "3", "differs"] and apart.differing == 1
    same = Table(both(rows, rows), RESULT, keys=CASE, caption="Results", fold=True)
    assert words(same) == [["Case", "Result"], ["a", "1"], ["b", "2"]]
    assert same.caption == "Results: the same from kvm-pvm and kvm-svm-tcg"
    assert repr(same).count("live ·") == 2, "a provenance line each all the same"
    three = Table([*both(rows, rows), said([rows[0]], "kvm-vmx")], RESULT, keys=CASE, fold=True)
    assert words(three)[0] == ["Case", "kvm-pvm and kvm-svm-tcg", "kvm-vmx", "Witnesses"]
    assert words(three)[2] == ["b", "2", "no such row", "only kvm-pvm, kvm-svm-tcg"]


def test_a_row_that_is_missing_is_no_row_with_those_words() -> None:
    table = Table(both([{"case": "a", "result": "no such row"}], []), RESULT, keys=CASE)
    assert words(table)[1] == ["a", "no such row", "no such row", "only kvm-pvm"]


def test_a_column_a_witness() -> None:
    counts = {"kvm-pvm": 1, "kvm-svm-tcg": 2}
    table = Table(
        both([], []),
        [Column("What", lambda row: row["what"]), Each(lambda row, who: counts[who] * row["n"], number=True)],
        [{"what": "x", "n": 3}],
    )
    assert words(table) == [["What", "kvm-pvm", "kvm-svm-tcg"], ["x", "3", "6"]]


def test_rows_can_be_picked_from_each_answer() -> None:
    pick = lambda answer: [row for row in answer.data if row["n"] > 1]  # noqa: E731
    n = lambda row: row["n"]  # noqa: E731
    table = Table(both([{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 3}]), [Column("N", n)], pick, keys=[Column("Key", n)])
    assert words(table)[1:] == [["2", "2", "2", "agree"], ["3", "no such row", "3", "only kvm-svm-tcg"]]


def test_what_was_not_measured_has_a_source_and_no_provenance() -> None:
    columns = [Column[tuple[int, str]]("Bit", lambda row: row[0], number=True), Column[tuple[int, str]]("Name", lambda row: row[1])]
    table = Table(columns=columns, rows=[(7, "PS")], source="SDM & APM", kind="fields")
    assert words(table) == [["Bit", "Name"], ["7", "PS"]]
    page = table._repr_html_()
    assert 'class="measured fields"' in page and "<figcaption>SDM &amp; APM</figcaption>" in page
    assert 'aria-label="Bit, Name"' in page and "provenance" not in page and "asked" not in page
    assert repr(table).endswith("SDM & APM")


def test_a_layouts_table_has_every_field() -> None:
    table = fields(PFEC)
    assert len(words(table)) == 1 + len(PFEC.table())
    assert f'aria-label="{PFEC.name}"' in table._repr_html_()


# other machines


def others_of(monkeypatch: pytest.MonkeyPatch, **data: Any) -> Evidence[Any]:
    """An answer of this machine, and records of the machines in ``data``."""
    entries = [Elsewhere(name, one) for name, one in data.items()]
    monkeypatch.setattr(records, "entries", lambda name="", witness="": entries if witness == "kvm-pvm" else [])
    about = replace(PROVENANCE, witness="kvm-pvm", cpu="AMD EPYC (family 25, model 1, stepping 1)")
    return Evidence("x.rows", [{"case": "a", "then": "blocks"}, {"case": "b", "then": "runs"}], about, halt.hlt)


class Elsewhere:
    def __init__(self, machine: str, data: Any) -> None:
        self.machine, self.data = machine, data
        family, model = machine.split("-")[1:]
        self.provenance = replace(PROVENANCE, witness="kvm-pvm", cpu=f"Xeon (family {family}, model {model}, stepping 1)")

    def load(self) -> Any:
        """The record's rows."""
        return self.data


KEYS = [Column[Any]("Case", lambda row: row["case"])]
THEN = [Column[Any]("Then", lambda row: row["then"])]
SAME = [{"case": "a", "then": "blocks", "ns": 7}, {"case": "b", "then": "runs", "ns": 9}]
UNLIKE = [{"case": "a", "then": "runs"}, {"case": "b", "then": "runs"}]


def test_machines_that_show_the_same_are_named_below(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = others_of(monkeypatch, **{"xeon-6-1": SAME, "xeon-6-2": SAME})
    table = Table(answer, THEN, keys=KEYS)
    assert len(table.shown_columns) == 2
    assert "On record, the same answer: kvm-pvm on xeon-6-1 and xeon-6-2." in table._repr_html_()
    assert "On record, the same answer: kvm-pvm on xeon-6-1 and xeon-6-2." in repr(Table(answer, [*KEYS, *THEN]))


def test_a_machine_that_shows_otherwise_has_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(others_of(monkeypatch, **{"xeon-6-1": SAME, "xeon-6-2": UNLIKE}), THEN, keys=KEYS)
    assert [column.heading for column in table.shown_columns] == ["Case", "kvm-pvm", "kvm-pvm on xeon-6-2", "Witnesses"]
    assert [(mark, cells[:3]) for mark, cells in table.shown_rows()] == [
        ("differs", ["a", "blocks", "runs"]),
        ("", ["b", "runs", "runs"]),
    ]
    assert "model 2" in table._repr_html_() and "the same answer: kvm-pvm on xeon-6-1." in table._repr_html_()


def test_without_columns_a_witness_the_line_says_who_answered_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = others_of(monkeypatch, **{"xeon-6-2": UNLIKE})
    assert "On record, another answer: kvm-pvm on xeon-6-2; see the page on machines." in repr(Table(answer))
    assert "On record" not in repr(Table(answer, THEN, rows=[{"then": "of my own"}]))


def test_a_record_of_other_rows_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = others_of(monkeypatch, **{"xeon-6-2": [{"older": 1}]})
    assert "On record" not in repr(Table(answer, THEN, keys=KEYS))


def test_an_answer_to_a_reader_s_arguments_is_compared_with_nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = replace(others_of(monkeypatch, **{"xeon-6-2": UNLIKE}), arguments={"case": "a"})
    assert "On record" not in repr(Table(answer, THEN, keys=KEYS))
