"""The tables of the chapter on cron say what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.processes import cron
from syslab.chapters.processes.cron import pictures, show
from syslab.chapters.processes.cron.ask import COMMANDS
from syslab.evidence import Answer, Experiment, recorded
from syslab.show.table import Table


def answer(question: Experiment[Any]) -> Answer[Any]:
    """The record, as an answer."""
    return Answer(question, [recorded(question)])


RAN = answer(cron.by_cron)


def rows(table: Table) -> list[list[Any]]:
    return [cells for _, cells in table.shown_rows()]


def test_every_line_is_shown() -> None:
    for view, question in ((show.by_shell, cron.by_shell), (show.percent, cron.percent), (show.grammar, cron.grammar)):
        shown = rows(view(answer(question)))
        assert len(shown) == len(answer(question).data)
        assert not any(str(cell) == "" for row in shown for cell in row)
    assert [row[2] for row in rows(show.by_shell(answer(cron.by_shell)))] == [127, 0, 0, 126]


def test_what_cron_left_behind() -> None:
    said = [str(row[1]) for row in rows(show.by_cron(RAN))]
    assert said[0] == "127"
    assert said[1] == "scraped ⏎ 0"
    assert said[-1] == "read again"
    assert [row[1] for row in rows(show.rules(RAN))] == [1, 0, 1, 0]
    assert ["TOOLS", "$HOME/bin"] in rows(show.environment(RAN))


def test_the_widget_s_rule_holds_of_every_line() -> None:
    for view, question in ((show.clock_changes, cron.clock_changes), (show.both_hours, cron.both_hours)):
        shown = rows(view(answer(question)))
        assert all(row[3].held for row in shown)
        assert any(row[2] == 2 for row in shown), "two times at once"
    assert all(row[3].held for row in rows(show.backslashes(answer(cron.backslashes))))
    assert [row[1] for row in rows(show.reboots(answer(cron.reboots)))] == [1, 1, 2]
    assert [row[2] for row in rows(show.by_pam(answer(cron.by_pam)))] == ["/usr/bin:/bin", "http://proxy:3128", "en_GB.UTF-8"]
    with pytest.raises(KeyError):
        show.predicted("winter", "0 0 * * *")


def test_the_widget_starts_with_the_noted_line() -> None:
    widget = show.widget(RAN)
    assert widget.value.endswith(COMMANDS["noted"])
    assert "PATH=/usr/bin:/bin" in widget.rules["environment"]
    assert len(widget.firings) == 6


def test_the_nights_have_cron_s_counts_in_the_minute_of_the_change() -> None:
    changes = answer(cron.clock_changes)
    for row in changes.data:
        assert pictures.runs(row).get(60, 0) == row["ran"], row
    drawn = {(row["season"], row["line"]): pictures.runs(row) for row in changes.data}
    assert drawn["spring", "0 * * * *"] == {0: 1, 60: 1, 120: 1, 180: 1}, "an hourly line misses no hour that there is"
    assert drawn["autumn", "0 2 * * *"] == {0: 1} and drawn["autumn", "*/60 2 * * *"] == {0: 1, 60: 1}
    assert "0 2 * * * in autumn: 1× -60 minutes" in pictures.nights(changes).alt
