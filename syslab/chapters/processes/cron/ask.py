"""A crontab line run by cron and by what cron runs; the clock changes; the grammar that crontab(1) accepts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from cronsim import CronSim, CronSimError

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LINUX, tool

from .daemon import CRON, CRONTAB, FAKETIME, PROOT, CronDaemon, installs
from .model import split_percent
from .runs import counts, starts, what_sh_gets

FISH = tool("fish")
PATH = "/usr/bin:/bin"
SCRIPT = ".config/utils/scraper.fish"
COMMANDS = {
    "noted": f'"fish ~/{SCRIPT}"',
    "without the quotes": f"fish ~/{SCRIPT}",
    "quotes round the path": f'fish "$HOME/{SCRIPT}"',
    "without the interpreter": f'"$HOME/{SCRIPT}"',
}
CHANGES = {
    "spring": ("2026-03-29 00:59:30", ("30 2 * * *", "0,30 2 * * *", "*/30 2 * * *", "0 3 * * *", "0 * * * *"), "1 3 * * *"),
    "autumn": ("2026-10-25 00:59:30", ("0 2 * * *", "*/60 2 * * *", "0 3 * * *", "0 * * * *"), "1 * * * *"),
}
GRAMMAR = (
    "0 3 * * *", "0 3 * * mon-fri", "0 3 * jan,jul *", "*/15 * * * *", "0-59/15 * * * *", "5/15 * * * *", "0 3 * * 7",
    "60 * * * *", "0 3 0 * *", "0 3 * * monday", "0 3 L * *", "0 3 * * 1#2", "30-10 * * * *", "0 3 30 2 *", "@daily",
)  # fmt: skip


def _home(folder: Path) -> None:
    script = folder / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("echo scraped\n", encoding="utf-8")


class Run(TypedDict):
    """A command that sh ran: its status, and what it wrote."""

    command: str
    status: int
    output: str
    errors: str


def _run(command: str) -> Run:
    """What cron does with the rest of a line: ``/bin/sh -c``, a small environment, and the text behind ``%`` as input."""
    text, data = split_percent(command)
    with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
        _home(Path(folder))
        environment = {"HOME": folder, "LOGNAME": "reader", "PATH": PATH, "SHELL": "/bin/sh"}
        process = subprocess.Popen(
            ["/bin/sh", "-c", text],
            env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        try:
            out, err = process.communicate(data, timeout=5)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
        output, errors = (said.replace(folder, "~") for said in (out, err))
        return {"command": command, "status": process.returncode, "output": output, "errors": errors}


class LineRun(Run):
    """One of :data:`COMMANDS` by its key ``line``, and what became of it."""

    line: str


@experiment(LINUX, FISH, tools=("fish",))
def by_shell() -> Iterator[LineRun]:
    """The noted command and three others as ``/bin/sh -c`` gets them, in cron's environment."""
    for title, command in COMMANDS.items():
        yield {"line": title, **_run(command)}


@experiment(LINUX)
def command(rest: str = "date +%H:%M") -> Run:
    """``rest``, the part of a crontab line behind its five time fields, run as cron runs it. Five seconds at most."""
    return _run(rest)


class PercentRun(Run):
    """A command with a percent sign: what of it sh got, as the command and on its standard input, and what became of it."""

    shell_gets: str
    stdin: str


@experiment(LINUX)
def percent() -> Iterator[PercentRun]:
    """Commands with a percent sign, by ``/bin/sh -c`` after cron's own splitting."""
    for rest in ("echo 50%", r"echo 50\%", "cat%Hello,%%where are you?", "cat"):
        text, data = split_percent(rest)
        yield {"shell_gets": text, "stdin": data, **_run(rest)}


BACKSLASHES = (
    r"date +\%F",
    r"sed 's/\\/X/' <in",
    r"printf '\\t|\n'",
    r"echo x\\%y",
    r"echo x\\\%y",
    r"cat%a\\b\%c",
)


class ShellGets(TypedDict):
    """The rest of a line, and the command and standard input that cron made of it."""

    rest: str
    command: str
    stdin: str


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=40)
def backslashes() -> Iterator[ShellGets]:
    """What a real cron gives to the program that SHELL= names: here a script that writes down its second argument and its input."""
    for rest, (command, stdin) in zip(BACKSLASHES, what_sh_gets(BACKSLASHES), strict=True):
        yield {"rest": rest, "command": command, "stdin": stdin}


FROM_PAM = {
    "/etc/environment": "PATH=/opt/tools/bin:/usr/bin:/bin\nHTTP_PROXY=http://proxy:3128\n",
    "/etc/default/locale": "LANG=en_GB.UTF-8\n",
}


class Given(TypedDict):
    """A variable that a ``file`` of :data:`FROM_PAM` sets, and its value in a job."""

    file: str
    setting: str
    job: str


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=40)
def by_pam() -> Iterator[Given]:
    """``env`` as a job of a real cron that finds three settings in the files that PAM reads for it."""
    with CronDaemon("0 3 * * * env >new; mv new environment", "2026-01-01 02:59:20", files=FROM_PAM) as cron:
        cron.wait(lambda: cron.read("environment"), "the job of 3 o'clock")
        job = dict(line.split("=", 1) for line in cron.read("environment").splitlines())
    for file, text in FROM_PAM.items():
        for setting in text.splitlines():
            yield {"file": file, "setting": setting, "job": job.get(setting.partition("=")[0], "")}


