"""When a crontab line fires, across clock changes, from the zones of :mod:`zoneinfo`.

The library cronsim computes the schedule. What a fixed time becomes where the clock changes follows main() in cron.c of
Debian's cron: cronsim moves two times of a skipped hour to one minute and counts them once, cron runs both.

Times are minutes since 1970, in UTC or as a clock in the zone shows them. What is listed ends with :data:`LAST_YEAR`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

from syslab.bits import given

from .model import Line

FIRST_YEAR, LAST_YEAR = 2026, 2036
MOST = 1000
"""Firings that are listed at once."""
ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata")
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Firing:
    """``utc``: the minute. ``offset``: the zone's, in minutes. ``planned``: what the clock should have shown."""

    utc: int
    offset: int
    planned: int

    @property
    def moved(self) -> bool:
        """Whether the planned time does not exist that day."""
        return self.planned != self.utc + self.offset


def minutes(clock: datetime) -> int:
    """A naive time in minutes since 1970."""
    return (clock - EPOCH) // timedelta(minutes=1)


def offset_text(offset: int) -> str:
    """``UTC+02:00`` for 120 minutes."""
    return f"UTC{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"


def _offset(zone: ZoneInfo, utc: int) -> int:
    at = (EPOCH + timedelta(minutes=utc)).replace(tzinfo=UTC).astimezone(zone)
    return int((at.utcoffset() or timedelta()).total_seconds()) // 60


@cache
def segments(name: str) -> tuple[tuple[int, int], ...]:
    """From which UTC minute on zone ``name`` has which offset (in minutes), from before FIRST_YEAR to after LAST_YEAR."""
    zone, day = ZoneInfo(name), 24 * 60
    at, end = minutes(datetime(FIRST_YEAR - 1, 12, 1)), minutes(datetime(LAST_YEAR + 1, 2, 1))
    found = [(at, _offset(zone, at))]
    while at < end:
        low, high = at, at + day
        if _offset(zone, high) != found[-1][1]:
            while high - low > 1:  # the minute of the change
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == found[-1][1] else (low, middle)
            found.append((high, _offset(zone, high)))
        at += day
    return tuple(found)


def _for_cronsim(line: Line) -> str:
    """The schedule as cronsim means it: names as they are; ``5-5/2`` is one value, which it would take for ``5-59/2``."""

    def item(text: str) -> str:
        span, slash, _ = text.partition("/")
        first, _, last = span.partition("-")
        return first if slash and first == last else text

    return " ".join(",".join(map(item, text.upper().split(","))) for text in line.schedule)


def _first(zone: str, shown: int) -> tuple[int, int]:
    """When a clock in ``zone`` first shows ``shown`` or, if it jumps over that, where it lands: UTC, and the offset."""
    parts = segments(zone)
    for place, (start, offset) in enumerate(parts):
        end = parts[place + 1][0] if place + 1 < len(parts) else None
        if end is None or shown - offset < end:
            return max(shown - offset, start), offset
    raise AssertionError("the last part has no end")


def _all(line: Line, zone: str, start: datetime) -> Iterator[Firing]:
    schedule = _for_cronsim(line)
    if line.fixed:
        for planned in map(minutes, CronSim(schedule, start)):  # by a clock that never changes
            yield Firing(*_first(zone, planned), planned)
    else:
        for at in CronSim(schedule, start.replace(tzinfo=ZoneInfo(zone))):
            shown, offset = at.replace(tzinfo=None), at.utcoffset() or timedelta()
            yield Firing(minutes(shown - offset), int(offset.total_seconds()) // 60, minutes(shown))


def firings(line: Line, zone: str, start: datetime, count: int = 6) -> list[Firing]:
    """The next ``count`` firings after ``start``, a time on a clock in ``zone``; fewer if LAST_YEAR ends before.

    ValueError for a start outside FIRST_YEAR to LAST_YEAR and for a zone that is not in ZONES; TypeError for what is no
    parsed line, no datetime or no int.
    """
    if not isinstance(line, Line):
        raise TypeError(f"a line is what parse() returns, not {type(line).__name__} {line!r:.60}")
    if not isinstance(start, datetime):
        raise TypeError(f"a start is a datetime, not {type(start).__name__} {start!r:.60}")
    given.number(count, "the count of firings", 0, MOST)
    given.one_of(zone, ZONES, "zone")
    if start.tzinfo or not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ValueError(f"start {start} is no time on a clock of the years {FIRST_YEAR} to {LAST_YEAR}")
    if not line.sets or "never" in line.notes:
        return []
    end = minutes(datetime(LAST_YEAR + 1, 1, 1))
    found = islice(_all(line, zone, start), count)
    return [firing for firing in found if firing.utc + firing.offset < end]
