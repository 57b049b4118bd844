"""``make test``: every check, in the order in which it is cheapest to fail. Ends with pytest's own closing line.

The static checks come first; then notebooks in step; then the book is built with warnings as errors; then one pytest
run over tests/ and notebooks/ (nbval), two processes by file.

``--short`` (``make check``) asks no machine, builds nothing and opens no browser: static checks, layouts, models, and what
chapters show of their records. ``--chapter PART/NAME`` (``make test CHAPTER=…``) tests one chapter, with its page built.
Other arguments are pytest's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from syslab.evidence import shared

from . import build_lock, children, failures
from .book import build
from .chapters import all_chapters
from .environment import ROOT, contained
from .failures import Failure

STATIC = (
    ("ruff", [sys.executable, "-m", "ruff", "check", "."]),
    ("format", [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("mypy", [sys.executable, "-m", "mypy"]),
    ("arrows", [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]),
    ("biome", [str(Path(sys.executable).with_name("biome")), "ci", "--colors=off"]),
    ("tsc", ["tsc", "--project", "."]),
    ("notebooks in step", [sys.executable, "-m", "tools.notebooks", "--check"]),
)


SHORT = ("bits", "evidence", "show", "test_messages.py", "chapters")
NO_MACHINE = {"SYSLAB_EVIDENCE": "record", "SYSLAB_LAB": "off"}
ASKING = ("test_ask.py", "test_exercises.py", "test_processes.py", "test_bounded.py")
"""Files of these names ask machines."""


def static(environment: Mapping[str, str]) -> int:
    """The static checks: 0, or the status of the first that fails."""
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
    return 0


def tests(environment: Mapping[str, str], *arguments: str) -> int:
    """pytest over what ``arguments`` name, in two processes by file."""
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
        "--no-loadscope-reorder",
        "--maxfail=40",  # what breaks every page is one fault, and each test of it would wait to its end
    ]
    print("── tests", flush=True)
    return children.run("pytest", [*command, *arguments], environment)


def built() -> int:
    """The book, with warnings as errors."""
    print("── the book, warnings as errors", flush=True)
    started = time.monotonic()
    if status := build(strict=True):
        print(f"the build failed ({status})")
        return status
    print(f"   {time.monotonic() - started:.1f} s", flush=True)
    return 0


def of_chapter(name: str) -> list[str]:
    """The files that test the chapter ``name`` and nothing else: its own, its notebook, and those of its widgets."""
    if name not in {chapter.name for chapter in all_chapters() if "needs" in chapter.about}:
        raise Failure(f"there is no chapter {name!r}; _toc.yml has them, such as kvm/halt")
    own = ROOT / "tests/chapters" / name.replace("-", "_")
    pages = [path for path in (ROOT / "tests/pages").glob("test_*.py") if f'"{name}"' in path.read_text(encoding="utf-8")]
    return [str(path.relative_to(ROOT)) for path in (own, ROOT / f"notebooks/{name}.ipynb", *sorted(pages))]


def chapter(name: str, environment: Mapping[str, str], *arguments: str) -> int:
    """What belongs to one chapter: its own files, then what every page and chapter is tested for."""
    files = of_chapter(name)
    every = ["tests/pages", "tests/chapters", *(f"--ignore={file}" for file in files)]
    return tests(environment, *files, *arguments) or tests(environment, *every, "-k", name, *arguments)


def main() -> int:
    """Exit status: 0 only if all passed."""
    parser = argparse.ArgumentParser(description="The checks of make test. Further arguments are pytest's.")
    parser.add_argument("--short", action="store_true", help="without machines, build and browser: make check")
    parser.add_argument("--chapter", metavar="PART/NAME", help="what belongs to one chapter: make test CHAPTER=kvm/halt")
    given, more = parser.parse_known_args()
    os.environ["SYSLAB_EVIDENCE"] = "strict"  # a run that fails fails the check; elsewhere a record takes its place
    environment = {**os.environ, **contained()}
    if given.chapter:
        of_chapter(given.chapter)  # a name that is none, before anything runs
    if status := static(environment):
        return status
    if given.short:
        rooms = [f"tests/{room}" for room in SHORT]
        return tests(environment | NO_MACHINE, *rooms, "-m", "not long", *(f"--ignore-glob=*/{name}" for name in ASKING), *more)
    with build_lock.held(), TemporaryDirectory(prefix="syslab-answers-") as answers:  # the pages that are tested stay those built
        os.environ[shared.FOLDER] = environment[shared.FOLDER] = answers  # each machine is asked once in this run
        if status := built():
            return status
        if given.chapter:
            return chapter(given.chapter, environment, *more)
        return tests(environment, "tests", "notebooks", *more)


if __name__ == "__main__":
    sys.exit(failures.run(main))
