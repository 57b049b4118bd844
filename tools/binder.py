"""What Binder makes of this repository: ``python -m tools.binder`` asks repo2docker, which need not be in the environment.

Binder builds an Ubuntu image, and one name that Ubuntu does not have fails it. So ``.binder/apt.txt`` is a list of its own:
what experiments use, by their needs, and nothing that serves the build and the tests alone.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from importlib import import_module

from syslab.evidence import Experiment
from syslab.sources import with_questions

from .environment import ROOT

LIST = ROOT / ".binder" / "apt.txt"
BASE = "buildpack-deps:24.04"  # Ubuntu noble
INSTALL = "apt-get install --yes --no-install-recommends"
ESSENTIAL = frozenset({"coreutils", "grep"})  # on every Debian and Ubuntu


def packages(path: str) -> list[str]:
    """The names in an apt.txt of this repository."""
    return (ROOT / path).read_text(encoding="utf-8").split()


def needed() -> set[str]:
    """The packages that some experiment's needs name in "apt install ..."."""
    found: set[str] = set()
    for room in with_questions():
        for one in vars(import_module(room)).values():
            for need in one.needs if isinstance(one, Experiment) else ():
                if said := re.match(r"apt install ([a-z0-9 .+-]+)", need.install):
                    found |= set(said[1].split())
    return found


def apt_line(names: list[str]) -> str:
    """The line that repo2docker writes for a list."""
    return f"{INSTALL} {' '.join(sorted(names))}"


def differences(dockerfile: str) -> list[str]:
    """Where a Dockerfile of repo2docker is not what this module says; [] where it is."""
    wanted = {
        f"it does not start from {BASE}": rf"^FROM (\S+/)?{re.escape(BASE)}$",
        f"it does not run {apt_line(packages('.binder/apt.txt'))}": rf"^{re.escape(apt_line(packages('.binder/apt.txt')))}(\s|$)",
        "it does not install the locked requirements": r'pip install .*-r "?\.binder/requirements\.txt',
        "it does not run .binder/postBuild": r"^RUN \./\.binder/postBuild$",
    }
    return [why for why, pattern in wanted.items() if not re.search(pattern, dockerfile, re.MULTILINE)]


def main() -> int:
    """Render, compare, and say what differs."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        done = subprocess.run(
            ["repo2docker", "--no-build", "--debug", str(ROOT)], capture_output=True, text=True, timeout=120, check=False
        )
    except FileNotFoundError:
        print("repo2docker is not installed. In an environment of its own: pip install jupyter-repo2docker", file=sys.stderr)
        return 2
    said = done.stdout + done.stderr
    if done.returncode:
        print(f"repo2docker ended with status {done.returncode}:\n{said[-2000:]}", file=sys.stderr)
        return 1
    wrong = differences(said)
    for line in wrong:
        print(f"Binder's image: {line}", file=sys.stderr)
    if not wrong:
        print(f"Binder's image starts from {BASE} and installs {len(packages('.binder/apt.txt'))} packages, as it should")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
