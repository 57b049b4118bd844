"""Runs of a real cron that several questions of the chapter make: what sh gets of a line, and a line around a change of the clock."""

from __future__ import annotations

from .daemon import CronDaemon

DST = "CET-1CEST,M3.5.0,M10.5.0/3"  # Central European time as TZ says it, so that no zone files are needed
SHELL = """#!/bin/sh
cat >"input$PLACE"
printf %s "$2" >"new$PLACE"
mv "new$PLACE" "command$PLACE"
"""


def what_sh_gets(rests: tuple[str, ...]) -> list[tuple[str, str]]:
    """The command and the standard input that a shell gets from cron, for each rest of a line. OSError and TimeoutError as the daemon."""
    lines = (f"PLACE={place}\n0 3 * * * {rest}" for place, rest in enumerate(rests))
    with CronDaemon("", "2026-01-01 02:59:20") as cron:
        shell = cron.folder / "shell"
        shell.write_text(SHELL, encoding="utf-8")
        shell.chmod(0o755)
        cron.install("\n".join((f"SHELL={shell}", *lines)))
        places = range(len(rests))
        cron.wait(lambda: all(cron.exists(f"command{place}") for place in places), "the jobs of 3 o'clock")
        return [(cron.read(f"command{place}"), cron.read(f"input{place}")) for place in places]


def counts(lines: tuple[str, ...], last: str, clock: str) -> list[int]:
    """How often cron ran each line from ``clock`` on, until ``last`` ran too; where Central European time is kept."""
    tab = "\n".join(f"{line} echo x >>line{place}" for place, line in enumerate((*lines, last)))
    with CronDaemon(tab, clock, DST) as cron:
        cron.wait(lambda: cron.read(f"line{len(lines)}"), f"the line {last}")
        return [cron.read(f"line{place}").count("x") for place in range(len(lines))]


def starts() -> list[int]:
    """How often an @reboot line has run after cron's start, after a restart, and after a start with an empty /run."""
    found = []
    with CronDaemon("@reboot echo x >>started\n* * * * * echo x >>minutes", "2026-01-01 02:59:20") as cron:
        for booted in (None, False, True):
            if booted is not None:
                cron.restart(booted)
            before = cron.read("minutes")
            cron.wait(lambda before=before: cron.read("minutes") != before, "a job of the next minute")  # type: ignore[misc]
            found.append(cron.read("started").count("x"))
    return found
