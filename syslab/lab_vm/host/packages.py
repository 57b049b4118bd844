"""The packages that the lab VM is made of, and what is taken out of them. Needs apt and dpkg, but no root."""

from __future__ import annotations

import errno
import io
import os
import platform
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
# Of a distribution: the package that depends on its kernel for virtual machines, and the names of the packages it is in.
KERNELS = {
    "debian": ("linux-image-cloud-amd64", (r"linux-image-\d.*-cloud-amd64",)),
    "ubuntu": ("linux-image-virtual", (r"linux-image-\d.*-generic", r"linux-modules-\d.*-generic")),
}
DOWNLOAD = 120.0  # seconds, all of it
LIBRARIES = ("libc6", "zlib1g", "libexpat1")
AGAIN = "python -m syslab.lab_vm"
_OPTIONS = ("-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15", "-o", "Acquire::Retries=1", "-q")
_OFFLINE = re.compile(
    r"(?:Temporary failure resolving|Could not resolve|Could not connect|Cannot initiate|Unable to connect|Connection (?:failed|timed out)"
    r"|Network is unreachable).*",
    re.IGNORECASE,
)
_FULL = re.compile(r"No space left on device|enough free space", re.IGNORECASE)


class _Offline(LabMissing):
    """The packages' server cannot be reached; asking another way would not help."""

    def __init__(self, why: str) -> None:
        super().__init__(why, f"connect to a network that reaches it; then {AGAIN}")


def _tool(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise LabMissing(f"{name} is not installed", "the lab VM is made of Debian's packages, with apt and dpkg")
    return path


def distribution() -> str:
    """A key of KERNELS: this distribution, or the one that it is derived from. LabMissing names any other."""
    try:
        about = platform.freedesktop_os_release()
    except OSError:
        about = {"PRETTY_NAME": "a system without os-release"}
    for name in (about.get("ID", ""), *about.get("ID_LIKE", "").split()):
        if name in KERNELS:
            return name
    raise LabMissing(f"it is made of Debian's packages, and this is {about.get('PRETTY_NAME') or about.get('NAME')}")


def check() -> None:
    """LabMissing where packages cannot be had, as far as can be told without asking for any."""
    if this_machine() != "x86_64 Linux":
        raise LabMissing(f"it is made for x86_64 Linux, and this machine is {this_machine()}")
    if not os.environ.get(FOLDER):
        distribution()
        for name in ("apt-get", "apt-cache"):
            _tool(name)
    _tool("dpkg-deb")


def _run(command: list[str], deadline: float, cwd: str | None = None) -> str:
    """What it prints. LabMissing, or OSError where there is no space."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            timeout=max(1.0, deadline - time.monotonic()),
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise _Offline(f"{name} took longer than {DOWNLOAD:g} s") from None
    if not done.returncode:
        return done.stdout
    if _FULL.search(done.stderr):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if offline := _OFFLINE.search(done.stderr):
        raise _Offline(f"{name} cannot fetch packages: {offline[0].strip()[:200]}")
    said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.strip().splitlines()[-1:]
    raise LabMissing(f"{name} {command[-1]}: {' '.join(said)[:300]}")


def _depends(options: list[str], package: str, pattern: str, deadline: float) -> str:
    """The one dependency of ``package`` that matches."""
    text = _run([_tool("apt-cache"), *options, "depends", "--important", package], deadline)
    for name in re.findall(r"^ +\|?(?:Pre)?Depends: <?([^\s:>]+)", text, re.MULTILINE):
        if re.fullmatch(pattern, name):
            return str(name)
    raise LabMissing(f"apt has no {package} with a dependency like {pattern}")


def names(options: list[str], deadline: float) -> list[str]:
    """The packages, by what this release of this distribution has."""
    package, patterns = KERNELS[distribution()]
    kernel: list[str] = []
    for pattern in patterns:  # each depends on the next
        kernel.append(package := _depends(options, package, pattern, deadline))
    python = _depends(options, "python3-minimal", r"python3\.\d+-minimal", deadline)
    short = python.removesuffix("-minimal")
    ffi = _depends(options, f"lib{short}-stdlib", r"libffi\d+\w*", deadline)
    return [*kernel, python, f"lib{short}-minimal", f"lib{short}-stdlib", ffi, *LIBRARIES]


def _get(options: list[str], folder: str, deadline: float) -> list[Path]:
    wanted = names(options, deadline)
    _run([_tool("apt-get"), *_OPTIONS, *options, "download", *wanted], deadline, folder)
    return sorted(Path(folder).glob("*.deb"))


def _download(folder: str, deadline: float) -> list[Path]:
    try:
        return _get([], folder, deadline)
    except _Offline:
        raise
    except LabMissing:  # no lists of packages here, or lists that name packages gone since: lists of our own
        state = Path(folder, "apt")
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True)
    options = ["-o", f"Dir::State::Lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}"]
    failed: LabMissing | None = None
    try:
        _run([_tool("apt-get"), *_OPTIONS, *options, "-o", "APT::Update::Error-Mode=any", "update"], deadline)
    except LabMissing as update:  # perhaps of a source that we do not need
        failed = update
    try:
        return _get(options, folder, deadline)
    except LabMissing as second:
        raise failed or second from None


def fetch(folder: Path) -> list[Path]:
    """The .deb files, in ``folder`` or where the environment says they are. LabMissing says what cannot be had."""
    check()
    if local := os.environ.get(FOLDER):
        found = sorted(Path(local).glob("*.deb"))
        if not found:
            raise LabMissing(f"{FOLDER} is {local}, and there are no .deb files")
        return found
    return _download(str(folder), time.monotonic() + DOWNLOAD)


def version(deb: Path) -> str:
    """``package_version`` of a file, from its name."""
    return deb.name.removesuffix(".deb").rsplit("_", 1)[0].replace("%3a", ":")


def opened(deb: Path) -> tarfile.TarFile:
    """A package's files."""
    try:
        done = subprocess.run([_tool("dpkg-deb"), "--fsys-tarfile", str(deb)], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise LabMissing(f"dpkg-deb took longer than 60 s over {deb.name}") from None
    if done.returncode:
        raise LabMissing(f"dpkg-deb cannot read {deb.name}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return tarfile.open(fileobj=io.BytesIO(done.stdout))


def members(deb: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, int, bytes | str]]:
    """Path without leading slash, mode, and content (of a link: its target, a str) of what matches in a package."""
    with opened(deb) as archive:
        for entry in archive:
            path = entry.name.removeprefix("./")
            if wanted.fullmatch(path):
                if entry.issym():
                    yield path, 0o120777, entry.linkname
                elif entry.isfile() and (file := archive.extractfile(entry)):
                    yield path, 0o100000 | entry.mode & 0o755, file.read()
