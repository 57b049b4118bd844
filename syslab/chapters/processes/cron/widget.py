"""CronLine: a crontab line, what cron and sh make of it, and its next firings across a clock change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

from . import firings
from . import model as crontab

ENVIRONMENT = {"HOME": "~", "LOGNAME": "you", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
LABELS = {
    "line": "A line of a crontab",
    "zone": "Zone",
    "start": "From",
    "fires": "Next firings",
    "fields": "Time fields",
    "runs": "Cron starts",
    "stdin": "Standard input",
    "words": "Words for sh",
    "environment": "Environment",
    "pam": "and what PAM adds from /etc/environment and /etc/default/locale",
    "reboot": "when cron first starts after a boot",
    "moved": "for {planned}, which this day does not have",
    "again": "the second time that the clock shows this",
    "end": f"and no more before {firings.LAST_YEAR + 1}",
    "none": f"none before {firings.LAST_YEAR + 1}",
    "start_error": f"From: write a time as 2026-03-28 12:00, in the years {firings.FIRST_YEAR} to {firings.LAST_YEAR}.",
    "link": "The link cannot be shown, this is the default. {why}",
    "link_form": f"It takes zone,time,line. The zones are {', '.join(firings.ZONES)}.",
}


def state(line: str, zone: str = "UTC", start: str = "2026-03-28T12:00") -> str:
    """A state as links say it: ``Europe/Berlin,2026-03-28T12:00,0 3 * * * true``. ValueError for what cannot be shown."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", start):
        raise ValueError(f"CronLine: start {start!r} is not like 2026-03-28T12:00")
    firings.firings(crontab.parse(line), zone, datetime.fromisoformat(start), 1)
    return f"{zone},{start},{line}"


class CronLine(Widget):
    """``presets``: label -> :func:`state`, the first one shown first. ``environment``: what cron gives to a job.

    ``anchor`` is its name in links: ``#cron=Europe/Berlin,2026-03-28T12:00,30 2 * * * true``, percent-encoded.
    """

    becomes = "a field for a line, with what cron and the shell make of it"
    _esm = script(__file__)
    _css = style(__file__)
    anchor = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    presets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rules: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(self, anchor: str, presets: Mapping[str, str], environment: Mapping[str, str] = ENVIRONMENT) -> None:
        """ValueError where there is no preset, or one is not a state."""
        if not presets:
            raise ValueError("CronLine needs at least one preset")
        for value in presets.values():
            zone, start, line = value.split(",", 2) if value.count(",") > 1 else ("", "", value)
            state(line, zone, start)
        rules = {
            "fields": [[name, low, high, list(names), crontab.listed(names)] for name, low, high, names in crontab.FIELDS],
            "longest": list(crontab.LONGEST),
            "limit": crontab.LIMIT,
            "users": list(crontab.USERS),
            "nicknames": crontab.NICKNAMES,
            "errors": crontab.ERRORS,
            "notes": {key: text.replace("{path}", environment["PATH"]) for key, text in crontab.NOTES.items()},
            "order": list(crontab.NOTES),  # what reads the page may sort the keys of a dictionary
            "names": ", ".join(crontab.NICKNAMES),
            "bad": list(crontab.BAD),
            "labels": LABELS,
            "shell": environment["SHELL"],
            "environment": [f"{name}={value}" for name, value in environment.items()],
            "first": firings.minutes(datetime(firings.FIRST_YEAR, 1, 1)),
            "end": firings.minutes(datetime(firings.LAST_YEAR + 1, 1, 1)),
            "days": [day.capitalize() for day in crontab.DAYS],
            "offsets": {str(offset): firings.offset_text(offset) for name in firings.ZONES for _, offset in firings.segments(name)},
            "zones": {name: [list(part) for part in firings.segments(name)] for name in firings.ZONES},
        }
        super().__init__(
            anchor=anchor, presets=[list(item) for item in presets.items()], value=next(iter(presets.values())), rules=rules
        )

    @property
    def firings(self) -> list[firings.Firing]:
        """The next firings of the current line."""
        zone, start, line = self.value.split(",", 2)
        return firings.firings(crontab.parse(line), zone, datetime.fromisoformat(start))

    def in_words(self) -> str:
        """The line and its next firings."""
        zone, start, line = self.value.split(",", 2)
        runs = []
        for run in self.firings:
            clock = datetime(1970, 1, 1) + timedelta(minutes=run.utc + run.offset)
            runs.append(f"{clock:%a %Y-%m-%d %H:%M} {firings.offset_text(run.offset)}")
        return "\n".join(
            [f"{line}, in {zone}, from {start.replace('T', ' ')}.", f"{LABELS['fires']}: {', '.join(runs) or LABELS['none']}."]
        )
