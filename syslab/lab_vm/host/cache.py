"""The kept image: kernel and snapshot in the user's cache folder, built once, checked before they are used.

    ~/.cache/runnable-systems-notes/
        lab.lock            held by whoever builds
        lab-<key>/          vmlinuz, snapshot, manifest.json (versions, sizes, checksums, times)
        .building-<pid>/    a build that goes on, or was killed; becomes lab-<key> in one step

The key covers QEMU's version, the machine, the agent and the packages. A new agent or QEMU makes a new image; new
packages do on ``python -m syslab.lab_vm --update``.

That it cannot be built is found out once: the reason stays in this process's environment, so that its children (the
kernels of a book's chapters, say) neither try again nor ask the network again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from syslab.posix import fcntl

from . import image, packages, qemu
from .errors import LabCorrupt, LabDied, LabHung, LabMissing
from .place import FOLDER, check_owner, check_space, root, usable

__all__ = ["FAILED", "FOLDER", "SWITCH", "Image", "failed", "find", "made_by", "ready", "root", "switched_off"]

SWITCH = "SYSLAB_LAB"  # "off" hides the lab VM
FAILED = "SYSLAB_LAB_FAILED"  # why it could not be built, as JSON [why, helps]; set here, and inherited
KERNEL, SNAPSHOT, MANIFEST = "vmlinuz", "snapshot", "manifest.json"
BOOT = 180.0  # seconds that a boot with snapshot may take: three where nothing else runs, but a loaded machine is no reason
WAIT = 400.0  # seconds to wait for another process that builds
KEEP = 3  # images of other keys


@dataclass(frozen=True)
class Image:
    """A checked image."""

    folder: Path
    manifest: dict[str, Any]
    inode: int

    def is_still_there(self) -> bool:
        """Whether its place holds it, and not a later build."""
        try:
            return self.folder.stat().st_ino == self.inode
        except FileNotFoundError:
            return False

    @property
    def kernel(self) -> Path:
        return self.folder / KERNEL

    @property
    def snapshot(self) -> Path:
        return self.folder / SNAPSHOT


def made_by() -> str:
    """The part of the key that is known without asking apt: this code, the machine and QEMU."""
    digest = hashlib.sha256(json.dumps([qemu.version(), qemu.MACHINE, qemu.APPEND]).encode())
    for path in (
        *sorted(image.AGENT.glob("*.py")),
        *(Path(__file__).with_name(name) for name in ("image.py", "kernel.py", "qemu.py")),
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_checked: dict[tuple[Any, ...], bool] = {}


def _intact(path: Path, size: int, sha256: str) -> bool:
    """Whether a file is what the manifest says; each state of a file is read once a process."""
    try:
        status = path.stat()
        if status.st_size != size:
            return False
        key = (str(path), status.st_ino, status.st_mtime_ns, status.st_ctime_ns, size, sha256)
        if key not in _checked:
            with path.open("rb") as file:
                _checked[key] = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        return _checked[key]
    except FileNotFoundError:
        return False


def _load(folder: Path, by: str) -> Image | None:
    """The image in ``folder`` if ``by`` made it and it is whole; LabCorrupt if it is not."""
    try:
        check_owner(folder)
        check_owner(folder / MANIFEST)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["made_by"] != by:
            return None
        files = {name: (int(size), str(sha256)) for name, (size, sha256) in manifest["files"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise LabCorrupt(f"{folder} has no readable {MANIFEST}") from None
    for name in (KERNEL, SNAPSHOT):
        if name not in files or not _intact(folder / name, *files[name]):
            raise LabCorrupt(f"{folder / name} is not what was built")
    return Image(folder, manifest, folder.stat().st_ino)


def find(by: str) -> Image | None:
    """The newest whole image that ``by`` made, if there is one."""
    folder = root()
    try:
        check_owner(folder)
        found = sorted(folder.glob("lab-*"), key=lambda path: path.lstat().st_mtime, reverse=True)
    except FileNotFoundError:
        return None
    for path in found:
        try:
            if path.is_dir() and (image := _load(path, by)):
                return image
        except LabCorrupt:
            continue
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One builder at a time; the lock ends with the process that holds it."""
    with (folder / "lab.lock").open("a") as lock:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LabMissing(
                        f"another process has been building it for {WAIT:g} s", f"look who holds {lock.name}"
                    ) from None
                time.sleep(0.05)
        yield


