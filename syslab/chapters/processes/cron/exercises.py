"""Exercises of the chapter on cron."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from .firings import EPOCH, firings
from .model import CrontabError, parse

percent = Exercise(
    anchor="cron-percent",
    question="A crontab has the line: 0 3 * * * echo done at 100% >>log. Which command does cron give to sh?",
    choices=("echo done at 100% >>log", "echo done at 100", "echo done at 100 >>log", "echo done at"),
    accepts=("echo done at 100",),
    why="The command ends at the %. The redirection behind it became standard input, which echo does not read. Cron mails the output.",
    near={
        "echo done at 100% >>log": "That needs \\% in the crontab.",
        "echo done at 100 >>log": "Nothing behind the % is left in the command, and so the redirection is gone too.",
        "echo done at": "The command ends at the % itself. The 100 stands in front of it.",
    },
)

days = Exercise(
    anchor="cron-days",
    question="On how many days of January 2026 does the line 0 9 1 * mon report run? The month begins with a Thursday.",
    accepts=("5",),
    why="Both day fields are restricted, so either is enough: the 1st, and the Mondays 5, 12, 19 and 26.",
    near={
        "0": "That would be the 1st if it were a Monday. With two restricted day fields, one that matches is enough.",
        "1": "The 1st alone. The Mondays count as well.",
        "4": "These are the Mondays. The 1st counts as well, although it is a Thursday.",
        "31": "The day fields do restrict it.",
    },
    hint="Cron runs the line if the day of month or the day of week matches.",
)


def _autumn(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give a line of a crontab as text, not {type(answer).__name__}.")
    try:
        line = parse(answer)
    except CrontabError as error:
        return Feedback(False, str(error))
    if line.command.strip() != "backup":
        return Feedback(False, f"The command is {line.command!r}; it should be backup.")
    zone = "Europe/Berlin"
    usual = [f.utc + f.offset for f in firings(line, zone, datetime(2026, 10, 20), 2)]
    if usual != [int((datetime(2026, 10, day, 2) - EPOCH).total_seconds()) // 60 for day in (20, 21)]:
        return Feedback(False, "It should run at 2:00 on every day, and at no other time.")
    change = firings(line, zone, datetime(2026, 10, 25), 2)
    twice = change[1].utc - change[0].utc == 60
    return Feedback(twice, f"On 25 October it runs {'twice, an hour apart' if twice else 'once: it is a fixed time to cron'}.")


twice = Trial(
    anchor="cron-twice",
    question="Make backup run daily at 2:00, and twice on the night that has 2:00 twice.",
    judge=_autumn,
    wrong=("0 2 * * * backup", "0 * * * * backup", "0 2 * * *", "0 2 * * * other", "0 2,2 * * * backup", "60 2 * * * backup", 200),
    choices={
        line: line
        for line in ("0 2 * * * backup", "0 2,2 * * * backup", "*/60 2 * * * backup", "0 * * * * backup", "0-59/60 2 * * * backup")
    },
)
