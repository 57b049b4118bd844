"""Links of a real NTFS image: two readers take their bytes apart, and Linux follows them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LINUX, Need, tool

from . import image as ntfs_image
from . import model as reparse


def _no_dissect() -> str | None:
    try:
        found = find_spec("dissect.ntfs")
    except ModuleNotFoundError:
        found = None
    return None if found else "the Python package dissect.ntfs is not installed"


DISSECT = Need("dissect.ntfs", _no_dissect, "pip install dissect.ntfs")
MOUNT = Need("the right to mount with FUSE", ntfs_image.cannot_mount, "run it as root, where there is /dev/fuse")


def records(image: bytes) -> Iterator[tuple[str, Any]]:
    """(path, MFT record) of everything in ``image`` that a user made, folders before what is in them."""
    from dissect.ntfs import NTFS

    def walk(folder: Any, front: str) -> Iterator[tuple[str, Any]]:
        for entry in sorted(folder.iterdir(ignore_dos=True), key=lambda e: e.attribute.file_name):
            name = entry.attribute.file_name
            if front or (not name.startswith("$") and name != "."):
                record = entry.dereference()
                yield front + name, record
                if record.is_dir() and not record.is_reparse_point():
                    yield from walk(record, f"{front}{name}\\")

    yield from walk(NTFS(io.BytesIO(image)).mft.get("\\"), "")


def buffer_of(record: Any) -> bytes | None:
    """The value of its $REPARSE_POINT attribute, or None."""
    from dissect.ntfs.c_ntfs import ATTRIBUTE_TYPE_CODE

    found = record.attributes.get(ATTRIBUTE_TYPE_CODE.REPARSE_POINT)
    return bytes(found[0].data()) if found else None


def _dissect(data: bytes) -> dict[str, Any]:
    """What dissect.ntfs reads in a buffer."""
    from dissect.ntfs.attr import ReparsePoint

    point = ReparsePoint(io.BytesIO(data))
    flags = int(point.tag_header.Flags) if int(point.tag) == reparse.SYMLINK else None
    return {"tag": int(point.tag), "followed": point.substitute_name, "shown": point.print_name, "flags": flags}


def _by_hand(data: bytes) -> dict[str, Any]:
    """What our own decoder reads in it."""
    found = reparse.decode(data)
    return {
        "tag": found.values["ReparseTag"],
        "followed": found.followed,
        "shown": found.shown,
        "flags": found.values.get("Flags"),
    }


@experiment(DISSECT)
def contents() -> list[dict[str, Any]]:
    """Everything in the image: what it is for NTFS, in which record of the MFT, and how many names that record has."""
    rows = []
    for path, record in records(ntfs_image.load()):
        data = buffer_of(record)
        rows.append(
            {
                "path": path,
                "is": "folder" if record.is_dir() else "file",
                "record": record.segment,
                "names": record.header.ReferenceCount,
                "tag": reparse.HEAD[0].of(data) if data else None,
            }
        )
    return rows


@experiment(DISSECT)
def buffers() -> list[dict[str, Any]]:
    """Each reparse buffer of the image, read twice."""
    rows = []
    for path, record in records(ntfs_image.load()):
        if data := buffer_of(record):
            hand, library = _by_hand(data), _dissect(data)
            rows.append(
                {"path": path, "is": "folder" if record.is_dir() else "file", "bytes": data.hex(), **hand, "agree": hand == library}
            )
    return rows


@experiment(LINUX, tool("ntfs-3g"), tool("unshare", "util-linux"), MOUNT, timeout=60, tools=("ntfs-3g",))
def mounted() -> list[dict[str, Any]]:
    """The image mounted with ntfs-3g: what readlink and stat say of each link."""
    return ntfs_image.mounted()


@experiment(DISSECT)
def one(kind: str, target: str) -> dict[str, Any]:
    """A buffer made by our encoder and read by dissect.ntfs; or why there is none."""
    try:
        data = reparse.encode(kind, target)
    except reparse.BadReparse as refused:
        return {"refused": str(refused)}
    found = _dissect(data)
    return {"bytes": data.hex(" "), "size": len(data), "agree": found == _by_hand(data), **found, "tag": hex(found["tag"])}
