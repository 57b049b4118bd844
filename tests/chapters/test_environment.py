"""The folders of Jupyter's secrets are this user's alone, and what a build drops is in them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tools.environment import ROOT, NotPrivate, contained, private


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*")) if path.is_dir()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("before", [None, 0o755, 0o777])
def test_private_whatever_the_umask_and_the_modes_before(tmp_path: Path, umask: int, before: int | None) -> None:
    folder = tmp_path / "build" / "jupyter"
    if before is not None:
        (folder / "runtime").mkdir(parents=True)
        for path in (folder, folder / "runtime"):
            path.chmod(before)
    old = os.umask(umask)
    try:
        variables = contained(tmp_path / "build")
    finally:
        os.umask(old)
    assert modes(folder) == {0o700}
    assert not stat.S_IMODE((tmp_path / "build").stat().st_mode) & 0o022
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        assert Path(variables[name]).parent == folder


def test_a_symlink_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "jupyter").symlink_to(elsewhere)
    with pytest.raises(NotPrivate, match="is a symbolic link, but a private folder must be there"):
        contained(tmp_path / "build")
    assert not list(elsewhere.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "jupyter"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        private(folder)


KERNEL = """
import json, tempfile
from tools.environment import contain
contain()
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
try:
    shown = []
    client.execute_interactive(
        "import tempfile; print(tempfile.gettempdir())", timeout=60,
        output_hook=lambda message: shown.append(message["content"].get("text", "")) if message["msg_type"] == "stream" else None,
    )
    print(json.dumps({"file": manager.connection_file, "temporary": "".join(shown).strip()}))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def test_connection_files_are_in_the_build_folder_and_the_kernels_tmpdir_is_as_it_was(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KERNEL],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["file"]).parent == ROOT / "_build" / "jupyter" / "runtime"
    assert found["temporary"] == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
