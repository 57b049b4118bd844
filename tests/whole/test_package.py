"""A wheel of this project in an environment of its own, with the standard library and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.environment import ROOT

# what rebuilds an image, or says how, is for a checkout
SOURCES = {".S", ".c", ".h", ".ld", ".sh", ".md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout; offline."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "syslab", source / "syslab", ignore=shutil.ignore_patterns("__pycache__"))
    made = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(made),
        ".",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(made.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Python that has the wheel, and no other package."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    found = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(found), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, timeout=120)
    yield found


def run(python: Path, code: str, **environment: str) -> str:
    """What ``code`` prints, in a folder that is not the checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SYSLAB_EVIDENCE")}
    done = subprocess.run(
        [str(python), "-c", code], cwd=python.parent, env=kept | environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_what_the_package_reads(wheel: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "syslab"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    if tracked.returncode:
        pytest.skip("not a checkout")
    given = [name for name in tracked.stdout.split() if Path(name).name != "drawing.svg"]  # the book's front page reads these
    wanted = {name for name in given if Path(name).suffix not in SOURCES and (ROOT / name).is_file()}
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert wanted <= inside, sorted(wanted - inside)
    assert {name.split("/")[0] for name in inside if "dist-info" not in name} == {"syslab"}, "no other package at the top"
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_the_core_needs_the_standard_library_alone(python: Path) -> None:
    code = """
import importlib, json, pkgutil, syslab
lacks = {}
for module in pkgutil.walk_packages(syslab.__path__, "syslab."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            lacks[module.name] = error.name
print(json.dumps([syslab.__version__, lacks]))
"""
    version, lacks = json.loads(run(python, code))
    assert version == json.loads(
        run(python, 'from importlib.metadata import version; print(f\'"{version("runnable-systems-notes")}"\')')
    )
    optional = {"anywidget", "ipywidgets", "IPython", "traitlets", "capstone", "cronsim", "dissect", "kaitaistruct", "jinja2"}
    assert set(lacks.values()) <= optional
    core = ("bits", "evidence", "kvm", "lab_vm", "native", "qemu", "questions", "sources")
    assert not [name for name in lacks if name.split(".")[1] in core], lacks
    assert not [
        name for name, what in lacks.items() if name.endswith(".ask") and what not in ("cronsim", "dissect", "kaitaistruct")
    ]


def test_it_decodes_asks_and_shows(python: Path) -> None:
    code = """
from syslab import bits
print(bits.get("pfec").decode(0x15))
from syslab.evidence import ask
from syslab.chapters.memory.page_fault_error_code.ask import faults
answer = ask(faults)
print(answer.provenance.how, len(answer.data))
from syslab.evidence.line import styled
assert styled("x").endswith("x")
"""
    assert "live" in run(python, code)


def test_a_machine_that_is_missing_leads_to_the_record(python: Path) -> None:
    code = """
from syslab.evidence import ask
from syslab.questions.access_matrix import truth_table
print(ask(truth_table)[0])
"""
    assert "apt install qemu-system-x86" in run(python, code, PATH="/nonexistent")
    if shutil.which("qemu-system-x86_64"):
        assert run(python, code).startswith("live"), "the guest is in the package"
