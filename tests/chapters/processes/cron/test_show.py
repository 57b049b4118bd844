"""The tables of the chapter on cron say what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.processes.cron import ask as cron
from syslab.chapters.processes.cron import show as view
from syslab.evidence import recorded
from syslab.show.table import Measured, Verdict

RAN = recorded(cron.by_cron)


def rows(table: Measured) -> list[list[object]]:
    return [[column.cell(row) for column in table.columns] for row in (table.evidence.data if table.rows is None else table.rows)]


def test_every_line_is_shown() -> None:
    for table, experiment in ((view.by_shell, cron.by_shell), (view.percent, cron.percent), (view.grammar, cron.grammar)):
        answer = recorded(experiment)
        assert len(rows(table(answer))) == len(answer.data)
        assert not any(str(cell) == "" for row in rows(table(answer)) for cell in row)
    assert [row[2] for row in rows(view.by_shell(recorded(cron.by_shell)))] == [127, 0, 0, 126]


def test_what_cron_left_behind() -> None:
    said = [str(row[1]) for row in rows(view.by_cron(RAN))]
    assert said[0] == "127"
    assert said[1] == "scraped ⏎ 0"
    assert said[-1] == "read again"
    assert [row[1] for row in rows(view.rules(RAN))] == [1, 0, 1, 0]
    assert ["TOOLS", "$HOME/bin"] in rows(view.environment(RAN))


def test_cron_and_the_library_differ_in_one_row() -> None:
    differing = [row for row in rows(view.changes(recorded(cron.clock_changes))) if not row[3].held]  # type: ignore[attr-defined]
    assert [(row[1], row[2]) for row in differing] == [("0,30 2 * * *", 2)]
    assert str(differing[0][3]) == str(Verdict(False, "1"))
    with pytest.raises(KeyError):
        view.predicted("winter", "0 0 * * *")


def test_the_widget_starts_with_the_noted_line() -> None:
    widget = view.widget(RAN)
    assert widget.value.endswith(cron.COMMANDS["noted"])
    assert "PATH=/usr/bin:/bin" in widget.rules["environment"]
    assert len(widget.firings) == 6
