r"""A crontab line: five time fields, a command, and what cron and the shell make of it. Pure; no schedule is computed here.

Follows crontab(5), with the names and steps that Debian's cron 3.0pl1 accepts, but refuses what that accepts by oversight
(``5-1``, ``1#2``). The texts are data, because the page says the same ones: see :class:`syslab.chapters.processes.cron.widget.CronLine`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from syslab.bits import given

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LIMIT = 998  # bytes of a command: entry.c refuses one that fills MAX_COMMAND, 1000, with its end mark or is longer
USERS = ("root", "nobody", "www-data")
"""First words of a command that are users far more often than programs."""
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 7, DAYS),
)
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@reboot": "",
}
ERRORS = {
    "empty": "There is no line.",
    "long": "The command has {n} bytes; cron takes {limit} at most.",
    "comment": "This is a comment. Cron ignores it.",
    "setting": "This sets {name} for the lines below it. It is no job.",
    "lines": "This is more than one line. Take one.",
    "few": "A line needs five time fields and a command; this one has {n} of the fields.",
    "command": "The time fields are there, but no command follows them.",
    "star": "The command begins with *, and cron refuses that. There are five time fields; none is for seconds or for the year.",
    "question": "{field}: cron has no ?. Quartz and Spring write it for any value; in cron that is *.",
    "nickname": "“{item}” is none of {names}.",
    "item": "{field}: cannot read “{item}”. It takes {low} to {high}{names}, *, ranges such as 1-5, steps such as */2, and lists of these.",
    "range": "{field}: {item} is out of range. It takes {low} to {high}.",
    "back": "{field}: {item} runs backwards. Write the smaller value first.",
    "step": "{field}: the step in {item} must be at least 1.",
    "single": "{field}: {item} has a step behind a single value. Cron takes steps behind * and behind ranges.",
}
NOTES = {
    "user": "In /etc/crontab and /etc/cron.d a sixth field names a user. A crontab of your own has none: here {word} is the command.",
    "six": "“{word}” looks like a sixth time field. Cron has five, minute first, and none for seconds or years: it is the command.",
    "quoted": "Quotes or backslashes make one word of it. sh looks for a command with this whole name, blanks included: status 127.",
    "blanks": "This is one word, blanks included. sh runs the file of that name; what is an argument must stand outside of the quotes.",
    "unclosed": "A quote is not closed. sh ends with a syntax error and runs nothing.",
    "percent": "The command ends at the first %. The rest is its standard input, and each further % a new line. Write \\% for a %.",
    "backslash": "Cron makes one backslash of two, before sh sees the command.",
    "path": "Unless it is built into sh, {word} is searched for in {path} and nowhere else, if no PATH= stands above the line.",
    "every": "The minute is *: this runs in every minute of these hours.",
    "or": "Both days are restricted, so one of them is enough: day of month or day of week.",
    "never": "No such day comes in these months. Cron accepts the line and never runs it.",
    "reboot": "This runs when cron starts for the first time after a boot. Debian's cron leaves it out when it is merely restarted.",
    "fixed": "A fixed time. When clocks go forward over it, it runs right after; when they go back, it does not run again.",
    "wild": "Minute or hour begins with *, so the clock alone decides: a skipped time does not run, a repeated one runs twice.",
}
BAD = ("user", "six", "quoted", "unclosed", "never")


class CrontabError(ValueError):
    """A line that cannot be read; the text says which field and what is expected."""


def _error(key: str, **words: object) -> CrontabError:
    return CrontabError(ERRORS[key].format(**words))


@dataclass(frozen=True)
class Line:
    """``sets``: the values of each field (Sunday is 0), () for @reboot. ``stdin`` is "" where there is none."""

    schedule: tuple[str, ...]
    sets: tuple[frozenset[int], ...]
    command: str
    stdin: str
    words: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def both_days(self) -> bool:
        """Whether day of month and day of week must both match: if one of them begins with ``*``."""
        return self.schedule[2].startswith("*") or self.schedule[4].startswith("*")

    @property
    def fixed(self) -> bool:
        """Whether neither minute nor hour begins with ``*``: what cron(8) calls a particular time."""
        return not (self.schedule[0].startswith("*") or self.schedule[1].startswith("*"))


def _before_percent(rest: str) -> str:
    match = re.match(r"(?:[^\\%]|\\.?)*", rest, re.DOTALL)
    return match[0] if match else ""


def split_percent(rest: str) -> tuple[str, str]:
    r"""Command and standard input of the text behind the time fields: ``a%b%c\%`` is ``a`` and ``b``, ``c%``.

    As do_command.c of Debian's cron does it: in the command ``\%`` becomes ``%`` and two backslashes become one, so that a
    ``%`` behind two of them ends the command. In the standard input only ``\%`` is changed.
    """
    given.text(rest, "the rest of a line")
    end = len(_before_percent(rest))
    command = re.sub(r"\\([\\%])", r"\1", rest[:end])
    lines = [part.replace("\\%", "%") for part in re.split(r"(?<!\\)%", rest[end + 1 :])]
    data = "\n".join(lines)
    return command, data if not data or data.endswith("\n") else data + "\n"


def shell_words(command: str) -> tuple[tuple[str, ...], bool]:
    """The words of the first simple command with quotes taken off, nothing expanded; False if a quote is not closed."""
    given.text(command, "a command")
    words: list[str] = []
    word: str | None = None
    quote, place = "", 0
    while place < len(command):
        char, following = command[place], command[place + 1 : place + 2]
        place += 1
        if char == "\\" and quote != "'" and following:
            place += 1
            word = (word or "") + (following if not quote or following in '$`"\\' else char + following)
        elif quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "'\"":
            quote, word = char, word or ""
        elif char in " \t":
            if word is not None:
                words.append(word)
            word = None
        elif char in ";|&<>()\n" or (char == "#" and word is None):
            break
        else:
            word = (word or "") + char
    if word is not None:
        words.append(word)
    return tuple(words), not quote


def listed(names: tuple[str, ...]) -> str:
    """How an error goes on where a field also takes names: ``, or jan to dec``."""
    return f", or {names[0].lower()} to {names[-1].lower()}" if names else ""


def _value(number: int, text: str) -> int:
    name, low, high, names = FIELDS[number]
    if text == "?":
        raise _error("question", field=name)
    if text.upper() in names:
        return names.index(text.upper()) + low
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _error("item", field=name, item=text[:60], low=low, high=high, names=listed(names))
    if not low <= int(text) <= high:
        raise _error("range", field=name, item=text, low=low, high=high)
    return int(text)


def field_values(number: int, text: str) -> frozenset[int]:
    """The values of field ``number`` (0 to 4) written as ``text``. CrontabError names the field and what it takes."""
    name, low, high, _ = FIELDS[given.number(number, "the number of a field", 0, len(FIELDS) - 1)]
    given.text(text, name)
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _value(number, first)
            end = _value(number, last) if dash else start
        if slash and span != "*" and not dash:
            raise _error("single", field=name, item=item)
        if end < start:
            raise _error("back", field=name, item=item)
        if slash and not re.fullmatch(r"[0-9]{1,9}", step):
            _value(number, item)
        if slash and int(step) == 0:
            raise _error("step", field=name, item=item)
        found.update(range(start, end + 1, int(step) if slash else 1))
    return frozenset(day % 7 for day in found) if number == 4 else frozenset(found)


def _split(text: str) -> tuple[list[str], str]:
    """The schedule's five fields ([] for @reboot) and the rest of the line, "" where there is none."""
    text = given.text(text, "a line of a crontab").strip(" \t")
    if "\n" in text or "\r" in text:
        raise _error("lines")
    if not text:
        raise _error("empty")
    if text.startswith("#"):
        raise _error("comment")
    if setting := re.match(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*=", text):
        raise _error("setting", name=setting[1])
    if text.startswith("@"):
        nickname, *rest = re.split(r"[ \t]+", text, maxsplit=1)
        if nickname not in NICKNAMES:
            raise _error("nickname", item=nickname[:60], names=", ".join(NICKNAMES))
        schedule = NICKNAMES[nickname].split()
    else:
        parts = re.split(r"[ \t]+", text, maxsplit=5)
        schedule, rest = parts[:5], parts[5:]
        if len(schedule) < 5:
            raise _error("few", n=len(schedule))
    return schedule, rest[0] if rest else ""


def _checked(rest: str) -> str:
    """The rest of a line, as cron would take it."""
    if not rest:
        raise _error("command")
    if rest.startswith("*"):
        raise _error("star")
    if (size := len(rest.encode())) > LIMIT:
        raise _error("long", n=size, limit=LIMIT)
    return rest


def _as_name(named: str, closed: bool) -> dict[str, object]:
    """Which notes hold of the word that names the program."""
    blank = closed and re.search(r"\s", named)
    path = re.match(r"[/.$~]", named) and not re.search(r"\s[-/~$]", named)
    user, six = named in USERS, re.fullmatch(r"\?|[0-9][0-9*?,/-]*", named)
    return {
        "user": user,
        "six": six,
        "quoted": blank and not path,
        "blanks": blank and path,
        "path": closed and named and not user and not six and not re.search(r"[\s/$`~]", named),
    }


def parse(text: str) -> Line:
    """A line of a user's crontab. :class:`CrontabError` (a ValueError) says what cannot be read and where."""
    schedule, rest = _split(text)
    sets = tuple(field_values(number, item) for number, item in enumerate(schedule))
    command, data = split_percent(_checked(rest))
    words, closed = shell_words(command)
    line = Line(tuple(schedule), sets, command, data, words)
    named = next((word for word in words if not re.match(r"[A-Za-z_][A-Za-z0-9_]*=", word)), "")
    notes = _as_name(named, closed) | {
        "unclosed": not closed,
        "percent": data,
        "backslash": "\\\\" in _before_percent(rest),
        "reboot": not sets,
    }
    if sets:
        notes |= {
            "every": schedule[0] == "*" and len(sets[1]) < 24,
            "or": not line.both_days,
            "never": line.both_days and min(sets[2]) > max(LONGEST[month - 1] for month in sets[3]),
            "fixed": line.fixed,
            "wild": not line.fixed,
        }
    return Line(line.schedule, sets, command, data, words, tuple(key for key in NOTES if notes.get(key)))