class Start(TypedDict):
    """A start of cron, and how often an @reboot line had run a minute after it."""

    start: str
    ran: int


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=60)
def reboots() -> Iterator[Start]:
    """One crontab with an @reboot line, and three starts of cron: the first, a restart, and one with /run empty as after a boot."""
    for start, ran in zip(("the first start", "a restart", "a start with /run empty"), starts(), strict=True):
        yield {"start": start, "ran": ran}


# On Thursday, 1 January at 3:00. A wrapped 59-1 would have minute 0.
RULES = ("0 3 1 * fri", "0 3 */2 * fri", "0 3 * * 4#3", "59-1 3 * * *")
FIRST = rf"""TOOLS=$HOME/bin
0 3 * * * "fish ~/{SCRIPT}"
0 3 * * * (eval '"fish ~/{SCRIPT}"') 2>/dev/null; echo $? >noted
0 3 * * * fish ~/{SCRIPT} >fixed; echo $? >>fixed
0 3 * * * env >environment
0 3 * * * cat >letter%Hello,%%where are \%you?
MAILTO=""
0 3 * * * echo nobody will read this"""


class Mail(TypedDict):
    """What cron mailed: of the subject the part that names the job."""

    subject: str
    body: str


class Ran(TypedDict):
    """A schedule, and how often cron ran it."""

    line: str
    ran: int


class CronRun(TypedDict):
    """What one run of cron left behind. ``noted`` and ``fixed`` end with the status.

    ``rules``: lines that ask which day fields must match, and what is made of odd ones.
    """

    noted: str
    fixed: str
    environment: dict[str, str]
    letter: str
    mail: Mail
    changed: str
    rules: list[Ran]


@experiment(LINUX, CRON, PROOT, FAKETIME, FISH, timeout=60, tools=("fish",))
def by_cron() -> CronRun:
    """A real cron, its clock at 02:59:20: what the lines of 3 o'clock do; then another crontab, and no restart."""
    rules = "\n".join(f"{line} echo x >>rule{place}" for place, line in enumerate(RULES))
    with CronDaemon(f"{FIRST}\n{rules}", "2026-01-01 02:59:20") as cron:
        _home(cron.home)
        names = ("noted", "fixed", "environment", "letter")
        cron.wait(lambda: cron.read("fixed").count("\n") == 2 and all(map(cron.read, names)), "the jobs of 3 o'clock")
        cron.wait(lambda: cron.read("../mail"), "the mail")
        head, _, body = cron.read("../mail").partition("\n\n")
        subject = next(line for line in head.splitlines() if line.startswith("Subject:"))
        cron.install("* * * * * echo read again >second")
        cron.wait(lambda: cron.read("second"), "a job of the changed crontab")
        environment = dict(line.split("=", 1) for line in cron.read("environment").splitlines())
        return {
            "noted": cron.read("noted"),
            "fixed": cron.read("fixed"),
            "environment": dict(sorted(environment.items())),
            "letter": cron.read("letter"),
            "mail": {"subject": subject.partition("> ")[2].removesuffix(" (failed)"), "body": body},
            "changed": cron.read("second"),
            "rules": [{"line": line, "ran": cron.read(f"rule{place}").count("x")} for place, line in enumerate(RULES)],
        }


class Change(Ran):
    """How often cron ran a line in the minute after the clock's change of a ``season``, one of :data:`CHANGES`."""

    season: str


def _change(season: str) -> list[Change]:
    clock, lines, last = CHANGES[season]
    found = counts(lines, last, clock)
    return [{"season": season, "line": line, "ran": ran} for line, ran in zip(lines, found, strict=True)]


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=70)
def clock_changes() -> Iterator[Change]:
    """How often a line runs in the minute after the clock changes: forward from 2 to 3, back from 3 to 2."""
    with ThreadPoolExecutor(len(CHANGES)) as pool:
        for rows in pool.map(_change, CHANGES):
            yield from rows


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=40)
def both_hours() -> list[Change]:
    """Lines with a time in the skipped hour and one after it: how often they run in the minute after the clock goes from 2 to 3."""
    lines = ("0 2,3 * * *", "30 2,3 * * *", "*/60 2,3 * * *")
    found = counts(lines, "1 3 * * *", CHANGES["spring"][0])
    return [{"season": "spring", "line": line, "ran": ran} for line, ran in zip(lines, found, strict=True)]


def _cronsim(line: str) -> str:
    try:
        return "" if next(CronSim(line, datetime(2026, 1, 1)), None) else "never fires"
    except CronSimError as error:
        return str(error)


class Schedule(TypedDict):
    """A schedule, and what crontab(1) and cronsim have against it: "" where they accept it."""

    line: str
    cron: str
    cron_takes: bool
    cronsim: str


@experiment(LINUX, CRONTAB, PROOT, timeout=30)
def grammar() -> Iterator[Schedule]:
    """Schedules given to crontab(1), and to cronsim, a library that follows Debian's cron."""
    for line in GRAMMAR:
        taken, why = installs(f"{line} true\n")
        yield {"line": line, "cron": why, "cron_takes": taken, "cronsim": _cronsim(line)}
