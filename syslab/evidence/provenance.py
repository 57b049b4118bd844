"""Which machine answered: CPU, kernel, hypervisor, tools, date."""

from __future__ import annotations

import datetime
import platform
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from typing import Any

_VERSION_FLAG = {"bash": "--version", "cpuid": "--version", "unshare": "--version"}


@dataclass(frozen=True)
class Provenance:
    """``how`` is live, lab or record; ``witness`` the kind of machine (host, tcg-max, kvm-svm ...).

    For the reader of this answer, and in no record: ``install`` is what would make it live, ``failed`` what became of the
    run that it stands in for, ``note`` a sentence more.
    """

    how: str
    witness: str
    cpu: str
    kernel: str
    user: str
    date: str
    seconds: float
    hypervisor: str = ""
    tools: dict[str, str] = field(default_factory=dict)
    code: str = ""
    install: tuple[str, ...] = ()
    failed: str = ""
    note: str = ""

    def line(self) -> str:
        """One line of text, the badge's word first."""
        seconds = f"{self.seconds:.2f}".rstrip("0").rstrip(".") if self.seconds >= 0.005 else "under 0.01"
        parts = [
            self.cpu + (f" under {self.hypervisor}" if self.hypervisor else ""),
            self.kernel,
            *(f"{name} {version}" for name, version in sorted(self.tools.items())),
            self.user,
            self.date,
            f"{seconds}\u00a0s",
        ]
        text = f"{self.how} · {self.witness} · " + " · ".join(p for p in parts if p)
        if self.install:
            text += f". To run it live: {'; '.join(self.install)}"
        if self.failed:
            text += f". The run here failed, so this is a record: {self.failed}"
        return text + (f". {self.note}" if self.note else "")

    def to_dict(self) -> dict[str, Any]:
        """JSON for a record: what was so when it was made."""
        return {name: value for name, value in asdict(self).items() if name not in ("install", "failed", "note")}


def _cpu() -> tuple[str, str]:
    """Model name with family/model/stepping, and the hypervisor if CPUID says there is one."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
            info = dict(re.findall(r"^([^\t:]+?)\s*: (.*)$", f.read().split("\n\n")[0], re.MULTILINE))
    except OSError:
        return platform.processor() or platform.machine(), ""
    name = info.get("model name", platform.machine()).strip()
    numbers = [info.get(key) for key in ("cpu family", "model", "stepping")]
    if all(numbers):
        name += f" (family {numbers[0]}, model {numbers[1]}, stepping {numbers[2]})"
    return name, "a hypervisor" if "hypervisor" in info.get("flags", "").split() else ""


def _user() -> str:
    import os

    return "root" if os.geteuid() == 0 else "ordinary user"


def tool_version(name: str) -> str:
    """The first dotted number or date (20230120) a program prints of itself, or "" where it is missing or silent."""
    path = shutil.which(name)
    if not path:
        return ""
    try:
        done = subprocess.run(
            [path, _VERSION_FLAG.get(name, "--version")], capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(?:\.\d+)+|\b\d{8}\b", done.stdout + done.stderr)
    return found[0] if found else ""


def here(how: str, seconds: float, tools: tuple[str, ...] = (), witness: str = "host", code: str = "") -> Provenance:
    """The provenance of something this machine just did."""
    cpu, hypervisor = _cpu()
    # Debian's release names an ABI (6.1.0-56); the version it was made from is in the other string
    release = re.search(r"(?<=Debian )\d+(\.\d+)+", platform.version()) or re.match(r"\d+(\.\d+)*", platform.release())
    return Provenance(
        how=how,
        witness=witness,
        cpu=cpu,
        hypervisor=hypervisor,
        kernel=f"{platform.system()} {release[0] if release else platform.release()}",
        user=_user(),
        date=datetime.date.today().isoformat(),
        seconds=round(seconds, 3),
        tools={name: version for name in tools if (version := tool_version(name))},
        code=code,
    )
