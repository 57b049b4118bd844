"""What `make` says when it cannot set up."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.environment import ROOT

HERE = ROOT / "tools" / "setup.sh"


def setup(folder: Path, python: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder of its own, as `make` would, with no system packages to install."""
    (folder / "tools").mkdir(exist_ok=True)
    shutil.copy(HERE, folder / "tools")
    (folder / "apt.txt").write_text("")
    (folder / "requirements.txt").write_text("nothing==0 --hash=sha256:00\n")
    return subprocess.run(
        ["sh", "tools/setup.sh"], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHON": str(python), "VENV": ".venv", **environment},
    )  # fmt: skip


def fake(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('case "$2" in *version_info*) exit 1;; esac; echo Python 3.9.2', "needs Python 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
)
def test_it_says_what_to_install(tmp_path: Path, script: str, words: str) -> None:
    done = setup(tmp_path, fake(tmp_path / "python", script))
    assert done.returncode == 1
    assert words in done.stderr


def test_no_python_at_all(tmp_path: Path) -> None:
    done = setup(tmp_path, tmp_path / "absent")
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_a_failed_install_shows_the_end_of_its_log(tmp_path: Path) -> None:
    venv = tmp_path / ".venv" / "bin"
    venv.mkdir(parents=True)
    fake(venv / "python", "echo 'THESE PACKAGES DO NOT MATCH THE HASHES' >&2; exit 1")
    done = setup(tmp_path, fake(tmp_path / "python", "exit 0"))
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "Setting up failed" in done.stderr


def test_missing_packages_are_named_where_nobody_may_install(tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    fake(bin_folder / "dpkg-query", "echo 'unknown ok not-installed'")
    fake(bin_folder / "id", "echo 1000")
    fake(bin_folder / "sudo", "exit 1")
    (tmp_path / "tools").mkdir()
    shutil.copy(HERE, tmp_path / "tools")
    (tmp_path / "apt.txt").write_text("unicorn\n")
    done = subprocess.run(
        ["sh", "tools/setup.sh"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": f"{bin_folder}:/usr/bin:/bin", "PYTHON": str(tmp_path / "absent"), "VENV": ".venv"},
    )  # fmt: skip
    assert "Not installed: unicorn. Going on without" in done.stdout
    assert "sudo apt-get install unicorn" in done.stdout
