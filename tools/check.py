"""``make test``: every check, in the order in which it is cheapest to fail. Ends with pytest's own closing line.

The static checks come first; then notebooks in step; then the book is built with warnings as errors; then one pytest
run over tests/ and notebooks/ (nbval), two processes by file.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from . import build_lock, children, failures
from .book import build
from .environment import contained

STATIC = (
    ("ruff", [sys.executable, "-m", "ruff", "check", "."]),
    ("format", [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("mypy", [sys.executable, "-m", "mypy"]),
    ("arrows", [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]),
    ("biome", [str(Path(sys.executable).with_name("biome")), "ci", "--colors=off"]),
    ("tsc", ["tsc", "--project", "."]),
    ("notebooks in step", [sys.executable, "-m", "tools.notebooks", "--check"]),
)


def main() -> int:
    """Exit status: 0 only if all passed."""
    os.environ["SYSLAB_EVIDENCE"] = "strict"  # a run that fails fails the check; elsewhere a record takes its place
    environment = {**os.environ, **contained()}
    for name, command in STATIC:
        started = time.monotonic()
        print(f"── {name}", flush=True)
        if not shutil.which(command[0]) and not os.environ.get("CI"):  # no wheel for this machine; apt.txt not installed
            print(f"   {command[0]} is not here: left out")
            continue
        status = children.run(name, command, environment)
        if status:
            print(f"{name} failed ({status})")
            return status
        print(f"   {time.monotonic() - started:.1f} s", flush=True)
    with build_lock.held():  # until the end: the pages that are tested stay those that were built
        print("── the book, warnings as errors", flush=True)
        started = time.monotonic()
        if status := build(strict=True):
            print(f"the build failed ({status})")
            return status
        print(f"   {time.monotonic() - started:.1f} s", flush=True)
        print("── tests", flush=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--nbval-lax",
            "--nbval-cell-timeout=120",
            "-n",
            "2",
            "--dist",
            "loadfile",
            "tests",
            "notebooks",
        ]
        return children.run("pytest", command + sys.argv[1:], environment)


if __name__ == "__main__":
    sys.exit(failures.run(main))
