"""Names, inodes, symlinks and open files in real folders: what each call changes, and what is refused."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LAB_VM, LINUX

from . import protection as link_protection
from .folder import Folder
from .model import LONGEST, shown
from .other_users import attempt
from .state import State
from .state import files as files_of
from .state import names as names_of

STORIES = {
    "two names and a path": "create-a.link-a-b.symlink-a-c.rename-a-d",
    "a file replaced": "create-a.link-a-b.symlink-a-c.create-d.rename-d-a",
    "open without a name": "create-a.open-a.unlink-a.create-a.open-a.close-3",
    "a symlink moves": "create-a.mkdir-d.create-da.symlink-a-db.rename-db-c",
    "two names for a symlink": "create-a.symlink-a-b.link-b-c.unlink-a",
    "rename between two names": "create-a.link-a-b.rename-a-b",
    "symlinks in a circle": "symlink-b-a.symlink-a-b.open-a.unlink-a.open-b",
    "directories": "mkdir-d.link-d-b.symlink-d-b.create-da.unlink-d.rmdir-d.rename-d-db",
}
"""Title -> calls, as :mod:`syslab.chapters.files.links.model` has them. The first ones are told in the chapter."""

ELSEWHERE = "/dev/shm"


class Step(State):
    """A call, short and as Python; its errno or ""; and the folder after it."""

    step: str
    call: str
    result: str


class StoryStep(Step):
    """A call of the story with this title."""

    story: str


def _told(calls: str) -> Iterator[Step]:
    with Folder() as folder:
        for step in calls.split("."):
            result = folder.do(step)
            yield {"step": step, "call": shown(step), "result": result, **folder.state()}


@experiment(LINUX)
def stories() -> Iterator[StoryStep]:
    """Each story in a folder of its own. After each call: its errno or "", all names and all open files."""
    for title, calls in STORIES.items():
        for row in _told(calls):
            yield {"story": title, **row}


@experiment(LINUX)
def one(calls: str) -> dict[str, str]:
    """A sequence such as ``create-a.link-a-b`` in a real folder: the errors, and in the end a line for each name and descriptor.

    ValueError for a call that is none, or for more than :data:`LONGEST` of them.
    """
    rows = list(_few(calls))
    refused = [f"{row['call']}: {row['result']}" for row in rows if row["result"]]
    names = {name.path: f"{name.kind} {name.number}, opened: {name.reads}" for name in names_of(rows[-1])}
    files = {f"descriptor {fd}": f"file {n}, link count {links}: {text}" for fd, n, links, text in files_of(rows[-1])}
    return {"refused": "; ".join(refused) or "nothing", **names, **files}


@experiment(LINUX)
def each(calls: str) -> Iterator[Step]:
    """The same sequence as :func:`stories` tells it: a row a call. ValueError as :func:`one`."""
    yield from _few(calls)


def _few(calls: str) -> Iterator[Step]:
    if (number := len(calls.split("."))) > LONGEST:
        raise ValueError(f"{number} calls are more than {LONGEST}")
    yield from _told(calls)


TARGETS = ("a", "./a", "../a", "no/such/file", "ä", "x" * 60, "x" * 255)


class Size(TypedDict):
    """A symlink's text, how long it is, its st_size by lstat, and whether following it finds a file: an errno if not."""

    target: str
    characters: int
    bytes: int
    size: int
    file: str


@experiment(LINUX)
def sizes() -> Iterator[Size]:
    """Symlinks with several targets: the length of the text in characters and bytes, and st_size by lstat."""
    with Folder() as folder:
        for target in TARGETS:
            os.symlink(target, "link", dir_fd=folder.fd)
            size = os.lstat("link", dir_fd=folder.fd).st_size
            there = attempt(lambda: os.stat("link", dir_fd=folder.fd)) or "is there"
            yield {"target": target, "characters": len(target), "bytes": len(os.fsencode(target)), "size": size, "file": there}
            os.unlink("link", dir_fd=folder.fd)


class Chain(TypedDict):
    """How many symlinks in a row are followed, how many are not, and the error then."""

    followed: int
    refused: int
    errno: str


@experiment(LINUX)
def chain() -> Chain:
    """Symlinks in a row, each naming the one before: how many open(2) follows, and how it refuses one more."""
    with Folder() as folder:
        folder.do("create-a")
        before = "a"
        for length in range(1, 100):
            os.symlink(before, f"link{length}", dir_fd=folder.fd)
            before = f"link{length}"
            reads = folder.reads(before)
            if reads != "text 1":
                return {"followed": length - 1, "refused": length, "errno": reads}
    raise RuntimeError(f"{length} symlinks in a row were followed, and no limit came")


def _file_system(path: Path) -> str:
    """The type of the file system at ``path``, from /proc/self/mountinfo; ``unknown`` where it does not say."""
    best, kind = -1, "unknown"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        fields, _, after = line.partition(" - ")
        point = fields.split()[4]
        if path.resolve().is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind


Across = TypedDict("Across", {"call": str, "from": str, "to": str, "result": str | None, "reads": str | None})
"""A call, both file systems, "" or the errno (None: they are one), and what the new name reads, if there is one."""


