"""The image: unpacked in bounds, refused when damaged, and the same when it is built again."""

from __future__ import annotations

import lzma
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from syslab.chapters.files.ntfs_links import ask as ntfs_links
from syslab.chapters.files.ntfs_links import image as ntfs_image
from syslab.chapters.files.ntfs_links.image import IMAGE, SIZE, ImageError, load

TOOLS = shutil.which("mkntfs") and shutil.which("ntfs-3g") and shutil.which("unshare")


def test_it_is_small_and_an_ntfs_volume() -> None:
    assert IMAGE.stat().st_size <= 100_000
    assert len(load()) == SIZE


def test_damage_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.xz"
    with pytest.raises(ImageError, match=r"bad\.xz cannot be unpacked: .*No such file"):
        load(bad)
    bad.write_bytes(b"no xz at all")
    with pytest.raises(ImageError, match="cannot be unpacked"):
        load(bad)
    bad.write_bytes(IMAGE.read_bytes()[:40_000])
    with pytest.raises(ImageError, match="does not unpack to"):
        load(bad)
    bad.write_bytes(lzma.compress(bytes(SIZE)))
    with pytest.raises(ImageError, match="holds no NTFS"):
        load(bad)


@pytest.mark.long
def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xz"
    bomb.write_bytes(lzma.compress(bytes(64 << 20)))
    with pytest.raises(ImageError, match="does not unpack to"):
        load(bomb)


def test_made_on_purpose() -> None:
    by_path = {link.path: ntfs_links._by_hand(link.buffer) for link in ntfs_image.LINKS}
    assert by_path["print-first"] == by_path["file-relative"]
    assert (by_path["two-faced"]["followed"], by_path["two-faced"]["shown"]) == ("\\??\\C:\\target", "C:\\folder")
    with pytest.raises(ValueError, match="not as long as"):
        ntfs_image.says_another(ntfs_image.LINKS[0].buffer, "C:\\longer-than-it-was")


def parsed(image: bytes) -> dict[str, Any]:
    """What is in an image, without record numbers and times."""
    found: dict[str, Any] = {}
    for path, record in ntfs_links.records(image):
        data = ntfs_links.buffer_of(record)
        content = record.open().read() if not record.is_dir() and data is None else None
        found[path] = (record.is_dir(), record.header.ReferenceCount, data, content)
    return found


def test_what_is_in_it() -> None:
    pytest.importorskip("dissect.ntfs")
    found = parsed(load())
    links = {link.path.replace("/", "\\"): link for link in ntfs_image.LINKS}
    notes = {name.replace("/", "\\") for name in ntfs_image.NOTE_NAMES}
    assert set(found) == {*links, *notes, "target", "folder"}
    assert all(found[path][::2] == (link.folder, link.buffer) for path, link in links.items())
    assert all(found[name] == (False, 3, None, ntfs_image.NOTE) for name in notes)


@pytest.mark.skipif(not TOOLS or ntfs_image.cannot_mount() is not None, reason="needs ntfs-3g and the right to mount")
def test_built_again_it_has_the_same_in_it(tmp_path: Path) -> None:
    pytest.importorskip("dissect.ntfs")
    packed = tmp_path / "again.xz"
    ntfs_image.commit(packed)
    assert packed.stat().st_size <= 100_000
    assert parsed(load(packed)) == parsed(load())
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_who_cannot_mount_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntfs_image, "FUSE", "/dev/none")
    assert "/dev/none" in (ntfs_image.cannot_mount() or "")
    monkeypatch.setattr(ntfs_image, "FUSE", os.devnull)
    monkeypatch.setattr(ntfs_image, "CAP_SYS_ADMIN", 63)
    assert ntfs_image.cannot_mount() == "mounting needs root"
