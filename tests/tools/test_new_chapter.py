"""A new chapter's skeleton is whole: it runs, passes ruff and mypy, and lacks nothing but what says TODO."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new_chapter
from tools.environment import ROOT
from tools.failures import Failure

NAME = "cpu/spin-wait"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one more chapter in it."""
    folder = tmp_path_factory.mktemp("new") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    command(folder, "-m", "tools.new_chapter", NAME)
    return folder


def command(folder: Path, *words: str, status: int = 0) -> str:
    """Python there; what it printed."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "SYSLAB_EVIDENCE": "", "MYPY_CACHE_DIR": str(folder / "mypy")},
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_ruff_and_mypy_have_nothing_to_say(copy: Path) -> None:
    files = [file for file in new_chapter.places(NAME).values() if file.endswith(".py")]
    command(copy, "-m", "ruff", "check", *files)
    command(copy, "-m", "ruff", "format", "--check", *files)
    command(copy, "-m", "mypy", "--follow-imports=silent", *[file for file in files if file.startswith("syslab")])


def test_its_own_tests_pass(copy: Path) -> None:
    assert " passed" in command(copy, "-m", "pytest", "-q", "tests/chapters/cpu/spin_wait")


def test_its_cells_run_and_show_a_table(copy: Path) -> None:
    code = (
        "from tools.chapters import Chapter\nspace = {}\n"
        f"for cell in Chapter({NAME!r}).cells:\n    exec(cell, space)\n"
        "print(space['ask'](space['spin_wait'].pages)); print(space['exercises'].first.check('4096'))"
    )
    said = command(copy, "-c", code)
    assert "sysconf" in said and "holds: 4096 bytes" in said and "live · host" in said


def test_the_skeleton_lacks_only_what_says_todo(copy: Path) -> None:
    said = command(
        copy,
        "-m",
        "pytest",
        "-q",
        "tests/chapters/test_skeleton.py",
        "tests/chapters/test_round_trip.py",
        "tests/chapters/test_path.py",
        "-k",
        "spin-wait or topics or contents",
        status=1,
    )
    failed = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 2
    assert "test_prose_is_set_in_lines_that_stay_whole[cpu/spin-wait]" in failed[0]
    assert "test_a_chapter_has_a_drawing_of_the_one_hand[cpu/spin-wait]" in failed[1]
    page = (copy / f"book/{NAME}.md").read_text(encoding="utf-8")
    assert "rep-nop:" in page and "spin-terms:" in page, "the notes' topics that are planned for it"
    assert (copy / f"notebooks/{NAME}.ipynb").is_file()


def test_the_table_of_contents_keeps_the_rest(copy: Path) -> None:
    before, after = ((folder / "_toc.yml").read_text(encoding="utf-8").splitlines() for folder in (ROOT, copy))
    assert [line for line in after if line not in before] == [f"      - file: {NAME}"]
    assert [line for line in after if line in before] == before
    assert after[after.index(f"      - file: {NAME}") - 1].startswith("      - file: cpu/")


def test_a_part_without_chapters_is_added() -> None:
    toc = "format: jb-book\nroot: index\nparts:\n  - caption: Start\n    chapters:\n      - file: desk\n"
    assert new_chapter.with_chapter(toc, "Boot", "boot/uefi") == toc + "  - caption: Boot\n    chapters:\n      - file: boot/uefi\n"
    assert new_chapter.with_chapter(toc, "Start", "start/x") == toc + "      - file: start/x\n"


@pytest.mark.parametrize("name", ["halt", "kvm/", "/etc/passwd", "kvm/../x", "KVM/x", "kvm/a b", "nowhere/x", "kvm/halt"])
def test_a_name_that_cannot_be_one_writes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "book/kvm").mkdir(parents=True)
    for file in ("_toc.yml", "book/topics.yml", "book/kvm/halt.md"):
        shutil.copy(ROOT / file, tmp_path / file)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(Failure, match=r"names no chapter|there is no part|is there already"):
        new_chapter.write(name, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
