"""A crontab line run by cron and by what cron runs; the clock changes; the grammar that crontab(1) accepts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from cronsim import CronSim, CronSimError

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LINUX, tool

from .daemon import CRON, CRONTAB, FAKETIME, PROOT, CronDaemon, installs
from .model import split_percent

FISH = tool("fish")
PATH = "/usr/bin:/bin"
SCRIPT = ".config/utils/scraper.fish"
COMMANDS = {
    "noted": f'"fish ~/{SCRIPT}"',
    "without the quotes": f"fish ~/{SCRIPT}",
    "quotes round the path": f'fish "$HOME/{SCRIPT}"',
    "without the interpreter": f'"$HOME/{SCRIPT}"',
}
DST = "CET-1CEST,M3.5.0,M10.5.0/3"  # Central European time as TZ says it, so that no zone files are needed
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


def _run(command: str) -> dict[str, Any]:
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
        said = {"output": out.replace(folder, "~"), "errors": err.replace(folder, "~")}
        return {"command": command, "status": process.returncode} | said


@experiment(LINUX, FISH, tools=("fish",))
def by_shell() -> Iterator[dict[str, Any]]:
    """The noted command and three others as ``/bin/sh -c`` gets them, in cron's environment."""
    for title, command in COMMANDS.items():
        yield {"line": title} | _run(command)


@experiment(LINUX)
def command(rest: str = "date +%H:%M") -> dict[str, Any]:
    """``rest``, the part of a crontab line behind its five time fields, run as cron runs it. Five seconds at most."""
    return _run(rest)


@experiment(LINUX)
def percent() -> Iterator[dict[str, Any]]:
    """Commands with a percent sign, by ``/bin/sh -c`` after cron's own splitting."""
    for rest in ("echo 50%", r"echo 50\%", "cat%Hello,%%where are you?", "cat"):
        text, data = split_percent(rest)
        yield {"shell_gets": text, "stdin": data} | _run(rest)


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


@experiment(LINUX, CRON, PROOT, FAKETIME, FISH, timeout=60, tools=("fish",))
def by_cron() -> dict[str, Any]:
    """A real cron, its clock at 02:59:20: what the lines of 3 o'clock do; then another crontab, and no restart.

    ``noted`` and ``fixed`` end with the status. ``mail`` are the body and the part of the subject that names the job.
    ``rules``: how often lines ran that ask which day fields must match, and what is made of odd ones.
    """
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


def _change(season: str) -> list[dict[str, Any]]:
    clock, lines, last = CHANGES[season]
    tab = "\n".join(f"{line} echo x >>line{place}" for place, line in enumerate((*lines, last)))
    with CronDaemon(tab, clock, DST) as cron:
        cron.wait(lambda: cron.read(f"line{len(lines)}"), f"the line {last}")
        return [{"season": season, "line": line, "ran": cron.read(f"line{place}").count("x")} for place, line in enumerate(lines)]


@experiment(LINUX, CRON, PROOT, FAKETIME, timeout=70)
def clock_changes() -> Iterator[dict[str, Any]]:
    """How often a line runs in the minute after the clock changes: forward from 2 to 3, back from 3 to 2."""
    with ThreadPoolExecutor(len(CHANGES)) as pool:
        for rows in pool.map(_change, CHANGES):
            yield from rows


def _cronsim(line: str) -> str:
    try:
        return "" if next(CronSim(line, datetime(2026, 1, 1)), None) else "never fires"
    except CronSimError as error:
        return str(error)


@experiment(LINUX, CRONTAB, PROOT, timeout=30)
def grammar() -> Iterator[dict[str, Any]]:
    """Schedules given to crontab(1), and to cronsim, a library that follows Debian's cron."""
    for line in GRAMMAR:
        taken, why = installs(f"{line} true\n")
        yield {"line": line, "cron": why, "cron_takes": taken, "cronsim": _cronsim(line)}
