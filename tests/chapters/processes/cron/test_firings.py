"""When a line fires: the nights on which clocks change, the ends of what is listed, and zones as data."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syslab.chapters.processes.cron.firings import EPOCH, ZONES, firings, minutes, segments
from syslab.chapters.processes.cron.model import Line, parse
from tests.exhaustive import EXHAUSTIVE


def shown(line: str, start: datetime, count: int = 3, zone: str = "Europe/Berlin") -> list[str]:
    found = firings(parse(f"{line} true"), zone, start, count)
    return [f"{EPOCH + timedelta(minutes=f.utc + f.offset):%d. %H:%M} {f.offset}{' moved' if f.moved else ''}" for f in found]


def test_spring() -> None:
    night = datetime(2026, 3, 29, 1, 0)
    assert shown("30 2 * * *", night) == ["29. 03:00 120 moved", "30. 02:30 120", "31. 02:30 120"]
    assert shown("*/30 2 * * *", night, 1) == ["30. 02:00 120"]
    assert shown("*/30 * * * *", night) == ["29. 01:30 60", "29. 03:00 120", "29. 03:30 120"]


def test_a_skipped_time_and_a_real_one_are_two() -> None:
    """A real cron ran these so: see the questions both_hours and clock_changes."""
    for zone, day in (
        ("Europe/Berlin", datetime(2026, 3, 28, 12)),
        ("America/New_York", datetime(2026, 3, 7, 12)),
        ("Australia/Sydney", datetime(2026, 10, 3, 12)),
    ):
        two = firings(parse("0 2,3 * * * true"), zone, day, 3)
        assert two[0].utc == two[1].utc and [f.moved for f in two] == [True, False, False], zone
    night = datetime(2026, 3, 29, 1, 0)
    assert shown("0,30 2 * * *", night) == ["29. 03:00 120 moved", "29. 03:00 120 moved", "30. 02:00 120"]
    assert len({(f.utc) for f in firings(parse("0-59 2 * * * x"), "Europe/Berlin", night, 60)}) == 1


def _matches(line: Line, clock: datetime) -> bool:
    minute, hour, day, month, weekday = line.sets
    days = [clock.day in day, clock.isoweekday() % 7 in weekday]
    return clock.minute in minute and clock.hour in hour and clock.month in month and (all if line.both_days else any)(days)


def _by_main_of_cron(line: Line, zone: str, begin: int, end: int) -> list[int]:
    """UTC minutes at which main() of cron.c (3.0pl1-162) starts ``line``: its loop over minutes, its four cases, its two kinds of jobs."""
    found: list[int] = []

    def find_jobs(clock: int, at: int, wild: bool, fixed: bool) -> None:
        if (fixed if line.fixed else wild) and _matches(line, EPOCH + timedelta(minutes=clock)):
            found.append(at)

    virtual = None
    for utc in range(begin, end):
        offset = (EPOCH + timedelta(minutes=utc)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        now = utc + offset // timedelta(minutes=1)
        late = 1 if virtual is None else now - virtual
        virtual = now - 1 if virtual is None else virtual
        if late == 1 or late > 180 or late <= -180:
            virtual = now
            find_jobs(now, utc, True, True)
        elif late > 5:
            find_jobs(now, utc, True, False)
            for clock in range(virtual + 1, now + 1):
                find_jobs(clock, utc, False, True)
            virtual = now
        else:
            assert late <= 0, "no zone here changes by five minutes or less"
            find_jobs(now, utc, True, False)
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_firings_are_those_of_cron_s_own_loop(zone: str) -> None:
    choose = random.Random(zone)
    changes = [at for at, _ in segments(zone)[1:] if 2027 < 1970 + at / 525_960 < 2030] or [minutes(datetime(2028, 2, 28))]
    fields = (
        ("0", "30", "*", "*/20", "*/60", "15,45", "0-10", "59"),
        ("2", "3", "1", "2,3", "1-3", "*", "*/2", "0", "2-2"),
        ("*", "*/2", "1", "20-31"),
        ("*",),
        ("*", "sun", "1", "*/3"),
    )
    for _ in range(60 if EXHAUSTIVE else 15):
        line = parse(" ".join(map(choose.choice, fields)) + " true")
        change = choose.choice(changes)
        begin, end = change - choose.randint(60, 1500), change + 3000
        offset = next(o for start, o in reversed(segments(zone)) if start <= begin)
        listed = [f.utc for f in firings(line, zone, EPOCH + timedelta(minutes=begin - 1 + offset), 1000) if f.utc < end]
        assert listed == _by_main_of_cron(line, zone, begin, end)[:1000], (line.schedule, begin)


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
