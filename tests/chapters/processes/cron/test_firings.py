"""When a line fires: the nights on which clocks change, the ends of what is listed, and zones as data."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syslab.chapters.processes.cron.firings import EPOCH, ZONES, firings, segments
from syslab.chapters.processes.cron.model import parse


def shown(line: str, start: datetime, count: int = 3, zone: str = "Europe/Berlin") -> list[str]:
    found = firings(parse(f"{line} true"), zone, start, count)
    return [f"{EPOCH + timedelta(minutes=f.utc + f.offset):%d. %H:%M} {f.offset}{' moved' if f.moved else ''}" for f in found]


def test_spring() -> None:
    night = datetime(2026, 3, 29, 1, 0)
    assert shown("30 2 * * *", night) == ["29. 03:00 120 moved", "30. 02:30 120", "31. 02:30 120"]
    assert shown("*/30 2 * * *", night, 1) == ["30. 02:00 120"]
    assert shown("*/30 * * * *", night) == ["29. 01:30 60", "29. 03:00 120", "29. 03:30 120"]


def test_autumn() -> None:
    night = datetime(2026, 10, 25, 2, 0)
    assert shown("30 2 * * *", night, 2) == ["25. 02:30 120", "26. 02:30 60"]
    assert shown("*/30 2 * * *", night, 4) == ["25. 02:30 120", "25. 02:00 60", "25. 02:30 60", "26. 02:00 60"]


def test_days_are_joined_by_or_unless_one_begins_with_a_star() -> None:
    assert shown("0 9 1 * mon", datetime(2026, 1, 1), 3) == ["01. 09:00 60", "05. 09:00 60", "12. 09:00 60"]
    assert shown("0 9 */2 * mon", datetime(2026, 1, 1), 2) == ["05. 09:00 60", "19. 09:00 60"]


def test_one_value_with_a_step_is_one_value() -> None:
    assert shown("5-5/20 * * * *", datetime(2026, 1, 1), 2) == ["01. 00:05 60", "01. 01:05 60"]


def test_ends() -> None:
    assert shown("0 0 30 2 *", datetime(2026, 1, 1)) == []
    assert shown("@reboot", datetime(2026, 1, 1)) == []
    assert len(shown("0 0 29 2 *", datetime(2026, 1, 1), 9)) == 3, "2028, 2032, 2036"
    with pytest.raises(ValueError, match="'Mars' is none of UTC"):
        firings(parse("@daily x"), "Mars", datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="no time on a clock of the years 2026 to 2036"):
        firings(parse("@daily x"), "UTC", datetime(2037, 1, 1))


@pytest.mark.parametrize("zone", ZONES)
def test_zones_as_data(zone: str) -> None:
    parts = segments(zone)
    for day in range(0, 4000, 3):
        at = datetime(2026, 1, 1, 13) + timedelta(days=day)
        minute = (at - EPOCH) // timedelta(minutes=1)
        offset = next(o for start, o in reversed(parts) if start <= minute)
        assert ZoneInfo(zone).utcoffset(at + timedelta(minutes=offset)) == timedelta(minutes=offset)
