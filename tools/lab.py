"""``make lab``: JupyterLab on the notebooks, on this machine only, its files inside ``_build``."""

from __future__ import annotations

import os
import sys

from . import failures
from .environment import ROOT, contained


def main() -> None:
    """Becomes JupyterLab; Ctrl-C ends it."""
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={ROOT}"]
    command += [
        "--ServerApp.default_url=/lab/tree/notebooks/index.ipynb",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    command += ["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []
    os.execve(sys.executable, [*command, *sys.argv[1:]], {**os.environ, **contained()})


if __name__ == "__main__":
    sys.exit(failures.run(main))
