"""Links of a real NTFS image: two readers take their bytes apart, and Linux follows them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, TypedDict

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
    """(path, MFT record) of everything in ``image`` that a user made, folders before what is in them. dissect has no types."""
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


class Reading(TypedDict):
    """A reparse buffer: its tag, the path that is followed, the one that is shown, and Flags, which a junction does not have."""

    tag: int
    followed: str
    shown: str
    flags: int | None


def _dissect(data: bytes) -> Reading:
    """What dissect.ntfs reads in a buffer."""
    from dissect.ntfs.attr import ReparsePoint

    point = ReparsePoint(io.BytesIO(data))
    flags = int(point.tag_header.Flags) if int(point.tag) == reparse.SYMLINK else None
    return {"tag": int(point.tag), "followed": point.substitute_name, "shown": point.print_name, "flags": flags}


def _by_hand(data: bytes) -> Reading:
    """What our own decoder reads in it."""
    found = reparse.decode(data)
    return {
        "tag": found.values["ReparseTag"],
        "followed": found.followed,
        "shown": found.shown,
        "flags": found.values.get("Flags"),
    }


Entry = TypedDict("Entry", {"path": str, "is": str})
"""A path of the image, and whether it is a file or a folder."""


class Content(Entry):
    """The number of its record in the MFT, how many names that record has, and the reparse tag, if it has one."""

    record: int
    names: int
    tag: int | None


@experiment(DISSECT)
def contents() -> list[Content]:
    """Everything in the image: what it is for NTFS, in which record of the MFT, and how many names that record has."""
    rows: list[Content] = []
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


class Buffer(Entry, Reading):
    """A reparse buffer in hex, as our decoder reads it, and whether dissect.ntfs reads the same."""

    bytes: str
    agree: bool


@experiment(DISSECT)
def buffers() -> list[Buffer]:
    """Each reparse buffer of the image, read twice."""
    rows: list[Buffer] = []
    for path, record in records(ntfs_image.load()):
        if data := buffer_of(record):
            hand, library = _by_hand(data), _dissect(data)
            rows.append(
                {"path": path, "is": "folder" if record.is_dir() else "file", "bytes": data.hex(), **hand, "agree": hand == library}
            )
    return rows


@experiment(LINUX, tool("ntfs-3g"), tool("unshare", "util-linux"), MOUNT, timeout=60, tools=("ntfs-3g",))
def mounted() -> list[ntfs_image.Followed]:
    """The image mounted with ntfs-3g: what readlink and stat say of each link."""
    return ntfs_image.mounted()


class Made(TypedDict):
    """A buffer in hex and its size in bytes, whether both readers agree, and what they read; the tag in hex."""

    bytes: str
    size: int
    agree: bool
    tag: str
    followed: str
    shown: str
    flags: int | None


class Refused(TypedDict):
    """Why there is no buffer."""

    refused: str


@experiment(DISSECT)
def one(kind: str, target: str) -> Made | Refused:
    """A buffer made by our encoder and read by dissect.ntfs; or why there is none."""
    try:
        data = reparse.encode(kind, target)
    except reparse.BadReparse as refused:
        return {"refused": str(refused)}
    found = _dissect(data)
    return {
        "bytes": data.hex(" "),
        "size": len(data),
        "agree": found == _by_hand(data),
        "tag": hex(found["tag"]),
        "followed": found["followed"],
        "shown": found["shown"],
        "flags": found["flags"],
    }
