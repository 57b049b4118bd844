"""A small checkout of its own in which tools/setup.sh runs for real, with packages made on the spot and no network."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools.environment import ROOT

BACKEND = '''
"""The least that builds a project: pip asks for an editable wheel, and gets one without a file of its own."""
import zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "project-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("project-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1\\n")
        wheel.writestr("project-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("project-1.dist-info/RECORD", "")
    return name
'''
PYPROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "project"\nversion = "1"\n'
)


def wheel(folder: Path, name: str, version: str = "1.0", content: bytes = b"") -> str:
    """Make ``name``, a package of one module, in ``folder``; its line for requirements.txt."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n".encode(),
        f"{name}.bin": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for file, data in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for file, data in files.items():
            archive.writestr(file, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def pip_files() -> list[Path]:
    """What the pip of this Python consists of: its package and its metadata."""
    site = Path(sysconfig.get_path("purelib"))
    return [site / "pip", *site.glob("pip-*.dist-info")]


class Checkout:
    """``folder`` has tools/setup.sh, the Makefile and a project of nothing; ``wheels`` is all that pip can get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.venv = folder / ".venv"
        self.python = self.venv / "bin" / "python"
        self.ready = self.venv / "ready"
        if not folder.exists():
            self.wheels.mkdir(parents=True)
            (folder / "tools").mkdir()
            shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
            shutil.copy(ROOT / "Makefile", folder)
            (folder / "apt.txt").write_text("")
            (folder / "pyproject.toml").write_text(PYPROJECT)
            (folder / "backend.py").write_text(BACKEND)
            self.require(["nothing==0 --hash=sha256:00"])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "PYTHON"))}
        self.environment = {
            **kept,
            "PYTHON": sys.executable,
            "VENV": ".venv",
            "HOME": str(folder / "home"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
        }

    def copy(self, folder: Path) -> Checkout:
        """The same in another place; an environment can be used there too, and that is faster than making one."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder)

    def require(self, lines: Iterable[str]) -> None:
        (self.folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))

    def made(self) -> None:
        """An environment as an earlier set-up left it: with pip, stamped long ago."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.venv], check=True, timeout=60)
        site = next(self.venv.glob("lib/python*/site-packages"))
        for path in pip_files():
            shutil.copytree(path, site / path.name)
        self.ready.write_text("")
        os.utime(self.ready, (1, 1))

    def setup(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script as `make` would, or ``command``."""
        return subprocess.run(
            command or ("sh", "tools/setup.sh"),
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False, env={**self.environment, **environment},
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def has(self, module: str) -> str:
        """The version of ``module`` in the environment; empty if it is not there."""
        command = [self.python, "-c", f"import {module}; print({module}.version)"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


def program(path: Path, script: str) -> Path:
    """A program of ``script``, in place of a real one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
