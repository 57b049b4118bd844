"""Tables of the chapter on cron."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Measured, Verdict

from .ask import CHANGES, COMMANDS, DST
from .firings import EPOCH, firings
from .model import parse

if TYPE_CHECKING:
    from .widget import CronLine

Row = dict[str, Any]
ZONE = "Europe/Berlin"
SEASONS = {"spring": "forward, from 2:00 to 3:00", "autumn": "back, from 3:00 to 2:00"}


def _said(text: str) -> str:
    return text.strip().replace("\n", " ⏎ ") or "nothing"


def by_shell(answer: Evidence) -> Measured:
    """The noted command and its relatives."""
    columns = [
        Column("Line", "line"),
        Column("What sh gets", "command"),
        Column("Status", "status", number=True),
        Column("Says", lambda row: _said(row["output"] + row["errors"])),
    ]
    return Measured(answer, columns)


def percent(answer: Evidence) -> Measured:
    """Percent signs, before and after cron."""
    columns = [
        Column("In the crontab", "command"),
        Column("What sh gets", "shell_gets"),
        Column("Standard input", lambda row: _said(row["stdin"])),
        Column("Says", lambda row: _said(row["output"])),
    ]
    return Measured(answer, columns)


def by_cron(answer: Evidence) -> Measured:
    """What one run of cron left behind."""
    data = answer.data
    rows = [
        {"what": "Status of the noted line", "found": data["noted"]},
        {"what": "Output and status of the line without the quotes", "found": data["fixed"]},
        {"what": "Subject of the mail, behind the host's name", "found": data["mail"]["subject"]},
        {"what": "The mail", "found": data["mail"]["body"]},
        {"what": "Standard input of a job with %", "found": data["letter"]},
        {"what": "A job of the changed crontab, without a restart", "found": data["changed"]},
    ]
    return Measured(answer, [Column("What", "what"), Column("Found", lambda row: _said(row["found"]))], rows)


def environment(answer: Evidence) -> Measured:
    """What ``env`` printed as a job."""
    rows = [{"name": name, "value": value} for name, value in answer.data["environment"].items()]
    return Measured(answer, [Column("Variable", "name"), Column("Value", "value")], rows)


def rules(answer: Evidence) -> Measured:
    """Which lines ran at three on Thursday, 1 January 2026."""
    return Measured(answer, [Column("Schedule", "line"), Column("Cron ran it", "ran", number=True)], answer.data["rules"])


def predicted(season: str, line: str) -> int:
    """How often cronsim lets ``line`` run in the first minute after the change. KeyError for another season."""
    clock = CHANGES[season][0]
    start = (EPOCH.fromisoformat(clock) - EPOCH) // timedelta(minutes=1)
    offset = 60 if season == "spring" else 120
    shown = EPOCH + timedelta(minutes=start + offset)
    found = firings(parse(f"{line} true"), ZONE, shown, 4)
    return Counter(firing.utc for firing in found)[start + 1]


def changes(answer: Evidence) -> Measured:
    """How often each line ran right after a change, by cron and by cronsim."""

    def compared(row: Row) -> Verdict:
        by_library = predicted(row["season"], row["line"])
        return Verdict(by_library == row["ran"], str(by_library))

    columns = [
        Column("The clock goes", lambda row: SEASONS[row["season"]]),
        Column("Line", "line"),
        Column("Cron ran it", "ran", number=True),
        Column("cronsim", compared),
    ]
    return Measured(answer, columns, caption=f"In the minute after the change; cron's TZ is {DST}")


def grammar(answer: Evidence) -> Measured:
    """What crontab(1) and cronsim make of a schedule."""
    columns = [
        Column("Schedule", "line"),
        Column("crontab(1)", lambda row: "accepts" if row["cron_takes"] else row["cron"]),
        Column("cronsim", lambda row: row["cronsim"] or "accepts"),
    ]
    return Measured(answer, columns)


def widget(answer: Evidence) -> CronLine:
    """The chapter's lines, with the environment that a job had."""
    from .widget import CronLine, state

    spring, autumn, plain = "2026-03-28T12:00", "2026-10-24T12:00", "2026-01-01T12:00"
    presets = {
        "The noted line": state(f"0 3 * * * {COMMANDS['noted']}", ZONE, plain),
        "Without the quotes": state(f"0 3 * * * {COMMANDS['without the quotes']}", ZONE, plain),
        "2:30 in spring": state("30 2 * * * backup", ZONE, spring),
        "Every 30 minutes in spring": state("*/30 * * * * backup", ZONE, "2026-03-29T00:45"),
        "Every 30 minutes in autumn": state("*/30 * * * * backup", ZONE, "2026-10-25T01:15"),
        "2:30 in autumn": state("30 2 * * * backup", ZONE, autumn),
        "A letter with %": state('0 22 * * 1-5 mail -s "10 o\'clock" reader%Hello,%%go to bed.', "UTC", plain),
        "A day or a weekday": state("0 9 1 * mon report", "UTC", plain),
    }
    own = {name: answer.data["environment"][name] for name in ("HOME", "LOGNAME", "PATH", "SHELL")}
    return CronLine("cron", presets, own)
