"""The environment that notebooks and builds run in: quiet, and writing nowhere but under ``_build``."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from syslab.lab_vm.host import cache

from .keeping import Unusable, write

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"


def private(folder: Path) -> Path:
    """The folder itself, made or mended so that nobody else can look into it, whatever the umask and its mode before.

    Jupyter writes tokens and keys there, some of them readable for all: it relies on its folder's 0700. Unusable for a
    symlink, and for a folder of somebody else's, who could open it again; only who owns the checkout is trusted by root,
    since what runs here is his code.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise Unusable(f"{folder} is a symbolic link, but a private folder must be there: remove it and try again")
    trusted = {os.geteuid(), ROOT.stat().st_uid} if os.geteuid() == 0 else {os.geteuid()}
    if found.st_uid not in trusted:
        raise Unusable(f"{folder} belongs to another user (uid {found.st_uid}), who could read your keys: remove it and try again")
    if found.st_mode & 0o777 != 0o700:  # Jupyter adds the sticky bit to the folder of its connection files
        folder.chmod(0o700)
    return folder


def contained(build: Path = BUILD) -> dict[str, str]:
    """Variables that keep IPython, Jupyter and matplotlib inside ``build``, where only this user can read what they write.

    Creates the folders they need. Unusable or OSError if that cannot be.
    """
    build.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = private(build / "jupyter")
    for name in ("runtime", "data", "config", "matplotlib", "cache", "ipython", "ipython/profile_default"):
        private(folder / name)
    # 30 (warning) would print a line about unencrypted loopback TCP for every kernel
    write(folder / "ipython" / "profile_default" / "ipython_kernel_config.py", "get_config().IPKernelApp.log_level = 40\n")
    return {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        # not in there: made once a user, not once a checkout
        "SYSLAB_LAB_CACHE": str(cache.root()),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def contain() -> None:
    """Put :func:`contained` into this process's own environment."""
    os.environ.update(contained())