def switched_off() -> None:
    """LabMissing if the environment hides the lab VM."""
    if os.environ.get(SWITCH) == "off":
        raise LabMissing(f"{SWITCH} is off", f"unset {SWITCH}")


def _to_terminal(text: str) -> None:
    """To who waits in front of one: not into a notebook's cell, and not into the output of a script."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def failed() -> LabMissing | None:
    """Why it could not be built, if this process or one that started it has tried."""
    try:
        why, helps = json.loads(os.environ[FAILED])
        return LabMissing(str(why), str(helps))
    except (KeyError, ValueError, TypeError):
        return None


def ready(
    say: Callable[[str], None] = _to_terminal, update: bool = False, without: Image | None = None, again: bool = False
) -> Image:
    """The image, built now if need be; LabMissing says why there is none.

    ``without`` names an image that did not start: it is removed first. ``update`` asks apt for newer packages, and
    ``again`` builds although that has :func:`failed`. ``say`` gets a line before building, which takes a while.
    """
    switched_off()
    try:
        by = made_by()
    except LabMissing:
        packages.check()  # a system that has no such packages is the better reason
        raise
    qemu.check()
    if not update and not without:
        with usable(root()):
            found = find(by)
        if found:
            os.environ.pop(FAILED, None)  # whoever built it since
            return found
    if not (update or again) and (before := failed()):
        raise before
    packages.check()
    qemu.setpriv()
    folder = root()
    with usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(folder)
        check_space(folder)
    try:
        with usable(folder), _locked(folder):
            if without and without.is_still_there():  # else another process has built it anew
                shutil.rmtree(without.folder, ignore_errors=True)
            if not update and (found := find(by)):  # another process built it while we waited
                return found
            for old in folder.glob(".building-*"):  # whoever made it is dead: we hold the lock
                shutil.rmtree(old, ignore_errors=True)
            return _build(folder, by, say)
    except LabMissing as missing:  # what took no time to find out is found out again, and may have been mended
        os.environ[FAILED] = json.dumps([missing.why, missing.helps])
        raise


class _Summing:
    """A file that is written once, with its checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.size, self.digest = file, 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.size += len(data)
        self.digest.update(data)

    def close(self) -> tuple[int, str]:
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.size, self.digest.hexdigest()


def _build(folder: Path, by: str, say: Callable[[str], None]) -> Image:
    times: dict[str, float] = {}
    started = time.monotonic()

    def lap(what: str) -> None:
        nonlocal started
        now = time.monotonic()
        times[what] = round(now - started, 3)
        started = now

    say("Building the lab VM (a kernel of this distribution in QEMU; once, some 10 seconds)")
    building = folder / f".building-{os.getpid()}"
    building.mkdir(mode=0o700)
    try:
        (building / "debs").mkdir()
        debs = packages.fetch(building / "debs")
        lap("download")
        kernel, initrd, used = image.make(debs)
        shutil.rmtree(building / "debs")
        (building / KERNEL).write_bytes(kernel)
        (building / "initrd").write_bytes(initrd)
        lap("build")
        files = {KERNEL: (len(kernel), hashlib.sha256(kernel).hexdigest())}
        deadline = time.monotonic() + BOOT
        with qemu.Qemu(building / KERNEL, building / "initrd") as machine, (building / SNAPSHOT).open("wb") as file:
            machine.greet(deadline)
            about = qemu.wait_for_ready(machine, deadline)
            lap("boot")
            snapshot = _Summing(file)
            qemu.save(machine, snapshot.write, deadline)
            files[SNAPSHOT] = snapshot.close()
        (building / "initrd").unlink()
        lap("snapshot")
        manifest = {"made_by": by, "packages": used, "qemu": qemu.version(), "files": files, "seconds": times, **about}
        (building / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        key = hashlib.sha256(json.dumps([by, used]).encode()).hexdigest()[:16]
        target = folder / f"lab-{key}"
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    except (LabDied, LabHung) as error:
        raise LabMissing(f"its first boot failed: {error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    others = sorted((p for p in folder.glob("lab-*") if p.is_dir() and p != target), key=lambda p: p.stat().st_mtime)
    for old in others[: max(0, len(others) - KEEP + 1)]:
        shutil.rmtree(old, ignore_errors=True)
    return Image(target, manifest, target.stat().st_ino)
