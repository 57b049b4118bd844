"""QEMU started with a CPU model, only to hear what it says about it. No guest code runs: ``-S`` stops it before the first."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import TypedDict

QEMU = "qemu-system-x86_64"
SECONDS = 30.0
_CPU = "/machine/unattached/device[0]"
MODEL, MISSING = "qemu64", "avx512f"
ASKED = (MODEL, f"{MODEL},+{MISSING}", f"{MODEL},+{MISSING},enforce", f"{MODEL},+{MISSING},check=off", f"{MODEL},+nosuchbit")


class QemuSilent(RuntimeError):
    """QEMU is not installed, or did not come to an end in time."""


class Started(TypedDict):
    """A CPU model: QEMU's exit status, its lines on stderr, and whether the CPU has :data:`MISSING` (None: no CPU, or not told)."""

    cpu: str
    status: int
    said: list[str]
    has: bool | None


def started(cpu: str) -> Started:
    """``-cpu cpu`` on TCG, and ``quit`` on its monitor."""
    path = shutil.which(QEMU)
    if not path:
        raise QemuSilent(f"{QEMU} is not installed (Debian: apt install qemu-system-x86)")
    command = [
        path, "-accel", "tcg", "-cpu", cpu, "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config", "-display", "none", "-S",
        "-monitor", "stdio",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            told, said = process.communicate(f"qom-get {_CPU} {MISSING}\nquit\n", timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise QemuSilent(f"{QEMU} -cpu {cpu} did not quit within {SECONDS:g} s") from None
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    lines = [line.split(": ", 1)[1] if line.startswith(QEMU) else line for line in said.splitlines()]
    has = {"true": True, "false": False}
    found = [has[line] for line in told.split() if line in has]
    return {"cpu": cpu, "status": process.returncode, "said": lines, "has": found[0] if found else None}
