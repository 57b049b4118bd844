"""Every fact of the chapter on cron, asked of this machine: the shell, and cron itself where it can run."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from syslab.chapters.processes.cron import ask as cron
from syslab.chapters.processes.cron import exercises
from syslab.chapters.processes.cron.daemon import CronDaemon, program
from syslab.chapters.processes.cron.firings import firings
from syslab.chapters.processes.cron.model import CrontabError, parse, split_percent
from syslab.evidence import Answer, ExperimentFailed, ask

needs_fish = pytest.mark.skipif(bool(cron.by_shell.missing()), reason="needs Linux and fish")
needs_cron = pytest.mark.skipif(bool(cron.by_cron.missing()), reason="needs cron, proot, faketime and fish")


@needs_fish
def test_what_sh_does_with_the_noted_line() -> None:
    rows = {row["line"]: row for row in ask(cron.by_shell).data}
    assert rows["noted"]["status"] == 127
    assert "fish ~/.config/utils/scraper.fish" in rows["noted"]["errors"]
    for good in ("without the quotes", "quotes round the path"):
        assert (rows[good]["status"], rows[good]["output"], rows[good]["errors"]) == (0, "scraped\n", "")
    assert rows["without the interpreter"]["status"] == 126


def test_percent() -> None:
    rows = {row["command"]: row for row in ask(cron.percent).data}
    assert rows["echo 50%"]["output"] == "50\n"
    assert rows[r"echo 50\%"]["output"] == "50%\n"
    assert rows["cat%Hello,%%where are you?"]["output"] == "Hello,\n\nwhere are you?\n"


def test_a_command_of_the_reader() -> None:
    row = ask(cron.command, rest="echo $PATH; exit 3").data
    assert (row["status"], row["output"]) == (3, "/usr/bin:/bin\n")
    with pytest.raises(ExperimentFailed, match="timed out"):
        ask(cron.command, rest="sleep 30")


@pytest.fixture(scope="module")
def ran() -> Answer[cron.CronRun]:
    return ask(cron.by_cron)


@needs_cron
def test_cron_agrees_with_the_shell(ran: Answer[cron.CronRun]) -> None:
    assert ran.data["noted"] == "127\n"
    assert ran.data["fixed"] == "scraped\n0\n"
    assert ran.data["letter"] == "Hello,\n\nwhere are %you?\n"


@needs_cron
def test_cron_mails_reads_again_and_gives_four_variables(ran: Answer[cron.CronRun]) -> None:
    assert ran.data["mail"]["subject"] == '"fish ~/.config/utils/scraper.fish"'
    assert "fish ~/.config/utils/scraper.fish" in ran.data["mail"]["body"]
    assert ran.data["changed"] == "read again\n"
    environment = dict(ran.data["environment"])
    assert environment.pop("TOOLS") == "$HOME/bin"
    assert environment == {"HOME": "~", "LOGNAME": "root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"} | (
        {"PWD": "~"} if "PWD" in environment else {}
    )


@needs_cron
def test_days_and_odd_fields(ran: Answer[cron.CronRun]) -> None:
    rules = {row["line"]: row["ran"] for row in ran.data["rules"]}
    assert rules == {"0 3 1 * fri": 1, "0 3 */2 * fri": 0, "0 3 * * 4#3": 1, "59-1 3 * * *": 0}


@pytest.mark.skipif(bool(cron.clock_changes.missing()), reason="needs cron, proot and faketime")
def test_clock_changes() -> None:
    ran = {(row["season"], row["line"]): row["ran"] for row in ask(cron.clock_changes).data}
    assert ran == {
        ("spring", "30 2 * * *"): 1,
        ("spring", "0,30 2 * * *"): 2,
        ("spring", "*/30 2 * * *"): 0,
        ("spring", "0 3 * * *"): 1,
        ("spring", "0 * * * *"): 1,
        ("autumn", "0 2 * * *"): 0,
        ("autumn", "*/60 2 * * *"): 1,
        ("autumn", "0 3 * * *"): 0,
        ("autumn", "0 * * * *"): 1,
    }


needs_daemon = pytest.mark.skipif(bool(cron.backslashes.missing()), reason="needs cron, proot and faketime")


@needs_daemon
def test_backslashes_by_a_real_cron() -> None:
    rows = {row["rest"]: (row["command"], row["stdin"]) for row in ask(cron.backslashes).data}
    assert rows[r"echo x\\%y"] == ("echo x\\", "y\n")
    assert rows[r"sed 's/\\/X/' <in"] == (r"sed 's/\/X/' <in", "")
    assert rows == {rest: split_percent(rest) for rest in cron.BACKSLASHES}


@needs_daemon
def test_what_pam_adds() -> None:
    rows = {row["setting"].partition("=")[0]: row for row in ask(cron.by_pam).data}
    assert rows["LANG"]["job"] == "en_GB.UTF-8" and rows["HTTP_PROXY"]["job"] == "http://proxy:3128"
    assert rows["PATH"]["job"] == "/usr/bin:/bin", "cron's own wins"


@needs_daemon
def test_reboot_runs_once_a_boot() -> None:
    assert [row["ran"] for row in ask(cron.reboots).data] == [1, 1, 2]


@needs_daemon
def test_a_skipped_hour_and_a_real_one() -> None:
    rows = {row["line"]: row["ran"] for row in ask(cron.both_hours).data}
    assert rows == {"0 2,3 * * *": 2, "30 2,3 * * *": 1, "*/60 2,3 * * *": 1}


@pytest.mark.skipif(bool(cron.grammar.missing()), reason="needs crontab and proot")
def test_grammar() -> None:
    rows = {row["line"]: row for row in ask(cron.grammar).data}
    assert set(rows) == set(cron.GRAMMAR)
    assert {line for line, row in rows.items() if not row["cron_takes"]} == {
        "5/15 * * * *", "60 * * * *", "0 3 0 * *", "0 3 * * monday", "0 3 L * *",
    }  # fmt: skip
    assert {line for line, row in rows.items() if row["cron_takes"] != (not row["cronsim"])} == {
        "5/15 * * * *", "0 3 L * *", "30-10 * * * *", "0 3 30 2 *", "@daily",
    }  # fmt: skip
    for line, row in rows.items():  # the book's parser takes nothing that cron refuses
        try:
            parse(f"{line} true")
        except CrontabError:
            continue
        assert row["cron_takes"], line


@needs_cron
def test_nothing_is_left_also_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), CronDaemon("* * * * * true", "2026-01-01 00:00:00") as daemon:
        daemon.wait(lambda: (daemon.folder / "run/crond.pid").exists(), "the pid file")
        pid = int((daemon.folder / "run/crond.pid").read_text())
        _ = 1 / 0
    assert not daemon.folder.exists()
    status = Path(f"/proc/{pid}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()
    with pytest.raises(ValueError, match="Invalid isoformat"):
        CronDaemon("", "three o'clock")


def test_programs_outside_of_the_usual_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert program("sh") == shutil.which("sh")
    monkeypatch.setitem(os.environ, "PATH", "")
    assert program("cron") is None
    assert cron.by_cron.missing()


def test_the_exercises_count_right() -> None:
    found = firings(parse("0 9 1 * mon report"), "UTC", datetime(2026, 1, 1), 20)
    assert exercises.days.accepts == (str(sum(f.utc < 20485 * 1440 for f in found)),)  # 1 February 2026
    assert parse("0 3 * * * echo done at 100% >>log").command == exercises.percent.accepts[0]
    assert "twice" in exercises.twice.check("*/60 2 * * * backup").text
