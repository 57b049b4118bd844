"""``make lab``: JupyterLab on the reader's own copy of the notebooks, on this machine only.

The copy is ``work/``, made when missing, brought up to date where the reader has changed nothing; git does not track it
and ``make clean`` leaves it. Whatever else Jupyter writes is inside ``_build``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from ipykernel.ipkernel import IPythonKernel

from . import failures
from .book import lab_vm
from .environment import BUILD, ROOT, contained, private
from .keeping import Unusable, refresh, write
from .notebooks import notebooks

WORK = ROOT / "work"
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def prepare() -> list[str]:
    """Make the working copy, or bring it up to date; what there is to say, a line each. Unusable or OSError if it cannot be."""
    new = not WORK.exists()
    # with what the kernel says of itself in it, a notebook that is only opened and saved by JupyterLab is not changed
    outcome = refresh(WORK, notebooks(IPythonKernel.language_info))
    if new:
        return ["work/ is your copy of the notebooks: git does not track it, and `make clean` leaves it."]
    lines = []
    if outcome.written or outcome.removed:
        lines.append(f"work/: brought up to date: {', '.join(outcome.written + outcome.removed)}")
    lines += [f"work/{name}.ipynb has your changes and was kept; the book has a newer one" for name in outcome.kept]
    if outcome.kept:
        lines.append("To have the newer one, rename or delete yours and run `make lab` again.")
    return lines


def environment() -> dict[str, str]:
    """What :func:`contained` says, for a JupyterLab that asks nobody whether he would like news."""
    variables = contained()
    folder = private(BUILD / "jupyter" / "config" / "labconfig")
    write(folder / "default_setting_overrides.json", json.dumps(SETTINGS, indent=1) + "\n")
    return variables


def main() -> int:
    """Becomes JupyterLab; Ctrl-C ends it. Exit status 1 if that cannot be."""
    _, more = argparse.ArgumentParser(description=__doc__, epilog="Further arguments are JupyterLab's.").parse_known_args()
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={WORK}"]
    command += [
        "--ServerApp.default_url=/lab/tree/index.ipynb",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    command += ["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []
    try:
        for line in prepare():
            print(line, flush=True)
        lab_vm()  # here, where it can be said: a notebook would wait for it without a word
        variables = environment()
    except Unusable as error:
        print(error, file=sys.stderr)
        return 1
    os.execve(sys.executable, [*command, *more], {**os.environ, **variables})


if __name__ == "__main__":
    sys.exit(failures.run(main))
