"""Tables and widgets of the chapter on links of NTFS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table, Verdict

from . import model as reparse
from .ask import Buffer, Content
from .image import Followed

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable

    from .widget import ReparseBuffer

ANCHOR = "reparse"
KINDS = {"junction": "junction", "symlink": "absolute symlink", "relative": "relative symlink"}
TAGS = {reparse.MOUNT_POINT: "mount point", reparse.SYMLINK: "symbolic link"}


def _tag(tag: int | None) -> str:
    return "none" if tag is None else f"{tag:#x}, {TAGS.get(tag, 'unknown')}"


def contents(answers: Sequence[Evidence[list[Content]]]) -> Table:
    """Everything in the image."""
    return Table(
        answers,
        [
            Column("Path", lambda row: row["path"]),
            Column("Is a", lambda row: row["is"]),
            Column("MFT record", lambda row: row["record"], number=True),
            Column("Names of that record", lambda row: row["names"], number=True),
            Column("Reparse tag", lambda row: _tag(row["tag"])),
        ],
        telling=(
            "folder",
            "hard.txt",
            "target",
            "target\\note.txt",
            "target\\second.txt",
            "junction",
            "dir-link",
            "file-relative",
            "other-machine",
        ),
    )


def _kind(data: str) -> str:
    return KINDS[reparse.decode(bytes.fromhex(data)).kind.key]


def buffers(answers: Sequence[Evidence[list[Buffer]]]) -> Table:
    """What each buffer says; the kind leads into the widget."""
    return Table(
        answers,
        [
            Column("Path", lambda row: row["path"]),
            Column("On a", lambda row: row["is"]),
            Column("Buffer", lambda row: Link(_kind(row["bytes"]), f"#{ANCHOR}=bytes:{row['bytes']}")),
            Column("Bytes", lambda row: len(row["bytes"]) // 2, number=True),
            Column("Is followed", lambda row: row["followed"]),
            Column("Is shown", lambda row: row["shown"]),
            Column("Readers agree", lambda row: Verdict(row["agree"])),
        ],
        telling=("junction", "dir-link", "dir-relative", "file-link", "print-first", "two-faced", "other-machine", "other-volume"),
    )


class Field(NamedTuple):
    """A field of a buffer: its first byte, its bytes in hex, or the first four, its name, its value, and what it means."""

    at: int
    raw: str
    name: str
    value: str
    title: str


def _fields(data: bytes) -> list[Field]:
    found = reparse.decode(data)
    titles = {part.name: part.title for part in found.kind.parts} | reparse.TEXTS
    texts = {"SubstituteName": found.followed, "PrintName": found.shown}
    rows = []
    for start, size, name in found.runs:
        raw = data[start : start + size]
        if name in found.values:
            value = hex(found.values[name]) if name == "ReparseTag" else str(found.values[name])
        else:
            value = texts.get(name) or raw.hex(" ")
        rows.append(Field(start, raw.hex(" ") if size <= 4 else f"{raw[:4].hex(' ')} …", name, value, titles[name]))
    return rows


def fields_of(answer: Answer[list[Buffer]], path: str) -> tuple[bytes, list[Field]]:
    """The buffer of ``path`` and its fields. ValueError if the image has no such link."""
    there = {row["path"]: bytes.fromhex(row["bytes"]) for row in answer.data}
    if path not in there:
        raise ValueError(f"no link {path!r} in the image; there are {', '.join(there)}")
    return there[path], _fields(there[path])


def taken_apart(answer: Answer[list[Buffer]], paths: Sequence[str]) -> Table:
    """The buffers of ``paths``, a row for each field. ValueError if the image has no such link."""
    rows = [(path, field) for path in paths for field in fields_of(answer, path)[1]]
    columns: list[Column[tuple[str, Field]]] = [
        Column("Link", lambda row: row[0]),
        Column("At byte", lambda row: row[1].at, number=True),
        Column("Bytes", lambda row: row[1].raw, number=True),
        Column("Field", lambda row: row[1].name),
        Column("Value", lambda row: row[1].value),
        Column("Meaning", lambda row: row[1].title),
    ]
    return Table(
        answer, columns, rows, heads=4, telling=lambda row: row[1].name in ("ReparseTag", "Flags", "PrintName", "SubstituteName")
    )


def mounted(answers: Sequence[Evidence[list[Followed]]]) -> Table:
    """What Linux makes of the links."""
    return Table(
        answers,
        [
            Column("Link", lambda row: row["path"]),
            Column("readlink says", lambda row: row["readlink"]),
            Column("It leads to", lambda row: row["leads_to"]),
        ],
        telling=("junction", "dir-relative", "file-link", "two-faced", "other-volume", "other-machine", "dangling"),
    )


def encoder() -> ReparseBuffer:
    """The widget, with links to begin with."""
    from .widget import ReparseBuffer

    presets = {
        "Junction": "junction:C:\\target",
        "Absolute": "symlink:C:\\target",
        "Relative": "relative:..\\target",
        "Another machine": "symlink:\\\\server\\share\\data",
        "A volume": "junction:\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\",
    }
    return ReparseBuffer(ANCHOR, presets)


SERVER, CLIENT, NOBODY = "The server", "The client", "Nobody"


def resolution() -> ChoiceTable:
    """Who resolves a link, as the sources have it; not run."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    links = {
        "junction": "Junction to C:\\target",
        "absolute": "Symbolic link to C:\\target",
        "relative": "Symbolic link to ..\\target",
        "unc": "Symbolic link to \\\\other\\share\\data",
        "hard": "Hard link",
    }
    where = {"local": "on the machine that has the disk", "smb": "over SMB, from another machine"}

    def told(title: str, who: str, ends: str, tone: str, more: str = "") -> Outcome:
        lines = [
            ("Resolves it", who),
            ("Ends in", ends),
            *([("Also", more)] if more else []),
            ("Checked", "read in the sources, not run"),
        ]
        return Outcome(title, lines, tone)

    machine = "The machine itself"
    stopped = "The server answers STATUS_STOPPED_ON_SYMLINK and hands over the path."
    outcomes: dict[tuple[str, ...], Outcome] = {
        ("junction", "local"): told("Followed.", machine, "its own C:\\target", "good"),
        ("junction", "smb"): told("Followed on the server.", SERVER, "the server’s C:\\target", "good", "The client opens it like an ordinary folder and does not have to know."),
        ("absolute", "local"): told("Followed.", machine, "its own C:\\target", "good"),
        ("absolute", "smb"): told("The client has to follow it, and does so only where it was allowed.", CLIENT, "the client’s own C:\\target, if the client evaluates remote links", "bad", stopped),
        ("relative", "local"): told("Followed.", machine, "target, beside the folder that holds the link", "good"),
        ("relative", "smb"): told("The client has to follow it, and does so only where it was allowed.", CLIENT, "the same share, one folder up, if the client evaluates remote links", "bad", stopped),
        ("unc", "local"): told("Followed.", machine, "the share on the machine other", "good"),
        ("unc", "smb"): told("The client has to follow it, and does so only where it was allowed.", CLIENT, "the share on the machine other, if the client evaluates remote links", "bad", stopped),
        ("hard", "local"): told("There is nothing to follow.", NOBODY, "the file: this is one of its names", "good"),
        ("hard", "smb"): told("There is nothing to follow.", NOBODY, "the file: this is one of its names", "good"),
    }  # fmt: skip
    return ChoiceTable("who-resolves", {"The link": links, "Opened": where}, outcomes, value=("absolute", "smb"))
