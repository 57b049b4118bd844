"""The environment that notebooks and builds run in: quiet, and writing nowhere but under ``_build``."""

from __future__ import annotations

import os
from pathlib import Path

from syslab.lab_vm.host import cache

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"


def contained(build: Path = BUILD) -> dict[str, str]:
    """Variables that keep IPython, Jupyter and matplotlib inside ``build``; creates the folders they need."""
    folder = build / "jupyter"
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    # 30 (warning) would print a line about unencrypted loopback TCP for every kernel
    (profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n", encoding="utf-8")
    for name in ("runtime", "data", "config", "matplotlib", "cache"):
        (folder / name).mkdir(exist_ok=True)
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
