"""The picture of the chapter on cron: its lines on the two nights on which the clock changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from syslab.evidence import Evidence
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .ask import CHANGES, Change
from .firings import EPOCH, firings, minutes
from .model import parse
from .runs import DST
from .show import ZONE
from .show import clock_changes as table

SPAN = 190
"""Minutes that are drawn, from an hour before the change."""
JUMPS = {"spring": (120, 180), "autumn": (180, 120)}
"""Where the clock goes: from and to, in minutes of the day."""


def clock(minute: int) -> str:
    """``2:30`` for minute 150 of a day."""
    return f"{minute // 60}:{minute % 60:02}"


def change(season: str) -> int:
    """The minute in UTC at which the clock changes."""
    return minutes(EPOCH.fromisoformat(CHANGES[season][0]) + timedelta(seconds=30))


def runs(row: Change) -> dict[int, int]:
    """Minutes after the night's first drawn one -> how often the line runs: in the minute of the change as cron did, else as the rule says."""
    start = change(row["season"]) - 60
    shown = EPOCH + timedelta(minutes=start + (60 if row["season"] == "spring" else 120))
    found: dict[int, int] = {}
    for firing in firings(parse(f"{row['line']} true"), ZONE, shown - timedelta(minutes=1), 12):
        if 0 <= (place := firing.utc - start) <= SPAN:
            found[place] = found.get(place, 0) + 1
    found[60] = row["ran"]
    return {place: count for place, count in sorted(found.items()) if count}


def _hours(season: str) -> list[tuple[int, str]]:
    """Minutes after the first drawn one, and what the clock shows: whole hours, both at the change."""
    before, after = JUMPS[season]
    return [(0, clock(before - 60)), *((60 * hour, clock(after + 60 * (hour - 1))) for hour in range(1, SPAN // 60 + 1))]


def _night(canvas: Canvas, season: str, rows: list[Change], top: float, wide: bool) -> float:
    """One night below ``top``; where it ends."""
    left, right = (150.0, canvas.width - 20) if wide else (10.0, canvas.width - 16)
    step, high = (right - left) / SPAN, 30 if wide else 44
    end = top + 58 + high * len(rows)
    before, after = JUMPS[season]
    canvas.text(0, top + 14, f"{season.capitalize()}: at {clock(before)} the clock goes to {clock(after)}", bold=True)
    for place, shown in _hours(season):
        x, jump = left + place * step, place == 60
        canvas.line((x, top + 46), (x, end), colour="accent" if jump else "line", width=2.5 if jump else 1)
        label = f"{clock(before)}→{shown}" if jump else shown
        canvas.text(
            x, top + 38, label, "middle" if place else "start" if not wide else "middle", "accent" if jump else "soft", bold=jump
        )
    for i, row in enumerate(rows):
        y = top + 58 + high * i + (high / 2 if wide else 30)
        canvas.text(0, y + 5 if wide else y - 12, row["line"], mono=True)
        canvas.line((left, y), (right, y), colour="line", width=1)
        if not runs(row):
            canvas.text(left + 60 * step + 10, y - 5, "not at all", colour="soft")
        for place, count in runs(row).items():
            x = left + place * step
            canvas.dot(x, y, 6, "accent" if place == 60 else "ink")
            if count > 1:
                canvas.text(x + 10, y - 5, f"×{count}", colour="accent", bold=True)
    return end


def nights(answers: Sequence[Evidence[list[Change]]]) -> Picture:
    """When each line runs in the hours around both changes."""
    rows = answers[0].data
    told = "; ".join(
        f"{row['line']} in {row['season']}: "
        + (", ".join(f"{count}× {place - 60:+} minutes" for place, count in runs(row).items()) or "not at all")
        for row in rows
    )

    def draw(width: float) -> Canvas:
        canvas = Canvas(width)
        for season in CHANGES:
            canvas.height = (
                _night(canvas, season, [row for row in rows if row["season"] == season], canvas.height, width > 600) + 22
            )
        return canvas

    return Picture(
        "cron-nights",
        draw,
        title="A skipped hour, and one that comes twice",
        alt=f"Minutes before and after the change of the clock at which lines run: {told}.",
        caption=f"Time runs to the right as it passes; the hours are what the clock shows. A dot is a run. In the minute of the change it was "
        f"counted with a real cron, whose TZ was {DST}; the others are computed, for {ZONE}.",
        numbers=table(answers),
    )
