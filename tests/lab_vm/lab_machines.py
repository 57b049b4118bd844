"""Machines that lack something of what the lab VM is built of, made of a PATH, an os-release and a cache folder."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from syslab.lab_vm.host import cache, packages

DEBIAN = {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)"}
QEMU = 'echo "QEMU emulator version 0.1 (a file that only says so)"'
KNOWN = """
while [ $# -gt 1 ]; do shift; done
case $1 in
linux-image-cloud-amd64) echo "  Depends: linux-image-6.12.1-cloud-amd64" ;;
linux-image-virtual) echo "  Depends: linux-image-6.8.0-31-generic" ;;
linux-image-6.8.0-31-generic) echo "  Depends: linux-modules-6.8.0-31-generic" ;;
python3-minimal) echo "  PreDepends: python3.13-minimal" ;;
libpython3.13-stdlib) echo "  Depends: libffi8" ;;
*) echo "E: No packages found" >&2; exit 100 ;;
esac
"""
OFFLINE = """
echo "E: Failed to fetch http://deb.debian.org/p/libc6.deb  Temporary failure resolving 'deb.debian.org'" >&2
exit 100
"""


class Bare:
    """A machine with dpkg-deb, setpriv, a QEMU that has a version, and ``apt-get`` and ``apt-cache`` as told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin, self.cache, self.log = folder / "bin", folder / "cache", folder / "asked"
        self.bin.mkdir()
        for name in ("dpkg-deb", "setpriv"):
            if path := shutil.which(name):
                (self.bin / name).symlink_to(path)
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv(cache.FOLDER, str(self.cache))
        monkeypatch.setenv(cache.FAILED, "")  # also for what is set in the test
        for name in (packages.FOLDER, cache.SWITCH, "SYSLAB_EVIDENCE"):
            monkeypatch.delenv(name, raising=False)
        self.monkeypatch = monkeypatch
        self.is_a(DEBIAN)
        self.program("qemu-system-x86_64", QEMU)
        self.program("apt-cache", KNOWN)
        self.program("apt-get", OFFLINE)

    def is_a(self, release: dict[str, str]) -> None:
        """What os-release says, in this process."""
        self.monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)

    def program(self, name: str, text: str) -> None:
        """Put a shell script there that notes each call."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{text}\n')
        path.chmod(0o755)

    def asked(self, name: str = "apt-get") -> list[str]:
        """The calls so far."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.startswith(name)]
