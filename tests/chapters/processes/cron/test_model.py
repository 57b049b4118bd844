"""Crontab lines: the grammar against cronsim and crontab(5)'s examples, the shell's words against shlex, bad lines."""

from __future__ import annotations

import random
import shlex

import pytest
from cronsim.cronsim import Field

from syslab.chapters.processes.cron.model import FIELDS, NICKNAMES, CrontabError, field_values, parse, shell_words, split_percent


def test_the_noted_line() -> None:
    line = parse('0 3 * * * "fish ~/.config/utils/scraper.fish"')
    assert line.schedule == ("0", "3", "*", "*", "*")
    assert line.words == ("fish ~/.config/utils/scraper.fish",)
    assert line.notes == ("quoted", "fixed")
    assert parse("0 3 * * * fish ~/.config/utils/scraper.fish").words[0] == "fish"


def test_examples_of_the_manual() -> None:
    joe = parse('0 22 * * 1-5\tmail -s "It\'s 10pm" joe%Joe,%%Where are your kids?%')
    assert joe.command == 'mail -s "It\'s 10pm" joe'
    assert joe.stdin == "Joe,\n\nWhere are your kids?\n"
    assert joe.words == ("mail", "-s", "It's 10pm", "joe")
    assert joe.sets[4] == {1, 2, 3, 4, 5}
    wax = parse(r"33 22 * * * expr $(date +\%s) / 60 / 60 / 24 \% 9 > /dev/null || echo Wax the floor.")
    assert (wax.command.count("%"), wax.command.count("\\"), wax.stdin) == (2, 0, "")
    assert "or" in parse("30 4 1,15 * 5 x").notes
    assert parse("23 0-23/2 * * * x").sets[1] == set(range(0, 24, 2))


@pytest.mark.parametrize("number", range(5))
def test_values_are_those_of_cronsim(number: int) -> None:
    choose = random.Random(number)
    _, low, high, names = FIELDS[number]
    for _ in range(400):
        first = choose.randint(low, high)
        last = choose.randint(first, high)
        step = choose.randint(1, high)
        forms = ["*", f"*/{step}", str(first), f"{first}-{last}", f"{choose.randint(low, high)},{first}-{last}"]
        forms += [choose.choice(names).lower()] if names else []
        forms += [f"{first}-{last}/{step}"] if first < last else []
        text = choose.choice(forms)
        theirs = Field(number + 1).parse(text.upper())
        assert field_values(number, text) == ({day % 7 for day in theirs} if number == 4 else theirs), text


def test_words_are_those_of_a_posix_lexer() -> None:
    choose, seen = random.Random(7), 0
    for _ in range(4000):
        text = "".join(choose.choice(["a", "fish", " ", "'", '"', "\\", "~/x", "$H", "\\ "]) for _ in range(choose.randint(0, 9)))
        words, closed = shell_words(text)
        try:
            theirs = shlex.split(text, posix=True)
        except ValueError:
            assert not closed or text.endswith("\\"), text
            continue
        if r"\$" in text:
            continue  # shlex keeps this backslash inside double quotes, a shell does not
        assert (list(words), closed) == (theirs, True), text
        seen += 1
    assert seen > 1500


def test_words_end_where_the_command_ends() -> None:
    assert shell_words("a b >c; d") == (("a", "b"), True)
    assert shell_words("a # b") == (("a",), True)
    assert shell_words('a "b') == (("a", "b"), False)


@pytest.mark.parametrize(
    ("rest", "command", "data"),
    # what do_command.c of cron 3.0pl1-162 does, and what that cron did in the question `backslashes`
    [(r"sed 's/\\/X/' <in", r"sed 's/\/X/' <in", ""), (r"echo x\\%y", "echo x\\", "y\n"), (r"echo x\\\%y", r"echo x\%y", ""),
     (r"cat%a\\b\%c", "cat", "a\\\\b%c\n"), (r"cat%\\%", "cat", "\\%\n"), ("a\\", "a\\", ""), (r"a\b", r"a\b", ""),
     ("a%", "a", ""), ("a%b", "a", "b\n"), ("a%b%", "a", "b\n"), (r"a\%b%c\%d", "a%b", "c%d\n"), ("%b", "", "b\n"), ("a", "a", "")],
)  # fmt: skip
def test_percent(rest: str, command: str, data: str) -> None:
    assert split_percent(rest) == (command, data)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no line"),
        ("# 0 3 * * * x", "comment"),
        ("PATH = /bin", "sets PATH"),
        ("0 3 * * * a\n0 4 * * * b", "more than one line"),
        ("0 3 * *", "this one has 4"),
        ("0 3 * * *", "no command"),
        ("@daily", "no command"),
        ("@every x", "“@every” is none of @hourly"),
        ("60 3 * * * x", "minute: 60 is out of range. It takes 0 to 59"),
        ("0 24 * * * x", "hour: 24"),
        ("0 3 0 * * x", "day of month: 0"),
        ("0 3 * jam * x", "month: cannot read “jam”. It takes 1 to 12, or jan to dec"),
        ("0 3 * * monday x", "day of week: cannot read “monday”"),
        ("30-10 * * * * x", "30-10 runs backwards"),
        ("*/0 * * * * x", "step in \\*/0 must be at least 1"),
        ("5/15 * * * * x", "step behind a single value"),
        ("*/x * * * * x", "cannot read “\\*/x”"),
        ("1,,2 * * * * x", "cannot read “”"),
        ("0 3 * * 1#2 x", "1#2"),
        ("٣ 3 * * * x", "cannot read"),
        ("0 3 * * * " + "x" * 999, "has 999 bytes; cron takes 998"),
        ("0 3 * * * " + "é" * 500, "has 1000 bytes"),
        ("0 0 * * * * /bin/foo", "begins with \\*"),
        ("*/30 * * * * * curl x", "begins with \\*"),
        ("@reboot * x", "begins with \\*"),
        ("0 12 ? * WED", "day of month: cron has no \\?"),
    ],
)
def test_bad_lines_say_what_and_where(line: str, reason: str) -> None:
    with pytest.raises(CrontabError, match=reason):
        parse(line)


def test_notes() -> None:
    assert parse("0 3 30 2 * true").notes == ("path", "never", "fixed")
    assert "never" not in parse("0 3 30 2 1 true").notes, "a Monday is enough"
    assert parse("* 3 * * * /bin/true").notes == ("every", "wild")
    assert parse("@reboot X=1 'a b'").notes == ("quoted", "reboot")
    assert len(parse("0 3 * * * " + "x" * 998).command) == 998, "the limit is of the command, whatever stands before it"
    assert parse(f"{'0,' * 600}0 3 * * * /x").notes == ("fixed",)
    for good in ('"/opt/My App/backup.sh" --all', '"$HOME/my prog/run.sh"', r"/opt/My\ App/x"):
        assert parse(f"0 3 * * * {good}").notes == ("blanks", "fixed"), "cron ran such a line: status 0"
    assert parse('0 3 * * * "/usr/bin/fish /x"').notes[0] == "quoted"
    assert parse("17 * * * * root cd / && x").notes == ("user", "wild"), "a line of /etc/crontab"
    assert parse("0 0 12 * * ?").notes == ("six", "fixed"), "Quartz's"
    assert parse("0 0 1 1 * 2026 x").notes == ("six", "fixed"), "with a year"
    assert parse("0 3 * * * 7z a b").notes == ("path", "fixed")
    assert "backslash" in parse(r"0 3 * * * echo \\").notes
    assert "backslash" not in parse(r"0 3 * * * cat%\\").notes
    for name in NICKNAMES:
        assert parse(f"{name} x").command == "x"
