"""The folder that images are kept in: where it is, whether it is ours alone, and whether one fits."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LabMissing

FOLDER = "SYSLAB_LAB_CACHE"  # instead of the user's cache folder
SPACE = 250  # megabytes that building takes for a while


def root() -> Path:
    """Where images are kept: absolute, as QEMU does not run in this folder."""
    if chosen := os.environ.get(FOLDER):
        return Path(os.path.abspath(chosen))
    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base if os.path.isabs(base) else f"{_home()}/.cache") / "runnable-systems-notes"


def _home() -> str:
    """HOME, or where it is empty or relative what the system says; a folder that cannot be made for who has none."""
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        import pwd

        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            home = ""
    return home if os.path.isabs(home) else "/proc/no-home"


def check_owner(path: Path) -> None:
    """Nobody else may have written what QEMU will load."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise LabMissing(f"{path} is a symbolic link", f"set {FOLDER} to where it leads")
    if status.st_uid != os.geteuid():
        raise LabMissing(f"{path} belongs to another user", f"remove it, or set {FOLDER} to a folder of your own")
    if status.st_mode & 0o022:
        raise LabMissing(f"{path} can be written by others", f"chmod go-w {path}")


def check_space(folder: Path) -> None:
    """LabMissing if a build would fill the disk."""
    if (free := shutil.disk_usage(folder).free) < SPACE * 1_000_000:
        raise _no_space(folder, f"{free // 1_000_000} MB are free, and it takes {SPACE} MB to build")


def _no_space(folder: Path, why: str) -> LabMissing:
    return LabMissing(f"no space for it in {folder}: {why}", f"free {SPACE} MB, or set {FOLDER} to another folder")


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """While it is used: LabMissing that says what is wrong with ``folder`` in place of an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_space(folder, str(error.strerror)) from None
        why = f"{folder} cannot be used: {error.strerror or error}"
        raise LabMissing(why, f"set {FOLDER} to a folder that can be written") from None
