"""What `make fresh` decides by; the system itself is made by hand, because it takes minutes and the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import fresh_debian
from tools.environment import ROOT


def test_it_says_how_it_is_used_and_who_may() -> None:
    command = [sys.executable, "-m", "tools.fresh_debian"]
    told = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "--user {root,ordinary}" in told.stdout
    if os.geteuid():
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 2 and "only root" in refused.stderr


def test_paths_that_settings_name(tmp_path: Path) -> None:
    index, bundle = tmp_path / "index", tmp_path / "bundle.pem"
    index.mkdir()
    bundle.touch()
    texts = [
        f"[global]\ncert = {bundle}\nextra-index-url = file://{index} https://example.invalid{index}\nfind-links={tmp_path}/gone\n"
    ]
    assert fresh_debian.named_paths(texts) == sorted([bundle, index])
    assert fresh_debian.named_paths([f"https://example.invalid{index}", os.devnull]) == []


def test_what_was_written_elsewhere(tmp_path: Path) -> None:
    for name in ("home/notes/a", "etc/b", "etc/c", "tmp/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = dict(fresh_debian.files(tmp_path))
    (tmp_path / "home/notes/new").mkdir()
    (tmp_path / "home/notes-too").write_text("")
    (tmp_path / "etc/b").write_text("2")
    (tmp_path / "tmp/d").unlink()
    (tmp_path / "tmp/folder").mkdir()
    (tmp_path / "link").symlink_to("/")
    assert fresh_debian.written(tmp_path, before, [tmp_path / "home/notes"]) == [
        "/etc/b",
        "/home/notes-too",
        "/link",
        "/tmp/folder",
    ]
    assert fresh_debian.written(tmp_path, before, [tmp_path]) == []


def test_it_never_deletes_through_a_mount(tmp_path: Path) -> None:
    """In a mount namespace of the test's own; what cannot be unmounted stays, and so does all that is under it."""
    work, precious = tmp_path / "work", tmp_path / "precious"
    (work / "system").mkdir(parents=True)
    precious.mkdir()
    (precious / "letter").write_text("dear")
    code = "import sys; from pathlib import Path; from tools import fresh_debian; fresh_debian.remove(Path(sys.argv[1]))"
    script = 'mount --bind "$1" "$2/system" || exit 77; PATH="$5$PATH" exec "$3" -c "$4" "$2"'
    for hidden in ("", f"{tmp_path}/bin:"):
        work.joinpath("system").mkdir(parents=True, exist_ok=True)
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin/umount").symlink_to("/bin/true") if hidden else None
        done = subprocess.run(
            ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", precious, work, sys.executable, code, hidden],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode == 77 or "unshare:" in done.stderr:
            pytest.skip("this user may not mount a file system")
        assert (precious / "letter").read_text() == "dear"
        assert work.exists() == bool(hidden)
        assert ("still mounted" in done.stderr) == bool(hidden), done.stderr
