"""The folders of Jupyter's secrets are this user's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tools.environment import contained, private
from tools.keeping import Unusable


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
    with pytest.raises(Unusable, match="is a symbolic link, but a private folder must be there"):
        contained(tmp_path / "build")
    assert not list(elsewhere.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "jupyter"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(Unusable, match="belongs to another user"):
        private(folder)
