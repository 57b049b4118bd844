"""The chapters' cells once as an ordinary user, and once with the optional tools hidden and /dev/kvm unreadable.

They must run all the same, evidence must fall back to records and say so, and nothing may be written outside.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exhaustive import EXHAUSTIVE
from tools.chapters import all_chapters
from tools.environment import ROOT, contained

NOBODY = 65534
SOME = ("kvm/",) if EXHAUSTIVE else ("kvm/vm-exits", "kvm/mp-state")
"""Chapters that run with one kind of KVM only: one question of theirs that just one witness can answer, one that both can."""


class Person:
    """Somebody who may read the project and write into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = os.geteuid() == 0
        for name in ("home", "tmp", "build"):
            (folder / name).mkdir()
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in ("SYSLAB_HOSTED", "PYTEST_ADDOPTS")},
            "SYSLAB_EVIDENCE": "strict",
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


CELLS = """
import sys
from tests.chapter_functions import run
from tools.chapters import all_chapters
for chapter in all_chapters():
    if chapter.runs and chapter.name.startswith(sys.argv[1]):
        print("chapter:", chapter.name, flush=True)  # cells print too
        for cell in run(chapter):
            value = cell()
            value._repr_html_() if hasattr(value, "_repr_html_") else repr(value)
"""


def cells(person: Person, part: str = "", **environment: str) -> None:
    """Every cell of the chapters whose names begin with ``part``, in one process: a Jupyter kernel a notebook would say no more."""
    done = person.run(sys.executable, "-c", CELLS, part, **environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert (
        re.findall("^chapter: (.*)$", done.stdout, re.MULTILINE)
        == [chapter.name for chapter in all_chapters() if chapter.runs and chapter.name.startswith(part)]
        != []
    )
    assert person.files() == []


HOW = """
import json, sys
from syslab.evidence import CannotRunHere, ask
from tools.record import experiments
answers = {e.name: ask(e) for e in experiments() if e.name.startswith(tuple(sys.argv[1:]))}
print(json.dumps({name: [[a.provenance.how, a.provenance.witness, a.provenance.line()] for a in some] for name, some in answers.items()}))
"""


def how(person: Person, *names: str, **environment: str) -> dict[str, list[list[str]]]:
    """For each experiment whose name begins so: how, witness and provenance line of each answer."""
    done = person.run(sys.executable, "-c", HOW, *(names or ("",)), **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_as_an_ordinary_user_with_neither_kvm_nor_lab(person: Person) -> None:
    if not person.root:
        pytest.skip("this run is an ordinary user's already: notebooks/ has been run by it")
    cells(person, SYSLAB_LAB="off")


def test_with_the_optional_tools_hidden(person: Person) -> None:
    empty = person.folder / "empty"
    empty.mkdir()
    cells(person, PATH=str(empty))
    answers = how(person, PATH=str(empty))
    assert answers["page_fault_error_code.faults"][0][0] == "live", "it needs no tool"
    hidden = [line for some in answers.values() for word, _, line in some if word == "record"]
    assert hidden, "some experiment needs a tool"
    assert all("To run it live: " in line for line in hidden)


def test_the_kvm_chapters_with_the_lab_vm_alone(person: Person) -> None:
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and not person.root:
        pytest.skip("this user may use /dev/kvm")
    person.environment["SYSLAB_LAB_CACHE"] = str(person.folder / "build" / "lab")  # a user's first time
    made = person.run(sys.executable, "-m", "syslab.lab_vm")
    if made.returncode:
        pytest.skip(f"the lab VM cannot be made here: {(made.stdout + made.stderr).strip()[-200:]}")
    for chapters in SOME:
        cells(person, chapters)
    answers = how(person, "mp_state.set_states", "vm_exits.exits")
    assert ["lab", "kvm-svm-tcg"] in [row[:2] for row in answers["mp_state.set_states"]]
    assert [row[:2] for row in answers["vm_exits.exits"]] == [["lab", "kvm-svm-tcg"]]


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="no /dev/kvm for this user")
def test_the_kvm_chapters_with_this_kvm_alone(person: Person) -> None:
    person.root = False  # whoever we are, we may use /dev/kvm
    for chapters in SOME:
        cells(person, chapters, SYSLAB_LAB="off")
    words = how(person, "mp_state.set_states", SYSLAB_LAB="off")["mp_state.set_states"]
    assert [word for word, _, _ in words] == ["live", "record"]
    assert words[0][1].startswith("kvm-") and words[1][1] == "kvm-svm-tcg"
