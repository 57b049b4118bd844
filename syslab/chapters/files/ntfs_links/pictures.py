"""Pictures of the chapter on links of NTFS: who follows a link over SMB, and a reparse buffer as a strip of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Answer
from syslab.show.drawing import PAUSE, Canvas, Lanes, lines
from syslab.show.picture import Picture

from . import show
from .ask import Buffer
from .model import MOUNT_POINT, SYMLINK
from .show import Field

CLIENT, SERVER, DISK = "Bob's machine", "The SMB server", "Its disk"
GROUNDS = ("paper", "panel")
NAMES = {"SubstituteName": "accent", "PrintName": "blue"}


def way() -> Picture:
    """A junction and a symbolic link of the same share, opened from another machine."""

    def draw(width: float) -> Canvas:
        wide = width > 600
        lanes = Lanes(width, (CLIENT, SERVER, DISK))
        for command, tag in (("mklink /J", MOUNT_POINT), ("mklink /D", SYMLINK)):
            junction = tag == MOUNT_POINT
            lanes.say(CLIENT, f"opens a folder made with {command}", fill="paper")
            lanes.go(CLIENT, SERVER, "\\\\server\\share\\docs" if wide else "docs")
            lanes.go(SERVER, DISK)
            lanes.say(DISK, f"{'junction' if junction else 'symbolic link'},\ntag {tag:#x}: C:\\docs")
            lanes.go(DISK, SERVER)
            if junction:
                lanes.say(SERVER, "follows it: the server's C:\\docs", edge="accent")
                lanes.go(SERVER, CLIENT, "a folder")
                lanes.say(CLIENT, "has opened it like an ordinary folder")
                lanes.rest(16)
            else:
                lanes.say(SERVER, "STATUS_\u200bSTOPPED_\u200bON_\u200bSYMLINK")
                lanes.go(SERVER, CLIENT, "the path, its flags" if wide else "the path", "accent")
                lanes.say(CLIENT, "follows it: Bob's C:\\docs, if remote links are allowed; usually refused", edge="accent")
        return lanes.done()

    return Picture(
        "ntfs-way",
        draw,
        title="The server follows a junction, the client a symbolic link",
        alt=f"Three lanes: Bob's machine, the SMB server, its disk. A junction, tag {MOUNT_POINT:#x}, is followed by the server, to its own "
        f"C:\\docs, and Bob has opened it like an ordinary folder. At a symbolic link, tag {SYMLINK:#x}, the server stops and answers "
        "STATUS_STOPPED_ON_SYMLINK with the path and its flags; Bob's machine follows it, to Bob's own C:\\docs, if it follows remote links "
        "at all, which it usually does not.",
        caption="Time goes down.",
        source="Read in [MS-SMB2], Symbolic Link Error Response, and the other sources below; not run.",
    )


def cells(data: bytes, field: Field, size: int) -> list[str]:
    """What stands in the strip at each two bytes of a field: its letters in a name, else its bytes."""
    raw = data[field.at : field.at + size]
    if field.name in NAMES:
        return list(raw.decode("utf-16-le"))
    return [raw[i : i + 2].hex(" ") for i in range(0, size, 2)]


def _strip(canvas: Canvas, data: bytes, fields: Sequence[Field], y: float) -> float:
    """The buffer, 16 bytes a line or 8; a field's name stands at its first byte. Where it ends."""
    per, size, left = (16, 12, 30) if canvas.width > 600 else (8, 11, 24)
    cell = (canvas.width - left) / per
    ends = [*(field.at for field in fields[1:]), len(data)]
    for start in range(0, len(data), per):
        pieces = [
            (number, field, max(field.at, start), min(end, start + per), end)
            for number, (field, end) in enumerate(zip(fields, ends, strict=True))
            if field.at < start + per and end > start
        ]
        labels = [
            lines(_broken(field.name), (last - first) * cell - 6, size) if first == field.at else []
            for _, field, first, last, _ in pieces
        ]
        high = 26 + 14 * max(map(len, labels))
        canvas.text(left - 6, y + 16, str(start), "end", "soft", 12)
        for (number, field, first, last, end), words in zip(pieces, labels, strict=True):
            x, wide = left + (first - start) * cell, (last - first) * cell
            colour = NAMES.get(field.name, "")
            canvas.box(x, y, wide, high, colour or GROUNDS[number % 2], "edge", 0.14 if colour else 1, 0)
            for i, unit in enumerate(cells(data, field, end - field.at)[(first - field.at) // 2 : (last - field.at) // 2]):
                canvas.text(x + (2 * i + 1) * cell, y + 16, unit, "middle", mono=True, size=12)
            for i, line in enumerate(words):
                canvas.text(x + 4, y + 33 + 14 * i, line, colour=colour or "soft", size=size)
        y += high
    return y


def _broken(name: str) -> str:
    """``PrintNameLength`` with a pause before each capital but the first."""
    return name[0] + "".join(PAUSE + letter if letter.isupper() else letter for letter in name[1:])


def strips(answer: Answer[list[Buffer]], paths: Sequence[str]) -> Picture:
    """The buffers of ``paths``, one below the other. ValueError if the image has no such link."""
    buffers = [(path, *show.fields_of(answer, path)) for path in paths]

    def draw(width: float) -> Canvas:
        canvas, y = Canvas(width), 0.0
        for path, data, fields in buffers:
            canvas.text(0, y + 14, f"{path}, {len(data)} bytes", bold=True)
            y = _strip(canvas, data, fields, y + 24) + 18
        canvas.height = y - 16
        return canvas

    said = "; ".join(
        f"{path}: " + ", ".join(f"{field.name} {field.value} at byte {field.at}" for field in fields) for path, _, fields in buffers
    )
    return Picture(
        "ntfs-buffers",
        draw,
        title="Two reparse buffers, byte by byte",
        alt=f"{said}.",
        caption="The numbers on the left count bytes. Fields have their bytes in hex; both names are UTF-16, so that each letter "
        "takes two bytes.",
        numbers=show.taken_apart(answer, paths),
    )