@experiment(LINUX)
def across() -> Iterator[Across]:
    """From the temporary folder to :data:`ELSEWHERE`: a hard link, a rename, a symlink. None where both are one file system."""
    with Folder() as here:
        here.do("create-a")
        there = ELSEWHERE if os.path.isdir(ELSEWHERE) and os.access(ELSEWHERE, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="syslab-", dir=there) as folder:
            differ = os.stat(folder).st_dev != os.fstat(here.fd).st_dev
            source, target = _file_system(here.path), _file_system(Path(folder))
            for call in ("link", "rename", "symlink"):
                result = attempt(partial(getattr(os, call), here.path / "a", f"{folder}/new")) if differ else None
                reads = Path(folder, "new").read_text(encoding="utf-8") if result == "" else None
                yield {"call": f"os.{call}", "from": source, "to": target, "result": result, "reads": reads}


class Unnamed(TypedDict):
    """A step: its errno or "", the file's link count and contents, and its name in /proc/self/fd; None: there is no file."""

    what: str
    result: str
    links: int | None
    reads: str | None
    proc: str | None


def _unnamed(fd: int, what: str, result: str = "") -> Unnamed:
    name = os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))
    shown_as = name if name in ("a", "a (deleted)") else "a number (deleted)"  # O_TMPFILE: the inode's, behind a #
    return {
        "what": what, "result": result, "links": os.fstat(fd).st_nlink, "reads": os.pread(fd, 100, 0).decode(), "proc": shown_as,
    }  # fmt: skip


def _name_it(folder: Folder, fd: int, name: str) -> str:
    """Link an open file into the folder, as open(2) shows it: linkat(2) through /proc, following that link."""
    link = f"/proc/self/fd/{fd}"
    return attempt(lambda: os.link(link, name, src_dir_fd=folder.fd, dst_dir_fd=folder.fd, follow_symlinks=True))


@experiment(LINUX)
def without_name() -> Iterator[Unnamed]:
    """A file that is open and has no name: one that was unlinked, and one that never had any (O_TMPFILE)."""
    with Folder() as folder:
        folder.do("create-a")
        fd = os.open("a", os.O_RDWR, dir_fd=folder.fd)
        yield _unnamed(fd, "opened")
        os.unlink("a", dir_fd=folder.fd)
        yield _unnamed(fd, "its only name unlinked")
        os.pwrite(fd, b"text 2", 0)
        yield _unnamed(fd, "written to")
        again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
        yield _unnamed(again, "opened again through /proc/self/fd")
        yield _unnamed(fd, "given a name again by linkat(2)", _name_it(folder, fd, "b"))
        os.close(again)
        os.close(fd)
        try:
            fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600, dir_fd=folder.fd)
        except OSError as error:
            why = errno.errorcode[error.errno or 0]
            yield {"what": "opened with O_TMPFILE", "result": why, "links": None, "reads": None, "proc": None}
            return
        os.pwrite(fd, b"text 3", 0)
        yield _unnamed(fd, "opened with O_TMPFILE, and written to")
        yield _unnamed(fd, "given its first name by linkat(2)", _name_it(folder, fd, "c"))
        os.close(fd)


Counts = TypedDict(
    "Counts", {"place": str, "file_system": str, "empty": int, "a file": int, "and a directory": int, "and another directory": int}
)
"""A directory's link count while it is filled."""


@experiment(LINUX)
def directory_counts() -> Iterator[Counts]:
    """The link count of a directory, empty and with something in it, on the file systems at hand."""
    seen = set()
    for place, base in (("temporary folder", None), (ELSEWHERE, ELSEWHERE)):
        if base and not (os.path.isdir(base) and os.access(base, os.W_OK)):
            continue
        with Folder(base) as folder:
            if os.fstat(folder.fd).st_dev in seen:
                continue
            seen.add(os.fstat(folder.fd).st_dev)
            yield {
                "place": place,
                "file_system": _file_system(folder.path),
                "empty": os.fstat(folder.fd).st_nlink,
                "a file": _count_after(folder, "create-c"),
                "and a directory": _count_after(folder, "mkdir-a"),
                "and another directory": _count_after(folder, "mkdir-b"),
            }


def _count_after(folder: Folder, step: str) -> int:
    folder.do(step)
    return os.fstat(folder.fd).st_nlink


@experiment(LINUX)
def protections() -> Iterator[link_protection.Outcome]:
    """Hard links to others' files and symlinks of others, under this machine's settings. See ``link_protection.CASES``."""
    yield from link_protection.outcomes()


@experiment(LAB_VM, timeout=30)
def protections_switched() -> Iterator[link_protection.Outcome]:
    """:func:`protections` with both rules off, and with both on."""
    rules = (link_protection.HARDLINKS, link_protection.SYMLINKS)
    was = {rule: link_protection.setting(rule) for rule in rules}
    try:
        for value in (0, 1):
            for rule in rules:
                link_protection.switch(rule, value)
            yield from link_protection.outcomes()
    finally:
        for rule, value_before in was.items():
            link_protection.switch(rule, value_before or 0)
