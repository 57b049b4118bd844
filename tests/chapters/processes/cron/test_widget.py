"""The Python half of the crontab widget: states, firings, and what it refuses."""

from __future__ import annotations

import pytest

from syslab.chapters.processes.cron.firings import ZONES
from syslab.chapters.processes.cron.widget import CronLine, state

SPRING = state("30 2 * * * x", "Europe/Berlin", "2026-03-28T12:00")


def test_a_state_and_its_firings() -> None:
    widget = CronLine("cron", {"spring": SPRING})
    assert widget.value == SPRING == "Europe/Berlin,2026-03-28T12:00,30 2 * * * x"
    assert [f.moved for f in widget.firings] == [True, False, False, False, False, False]
    widget.value = state("0,30 2 * * * a,b", "UTC")
    assert len(widget.firings) == 6


def test_the_page_gets_rules_words_and_zones() -> None:
    rules = CronLine("cron", {"spring": SPRING}).rules
    assert set(rules["zones"]) == set(ZONES)
    assert all(str(offset) in rules["offsets"] for parts in rules["zones"].values() for _, offset in parts)
    assert "/usr/bin:/bin" in rules["notes"]["path"]
    assert rules["shell"] == "/bin/sh"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("60 * * * * x",), "minute: 60 is out of range"),
        (("@daily x", "Mars"), "zone 'Mars'"),
        (("@daily x", "UTC", "tomorrow"), "start 'tomorrow' is not like"),
        (("@daily x", "UTC", "2026-02-30T00:00"), "day is out of range"),
        (("@daily x", "UTC", "1999-01-01T00:00"), "no time on a clock of the years"),
    ],
)
def test_refuses_what_cannot_be_shown(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        state(*arguments)


def test_refuses_presets_that_are_no_states() -> None:
    with pytest.raises(ValueError, match="at least one preset"):
        CronLine("cron", {})
    with pytest.raises(ValueError, match="CronLine"):
        CronLine("cron", {"bad": "0 3 * * * x"})
