"""Binder's image: an Ubuntu with what experiments use, and the project beside the locked requirements."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tools import binder
from tools.environment import ROOT

# Serve the build and the tests. Ubuntu's chromium is a transitional package: it installs snapd, systemd, and a program that
# asks for the snap.
NOT_FOR_BINDER = {"chromium", "python3-venv", "python3-pip"}
# As repo2docker 2026.4.0 rendered it (python -m tools.binder does it again)
RENDERED = """
FROM docker.io/library/buildpack-deps:24.04
RUN apt-get -qq update && \\
apt-get install --yes --no-install-recommends \
bash cpuid cron faketime fish fq gcc libc6-dev ntfs-3g poke proot qemu-system-x86 util-linux && \\
apt-get -qq purge && \\
RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r ".binder/requirements.txt"
RUN chmod +x .binder/postBuild
RUN ./.binder/postBuild
"""


def test_its_list_is_what_experiments_need() -> None:
    """A new `tool(...)` belongs into both lists, or Binder and a fresh Debian show its record for ever."""
    listed, ours = binder.packages(".binder/apt.txt"), binder.packages("apt.txt")
    assert len(listed) == len(set(listed)) and len(ours) == len(set(ours))
    assert set(listed) == binder.needed() - binder.ESSENTIAL
    assert set(listed) <= set(ours)
    assert not set(listed) & NOT_FOR_BINDER
    assert not binder.LIST.is_symlink()


def test_repo2docker_renders_it_so() -> None:
    assert binder.differences(RENDERED) == []


@pytest.mark.parametrize(
    ("there", "instead", "why"),
    [
        ("buildpack-deps:24.04", "buildpack-deps:26.04", "does not start from"),
        ("cpuid cron", "chromium cpuid cron", "does not run apt-get install"),
        ("RUN ./.binder/postBuild\n", "", "does not run .binder/postBuild"),
        ("requirements.txt", "other.txt", "locked requirements"),
    ],
)
def test_another_rendering_is_told(there: str, instead: str, why: str) -> None:
    wrong = binder.differences(RENDERED.replace(there, instead))
    assert len(wrong) == 1 and why in wrong[0]


def test_without_repo2docker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["binder"])
    assert binder.main() == 2


def test_the_settings_name_what_is_locked() -> None:
    assert (ROOT / ".binder" / "requirements.txt").read_text() == "-r ../requirements.txt\n"
    runtime = (ROOT / ".binder" / "runtime.txt").read_text().strip()
    assert runtime.startswith("python-3.") and tuple(map(int, runtime.removeprefix("python-").split("."))) >= (3, 11)
    assert stat.S_IMODE((ROOT / ".binder" / "postBuild").stat().st_mode) & 0o111 == 0o111


def test_post_build_needs_no_network(tmp_path: Path) -> None:
    """In an environment that has the locked requirements, the project is put beside them; and a failure is one."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    for name in (".binder", "syslab", "tools"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=120)
    python = tmp_path / "venv" / "bin" / "python"
    folder = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    locked = Path(folder.stdout.strip(), "locked.pth")
    locked.write_text(f"{sysconfig.get_path('purelib')}\n")
    environment = {
        "PATH": f"{python.parent}:{os.defpath}", "HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }  # fmt: skip

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["./.binder/postBuild"], cwd=source, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    done = build()
    assert done.returncode == 0, done.stdout + done.stderr
    where = subprocess.run(
        [python, "-c", "import syslab; print(syslab.__file__)"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert Path(where.stdout.strip()) == source / "syslab" / "__init__.py"
    (source / "pyproject.toml").unlink()
    assert build().returncode != 0
