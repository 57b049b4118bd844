"""The notebooks once as an ordinary user, and once with the optional tools hidden and /dev/kvm unreadable.

They must run all the same, evidence must fall back to records and say so, and nothing may be written outside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.environment import ROOT, contained

NOBODY = 65534


class Person:
    """Somebody who may read the project and write into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = os.geteuid() == 0
        for name in ("home", "tmp", "build"):
            (folder / name).mkdir()
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in ("SYSLAB_EVIDENCE", "SYSLAB_HOSTED", "PYTEST_ADDOPTS")},
            **contained(folder / "build"),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.root:
            subprocess.run(["chown", "-R", str(NOBODY), str(folder)], check=True)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the project's folder; as nobody if we are root."""
        before = ["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self.root else []
        return subprocess.run(
            [*before, *command],
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def files(self) -> list[str]:
        """What was left where a program might drop files."""
        return sorted(str(p.relative_to(self.folder)) for name in ("home", "tmp") for p in (self.folder / name).rglob("*"))


@pytest.fixture
def person() -> Iterator[Person]:
    folder = Path(tempfile.mkdtemp(prefix="somebody-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        somebody = Person(folder)
        reach = somebody.run(sys.executable, "-c", "import syslab")
        if reach.returncode:
            pytest.skip(f"an ordinary user cannot read this checkout: {reach.stderr.strip()[-200:]}")
        yield somebody
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def nbval(person: Person, **environment: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval-lax",
        "--nbval-cell-timeout=120",
        "notebooks",
    ]
    done = person.run(*command, **environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert person.files() == []


HOW = """
import json
from syslab.evidence import ask
from tools.record import experiments
print(json.dumps({e.name: [ask(e).provenance.how, ask(e).provenance.line()] for e in experiments()}))
"""


def test_as_an_ordinary_user(person: Person) -> None:
    if not person.root:
        pytest.skip("this run is an ordinary user's already: notebooks/ has been run by it")
    nbval(person)


def test_with_the_optional_tools_hidden(person: Person) -> None:
    empty = person.folder / "empty"
    empty.mkdir()
    nbval(person, PATH=str(empty))
    done = person.run(sys.executable, "-c", HOW, PATH=str(empty))
    assert done.returncode == 0, done.stderr
    how = json.loads(done.stdout)
    assert how["page_fault_error_code.faults"][0] == "live", "it needs no tool"
    hidden = {name: line for name, (word, line) in how.items() if word == "record"}
    assert hidden, "some experiment needs a tool"
    assert all("To run it live: " in line for line in hidden.values())
