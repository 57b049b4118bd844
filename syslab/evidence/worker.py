"""The process an experiment runs in. Started by :mod:`.bounded`; not for readers.

    supervisor (this module, subreaper)  ->  the experiment's own process, in its own session

The supervisor passes rows on as they come, ends the experiment at its deadline, and then kills whatever is left
of its descendants, in whatever session or process group they hid: as subreaper it inherits every orphan.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from importlib import import_module
from typing import Any

from syslab.messages import send, tell

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _children(of: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == of:
                        found.append(int(entry))
            except OSError:
                continue  # it ended while we looked
    return found


def _kill_descendants() -> None:
    """Kill and reap until nobody is left; orphans come to us, so each round reaches one generation deeper."""
    for _ in range(1000):
        kids = _children(os.getpid())
        if not kids:
            return
        for pid in kids:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError, PermissionError):
                continue


def _experiment(job: dict[str, Any], out: int) -> None:
    """Run the function and report; never returns."""
    status = 1
    try:
        module, name = job["target"].split(":")
        status = tell(out, lambda: getattr(import_module(module), name).function(**job["arguments"]))
    finally:
        sys.stdout.flush()
        os._exit(status)


def main() -> None:
    """Read the job from stdin (JSON: target, arguments, timeout), write messages to stdout, a JSON line each."""
    out = os.dup(1)
    os.set_inheritable(out, False)
    os.dup2(2, 1)  # what an experiment prints is no message
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    job = json.load(sys.stdin)
    folder = tempfile.mkdtemp(prefix="syslab-")  # 0700
    os.chdir(folder)
    tempfile.tempdir = folder
    os.environ.update(TMPDIR=folder, HOME=folder, LC_ALL="C.UTF-8")
    deadline = time.monotonic() + job["timeout"]
    try:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _experiment(job, out)
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                send(out, {"status": os.waitstatus_to_exitcode(status)})
                break
            time.sleep(0.002)
        else:
            send(out, {"timeout": job["timeout"]})
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _kill_descendants()
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
