"""Tables of the chapter on cron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Table, Verdict

from .ask import CHANGES, COMMANDS, Change, CronRun, Given, LineRun, PercentRun, Schedule, ShellGets, Start
from .firings import EPOCH, firings
from .model import parse, split_percent
from .runs import DST

if TYPE_CHECKING:
    from .widget import CronLine

ZONE = "Europe/Berlin"
SEASONS = {"spring": "forward, from 2:00 to 3:00", "autumn": "back, from 3:00 to 2:00"}


def _said(text: str) -> str:
    return text.strip().replace("\n", " ⏎ ") or "nothing"


def by_shell(answers: Sequence[Evidence[list[LineRun]]]) -> Table:
    """The noted command and its relatives."""
    return Table(
        answers,
        [
            Column("Line", lambda row: row["line"]),
            Column("What sh gets", lambda row: row["command"]),
            Column("Status", lambda row: row["status"], number=True),
            Column("Says", lambda row: _said(row["output"] + row["errors"])),
        ],
    )


def percent(answers: Sequence[Evidence[list[PercentRun]]]) -> Table:
    """Percent signs, before and after cron."""
    return Table(
        answers,
        [
            Column("In the crontab", lambda row: row["command"]),
            Column("What sh gets", lambda row: row["shell_gets"]),
            Column("Standard input", lambda row: _said(row["stdin"])),
            Column("Says", lambda row: _said(row["output"])),
        ],
    )


class Found(NamedTuple):
    """A thing that a run of cron left behind."""

    what: str
    found: str


def by_cron(answer: Answer[CronRun]) -> Table:
    """What one run of cron left behind."""
    run = answer.data
    rows = [
        Found("Status of the noted line", run["noted"]),
        Found("Output and status of the line without the quotes", run["fixed"]),
        Found("Subject of the mail, behind the host's name", run["mail"]["subject"]),
        Found("The mail", run["mail"]["body"]),
        Found("Standard input of a job with %", run["letter"]),
        Found("A job of the changed crontab, without a restart", run["changed"]),
    ]
    return Table(answer, [Column("What", lambda row: row.what), Column("Found", lambda row: _said(row.found))], rows)


def environment(answer: Answer[CronRun]) -> Table:
    """What ``env`` printed as a job."""
    rows = [Found(name, value) for name, value in answer.data["environment"].items()]
    return Table(answer, [Column("Variable", lambda row: row.what), Column("Value", lambda row: row.found)], rows)


def rules(answer: Answer[CronRun]) -> Table:
    """Which lines ran at three on Thursday, 1 January 2026."""
    return Table(
        answer,
        [Column("Schedule", lambda row: row["line"]), Column("Cron ran it", lambda row: row["ran"], number=True)],
        answer.data["rules"],
    )


def backslashes(answers: Sequence[Evidence[list[ShellGets]]]) -> Table:
    """What a real cron made of percent signs and backslashes, beside the rule in Python."""

    def by_rule(row: ShellGets) -> Verdict:
        command, data = split_percent(row["rest"])
        same = (command, data) == (row["command"], row["stdin"])
        return Verdict(same, "the same" if same else f"{command} / {_said(data)}")

    return Table(
        answers,
        [
            Column("In the crontab", lambda row: row["rest"]),
            Column("Command that cron gave", lambda row: row["command"]),
            Column("Standard input", lambda row: _said(row["stdin"])),
            Column("The rule in Python", by_rule),
        ],
    )


def by_pam(answers: Sequence[Evidence[list[Given]]]) -> Table:
    """What PAM's files set, and what of it a job had."""
    return Table(
        answers,
        [
            Column("File", lambda row: row["file"]),
            Column("Says", lambda row: row["setting"]),
            Column("In the job", lambda row: row["job"] or "not set"),
        ],
        heads=2,
    )


def reboots(answers: Sequence[Evidence[list[Start]]]) -> Table:
    """How often an @reboot line had run after each start of cron."""
    return Table(
        answers,
        [
            Column("After", lambda row: row["start"]),
            Column("The line has run", lambda row: row["ran"], number=True),
        ],
    )


def predicted(season: str, line: str) -> int:
    """How often :mod:`.firings` lets ``line`` run in the first minute after the change. KeyError for another season."""
    clock = CHANGES[season][0]
    start = (EPOCH.fromisoformat(clock) - EPOCH) // timedelta(minutes=1)
    offset = 60 if season == "spring" else 120
    shown = EPOCH + timedelta(minutes=start + offset)
    found = firings(parse(f"{line} true"), ZONE, shown, 4)
    return Counter(firing.utc for firing in found)[start + 1]


def _by_both(answers: Sequence[Evidence[list[Change]]], what: str) -> Table:

    def compared(row: Change) -> Verdict:
        by_rule = predicted(row["season"], row["line"])
        return Verdict(by_rule == row["ran"], str(by_rule))

    return Table(
        answers,
        [
            Column("The clock goes", lambda row: SEASONS[row["season"]]),
            Column("Line", lambda row: row["line"]),
            Column("Cron ran it", lambda row: row["ran"], number=True),
            Column("The widget's rule", compared),
        ],
        caption=f"{what}; cron's TZ is {DST}",
        heads=2,
    )


def clock_changes(answers: Sequence[Evidence[list[Change]]]) -> Table:
    """How often each line ran right after a change, by cron and by the rule that the widget follows."""
    return _by_both(answers, "In the minute after the change")


def both_hours(answers: Sequence[Evidence[list[Change]]]) -> Table:
    """The same for lines that name the skipped hour and the one after it."""
    return _by_both(answers, "In the minute after the change, with a time in the skipped hour and one behind it")


def grammar(answers: Sequence[Evidence[list[Schedule]]]) -> Table:
    """What crontab(1) and cronsim make of a schedule."""
    return Table(
        answers,
        [
            Column("Schedule", lambda row: row["line"]),
            Column("crontab(1)", lambda row: "accepts" if row["cron_takes"] else row["cron"]),
            Column("cronsim", lambda row: row["cronsim"] or "accepts"),
        ],
        telling=(
            "0 3 * * *",
            "*/15 * * * *",
            "5/15 * * * *",
            "60 * * * *",
            "0 3 L * *",
            "0 3 * * 1#2",
            "30-10 * * * *",
            "0 3 30 2 *",
            "@daily",
        ),
    )


def widget(answer: Answer[CronRun]) -> CronLine:
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
        "Two times in spring": state("0 2,3 * * * backup", ZONE, spring),
        "A day or a weekday": state("0 9 1 * mon report", "UTC", plain),
    }
    own = {name: answer.data["environment"][name] for name in ("HOME", "LOGNAME", "PATH", "SHELL")}
    return CronLine("cron", presets, own)
