"""Debian's cron as an ordinary process: proot says that it is root, faketime sets and speeds up its clock.

Nothing of the system is touched: spool and pid file are in a private folder, and so is the mail, which a script takes
in the place of sendmail. A job runs in a home of its own and sees the real clock, because cron clears its environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from syslab.evidence.needs import Need, tool

SPOOL, MAILER = "/var/spool/cron/crontabs", "/usr/sbin/sendmail"
ACCOUNT = "/etc/pam.d/common-account"  # an ordinary user's root fails its check in Ubuntu 24.04
PATIENCE = 25.0  # seconds for anything a test waits for; it mostly takes less than three
TICK = 0.05
PROOT, FAKETIME = tool("proot"), tool("faketime")


def program(name: str) -> str | None:
    """Where ``name`` is, also in the folders that ordinary users do not search; None where nothing is searched."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=f"{path}:/usr/sbin:/sbin") if path else None


CRON = Need("cron", lambda: None if program("cron") else "cron is not installed", "apt install cron")
CRONTAB = Need("crontab", lambda: None if program("crontab") else "crontab is not installed", "apt install cron")


class CronDaemon:
    """Cron with one crontab, from ``clock`` (``2026-01-01 02:59:20``, in UTC) on, ``speed`` times as fast as time.

    ``zone``, a value of TZ, is where cron believes to be. ``files``: texts that cron and PAM find in the place of the system's,
    by path. ValueError for a clock that is none, OSError if a program is missing,
    TimeoutError if something awaited does not come.
    """

    def __init__(
        self, crontab: str, clock: str, zone: str = "UTC0", speed: int = 40, files: Mapping[str, str] | None = None
    ) -> None:
        start = datetime.fromisoformat(clock).replace(tzinfo=UTC).timestamp()
        self.folder = Path(tempfile.mkdtemp(prefix="syslab-"))
        self.home, self._tabs, self._run = (self.folder / name for name in ("home", "tabs", "run"))
        for folder in (self.home, self._tabs, self._run):
            folder.mkdir()
        self._mailer = self.folder / "sendmail"
        self._mailer.write_text(f'#!/bin/sh\ncat >"{self.folder}/mail.new" && mv "{self.folder}/mail.new" "{self.folder}/mail"\n')
        self._mailer.chmod(0o755)
        self._account = self.folder / "common-account"
        self._account.write_text("account required pam_permit.so\n")
        self._start, self._zone, self._speed = start, zone, speed
        self._files = [(self.folder / f"file{place}", there) for place, there in enumerate(files or {})]
        for (here, _), text in zip(self._files, (files or {}).values(), strict=True):
            here.write_text(text, encoding="utf-8")
        self.install(crontab)

    def install(self, crontab: str) -> None:
        """Put ``crontab`` into the spool, as crontab(1) does: under another name first, then in one step."""
        new = self._tabs / "tmp.new"
        new.write_text(f"HOME={self.home}\n{crontab}\n", encoding="utf-8")
        new.chmod(0o600)
        new.rename(self._tabs / "root")

    def __enter__(self) -> CronDaemon:
        binds = [
            (self._mailer, MAILER),
            (self._account, ACCOUNT),
            (self._tabs, SPOOL),
            (self._run, "/run"),
            (self._run, "/var/run"),
            *self._files,
        ]
        # an offset and not a date: faketime reads a date in the zone, and takes the second of two equal hours
        clock = f"{self._start - time.time():+.0f}s x{self._speed}"
        command = ["proot", "-0", *(word for here, there in binds for word in ("-b", f"{here}:{there}"))]
        command += ["faketime", "-f", clock, program("cron") or "cron", "-f"]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "TZ": self._zone}
        quiet = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self, booted: bool = False) -> None:
        """End cron and start it again, a minute on. ``booted``: with /run empty, as it is after a boot."""
        self.stop()
        for left in self._run.iterdir() if booted else ():
            left.unlink()
        self._start += 60
        self.__enter__()

    def stop(self) -> None:
        """End cron. Cron first: proot waits for those it traces, and does not end before them."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self._run / "crond.pid").read_text()), signal.SIGKILL)
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def read(self, name: str) -> str:
        """The text of a file in the jobs' home (``../mail``: the last mail), "" while there is none."""
        path = self.home / name
        return path.read_text(encoding="utf-8", errors="replace").replace(str(self.home), "~") if path.exists() else ""

    def exists(self, name: str) -> bool:
        """Whether there is a file ``name`` in the jobs' home."""
        return (self.home / name).exists()

    def wait(self, done: Callable[[], object], what: str) -> None:
        """Until ``done()`` is true; TimeoutError that names ``what`` after :data:`PATIENCE` seconds."""
        end = time.monotonic() + PATIENCE
        while not done():
            if self._process.poll() is not None:
                raise OSError(f"cron ended with status {self._process.returncode} before {what}")
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {PATIENCE:g} s")
            time.sleep(TICK)


def installs(crontab: str) -> tuple[bool, str]:
    """Whether crontab(1) accepts ``crontab``, and the reason it gives if not. Into a private spool. Ten seconds at most."""
    with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
        (Path(folder) / "tab").write_text(crontab, encoding="utf-8")
        (Path(folder) / "spool").mkdir()
        bind = f"{folder}/spool:{SPOOL}"
        done = subprocess.run(
            ["proot", "-0", "-b", bind, program("crontab") or "crontab", "tab"],
            cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10, start_new_session=True,
        )  # fmt: skip
        said = done.stderr.splitlines()
        return done.returncode == 0, said[0].partition(": ")[2].removeprefix("0: ") if said else ""
