"""Tables and widgets of the chapter on links of NTFS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, Verdict

from . import model as reparse

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable

    from .widget import ReparseBuffer

Row = dict[str, Any]
ANCHOR = "reparse"
KINDS = {"junction": "junction", "symlink": "absolute symlink", "relative": "relative symlink"}
TAGS = {reparse.MOUNT_POINT: "mount point", reparse.SYMLINK: "symbolic link"}


def _tag(row: Row) -> str:
    return "none" if row["tag"] is None else f"{row['tag']:#x}, {TAGS.get(row['tag'], 'unknown')}"


def contents(answer: Evidence) -> Measured:
    """Everything in the image."""
    columns = [
        Column("Path", "path"),
        Column("Is a", "is"),
        Column("MFT record", "record", number=True),
        Column("Names of that record", "names", number=True),
        Column("Reparse tag", _tag),
    ]
    return Measured(answer, columns)


def _kind(row: Row) -> str:
    return KINDS[reparse.decode(bytes.fromhex(row["bytes"])).kind.key]


def buffers(answer: Evidence) -> Measured:
    """What each buffer says; the kind leads into the widget."""
    columns = [
        Column("Path", "path"),
        Column("On a", "is"),
        Column("Buffer", lambda row: Link(_kind(row), f"#{ANCHOR}=bytes:{row['bytes']}")),
        Column("Bytes", lambda row: len(row["bytes"]) // 2, number=True),
        Column("Is followed", "followed"),
        Column("Is shown", "shown"),
        Column("Readers agree", lambda row: Verdict(row["agree"])),
    ]
    return Measured(answer, columns)


def taken_apart(answer: Evidence, path: str) -> Measured:
    """The buffer of ``path``, a row for each field. ValueError if the image has no such link."""
    for row in answer.data:
        if row["path"] == path:
            data = bytes.fromhex(row["bytes"])
            break
    else:
        raise ValueError(f"no link {path!r} in the image; there are {', '.join(row['path'] for row in answer.data)}")
    found = reparse.decode(data)
    titles = {part.name: part.title for part in found.kind.parts} | reparse.TEXTS
    texts = {"SubstituteName": found.followed, "PrintName": found.shown}
    rows = []
    for start, size, name in found.runs:
        raw = data[start : start + size]
        value = texts.get(name) or (hex(found.values[name]) if name in found.values else raw.hex(" "))
        if name in found.values and name != "ReparseTag":
            value = str(found.values[name])
        rows.append(
            {
                "at": start,
                "raw": raw.hex(" ") if size <= 4 else f"{raw[:4].hex(' ')} …",
                "name": name,
                "value": value,
                "title": titles[name],
            }
        )
    columns = [
        Column("At byte", "at", number=True),
        Column("Bytes", "raw", number=True),
        Column("Field", "name"),
        Column("Value", "value"),
        Column("Meaning", "title"),
    ]
    return Measured(answer, columns, rows, caption=f"The buffer of {path}, {len(data)} bytes")


def mounted(answer: Evidence) -> Measured:
    """What Linux makes of the links."""
    columns = [Column("Link", "path"), Column("readlink says", "readlink"), Column("It leads to", "leads_to")]
    return Measured(answer, columns)


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
        ("junction", "smb"): told("Followed on the server.", SERVER, "the server’s C:\\target", "good", "The client sees an ordinary folder and does not have to know."),
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
