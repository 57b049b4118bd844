"""Debian's packages for the lab VM, and what is taken out of them. Needs apt and dpkg, but no root."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from syslab.native import this_machine

from .errors import LabMissing

FOLDER = "SYSLAB_LAB_PACKAGES"  # a folder with the .deb files, instead of the network
KERNEL = "linux-image-cloud-amd64"
DOWNLOAD = 120.0  # seconds, all of it
LIBRARIES = ("libc6", "zlib1g", "libexpat1")
_OPTIONS = ("-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15", "-o", "Acquire::Retries=1", "-q")
_NEW = "apt-get update, on Debian"


def _tool(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise LabMissing(f"{name} is not installed", "the lab VM is made of Debian's packages, with apt and dpkg")
    return path


def _run(command: list[str], deadline: float, cwd: str | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            timeout=max(1.0, deadline - time.monotonic()),
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise LabMissing(f"{Path(command[0]).name} took longer than {DOWNLOAD:g} s", "a network that answers") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.strip().splitlines()[-1:]
        raise LabMissing(f"{' '.join(Path(command[0]).name.split() + command[-1:])}: {' '.join(said)}", _NEW)
    return done.stdout


def _depends(options: list[str], package: str, pattern: str, deadline: float) -> str:
    """The one dependency of ``package`` that matches."""
    text = _run([_tool("apt-cache"), *options, "depends", "--important", package], deadline)
    for name in re.findall(r"^ +\|?(?:Pre)?Depends: <?([^\s:>]+)", text, re.MULTILINE):
        if re.fullmatch(pattern, name):
            return str(name)
    raise LabMissing(f"apt has no {package} with a dependency like {pattern}", _NEW)


def names(options: list[str], deadline: float) -> list[str]:
    """The packages, by what this release of Debian has."""
    kernel = _depends(options, KERNEL, r"linux-image-\d.*-cloud-amd64", deadline)
    python = _depends(options, "python3-minimal", r"python3\.\d+-minimal", deadline)
    short = python.removesuffix("-minimal")
    ffi = _depends(options, f"lib{short}-stdlib", r"libffi\d+", deadline)
    return [kernel, python, f"lib{short}-minimal", f"lib{short}-stdlib", ffi, *LIBRARIES]


def _private_lists(folder: str, deadline: float) -> list[str]:
    """Package lists of our own, for a system whose lists are absent or old: apt's options that name them."""
    state = Path(folder, "apt")
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True)
    options = ["-o", f"Dir::State::Lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}"]
    _run([_tool("apt-get"), *_OPTIONS, *options, "update"], deadline)
    return options


def _download(folder: str, deadline: float) -> list[Path]:
    _tool("dpkg-deb")
    apt = _tool("apt-get")
    options: list[str] = []
    try:
        wanted = names(options, deadline)
        _run([apt, *_OPTIONS, "download", *wanted], deadline, folder)
    except LabMissing as first:
        try:  # no lists here, or lists that name packages gone since
            options = _private_lists(folder, deadline)
            wanted = names(options, deadline)
            _run([apt, *_OPTIONS, *options, "download", *wanted], deadline, folder)
        except LabMissing as second:
            raise (second if "took longer" in second.why else first) from None
    return sorted(Path(folder).glob("*.deb"))


def fetch(folder: Path) -> list[Path]:
    """The .deb files, in ``folder`` or where the environment says they are. LabMissing says what cannot be had."""
    if this_machine() != "x86_64 Linux":
        raise LabMissing(f"it is made for x86_64 Linux, and this machine is {this_machine()}")
    if local := os.environ.get(FOLDER):
        found = sorted(Path(local).glob("*.deb"))
        if not found:
            raise LabMissing(f"{FOLDER} is {local}, and there are no .deb files")
        _tool("dpkg-deb")
        return found
    return _download(str(folder), time.monotonic() + DOWNLOAD)


def version(deb: Path) -> str:
    """``package_version`` of a file, from its name."""
    return deb.name.removesuffix(".deb").rsplit("_", 1)[0].replace("%3a", ":")


def members(deb: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, int, bytes | str]]:
    """Path without leading slash, mode, and content (of a link: its target, a str) of what matches in a package."""
    try:
        done = subprocess.run([_tool("dpkg-deb"), "--fsys-tarfile", str(deb)], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise LabMissing(f"dpkg-deb took longer than 60 s over {deb.name}") from None
    if done.returncode:
        raise LabMissing(f"dpkg-deb cannot read {deb.name}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for entry in archive:
            path = entry.name.removeprefix("./")
            if wanted.fullmatch(path):
                if entry.issym():
                    yield path, 0o120777, entry.linkname
                elif entry.isfile() and (file := archive.extractfile(entry)):
                    yield path, 0o100000 | entry.mode & 0o755, file.read()
