r"""The bytes behind a junction and a symbolic link of NTFS: REPARSE_DATA_BUFFER, made and read.

What is where, and what is said about a bad target or buffer, is in :mod:`.tables`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any

from syslab.bits import given as of

from .tables import (
    ABSOLUTE,
    FLAGS,
    HEAD,
    JUNCTION,
    KINDS,
    MOST,
    MOUNT_POINT,
    NAMES,
    NT,
    RELATIVE,
    RELATIVE_LINK,
    SAYS,
    SYMLINK,
    TEXTS,
    Kind,
    Part,
)
from .tags import BITS, of_bits
from .tags import NAMES as TAGS

__all__ = [
    "HEAD",
    "KINDS",
    "MOUNT_POINT",
    "NAMES",
    "RELATIVE_LINK",
    "SYMLINK",
    "TEXTS",
    "BadReparse",
    "Reparse",
    "decode",
    "encode",
    "read_hex",
    "rules",
]


class BadReparse(ValueError):
    """A target or a buffer that is none; the message says what and where."""


def complaint(key: str, *given: object) -> str:
    """The sentence ``key`` of :data:`SAYS`."""
    return _fill(SAYS[key], *given)


def _fill(text: str, *given: object) -> str:
    return re.sub(r"\{(\d)\}", lambda m: str(given[int(m[1])]), text)


def _half(units: bytes) -> int | None:
    """Index of the first unit that is half of a surrogate pair, in UTF-16 without a terminator; None if there is none."""
    values = struct.unpack(f"<{len(units) // 2}H", units)
    i = 0
    while i < len(values):
        if 0xD800 <= values[i] < 0xDC00 and i + 1 < len(values) and 0xDC00 <= values[i + 1] < 0xE000:
            i += 2
        elif 0xD800 <= values[i] < 0xE000:
            return i
        else:
            i += 1
    return None


def kind(key: str) -> Kind:
    """The kind called ``junction``, ``symlink`` or ``relative``; BadReparse for others."""
    for one in KINDS:
        if one.key == key:
            return one
    raise BadReparse(complaint("kind", key))


def substitute(key: str, target: str) -> str:
    """The name that is followed for ``target``, or BadReparse."""
    wanted = kind(key)
    raw = of.text(target, "a target").encode("utf-16-le", "surrogatepass")
    if not target:
        raise BadReparse(complaint("empty"))
    for bad, why in (("\0", "nul"), ("/", "slash")):
        if bad in target:  # places are counted in UTF-16 units, as JavaScript does
            raise BadReparse(complaint(why, len(target[: target.index(bad)].encode("utf-16-le", "surrogatepass")) // 2 + 1))
    if (half := _half(raw)) is not None:
        raise BadReparse(complaint("half", half + 1))
    for pattern, drop, front in wanted.forms:
        if re.search(pattern, target):
            if wanted is JUNCTION and re.search(r"\\\.\.?(\\|\Z)", target):
                raise BadReparse(complaint("dots", target))
            return front + target[drop:]
    raise BadReparse(_fill(wanted.refuses, target))


def encode(key: str, target: str) -> bytes:
    r"""The buffer of a ``junction``, ``symlink`` (absolute) or ``relative`` link to ``target``, a path such as ``C:\target``.

    BadReparse says why there is none.
    """
    wanted = kind(key)
    followed, shown = (name.encode("utf-16-le") for name in (substitute(key, target), target))
    end = b"\0\0" if wanted.terminated else b""
    path = followed + end + shown + end
    size = wanted.path + len(path)
    if size > MOST:
        raise BadReparse(complaint("long", size))
    head = struct.pack("<IHHHHHH", wanted.tag, size - 8, 0, 0, len(followed), len(followed) + len(end), len(shown))
    return head + (b"" if wanted.flags is None else struct.pack("<I", wanted.flags)) + path


@dataclass(frozen=True)
class Reparse:
    """What a buffer says. ``runs`` are (first byte, bytes, name): which byte belongs to what; ``notes`` are oddities."""

    kind: Kind
    values: dict[str, int]
    followed: str
    shown: str
    runs: tuple[tuple[int, int, str], ...]
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def sentence(self) -> str:
        """What it is, in a sentence."""
        return _fill(self.kind.says, self.followed)


def _runs(size: int, parts: tuple[Part, ...], spans: dict[str, tuple[int, int]]) -> tuple[tuple[int, int, str], ...]:
    owner = [p.name for p in parts for _ in range(p.size)]
    owner += ["Unused"] * (size - len(owner))
    for name, (start, length) in spans.items():
        for i in range(start, start + length):
            if owner[i] == "Unused":  # names may share bytes; the first keeps them
                owner[i] = name
    runs: list[tuple[int, int, str]] = []
    for i, name in enumerate(owner):
        if runs and runs[-1][2] == name:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, name)
        else:
            runs.append((i, 1, name))
    return tuple(runs)


def _notes(found: Kind, values: dict[str, int], followed: str) -> tuple[str, ...]:
    notes = []
    if values["Reserved"]:
        notes.append(complaint("reserved", hex(values["Reserved"])))
    if values.get("Flags", 0) > RELATIVE:
        notes.append(complaint("flags", hex(values["Flags"])))
    if not followed:
        notes.append(complaint("none"))
    elif found is RELATIVE_LINK:
        notes += [complaint("both")] * followed.startswith(NT)
    elif not followed.startswith(NT):
        notes.append(complaint("root" if followed.startswith("\\") else "local" if found is JUNCTION else "lost"))
    return tuple(notes)


def decode(data: bytes) -> Reparse:
    """What ``data``, a whole REPARSE_DATA_BUFFER, says. BadReparse says what is wrong and at which byte."""
    if len(of.raw(data, "a buffer")) > MOST:
        raise BadReparse(complaint("much", len(data)))
    if len(data) < 8:
        raise BadReparse(complaint("short", len(data)))
    tag, length = HEAD[0].of(data), HEAD[1].of(data)
    if all(tag != one.tag for one in KINDS):
        if tag not in TAGS and length != len(data) - 8:
            raise BadReparse(complaint("headless", f"{tag:#010x}"))
        raise BadReparse(complaint("tag", f"{tag:#010x}", f", {TAGS[tag]}" if tag in TAGS else "", of_bits(tag)))
    if length != len(data) - 8:
        raise BadReparse(complaint("length", length, len(data) - 8))
    found = JUNCTION if tag == MOUNT_POINT else RELATIVE_LINK if FLAGS.of(data) & RELATIVE else ABSOLUTE
    if len(data) < found.path:
        raise BadReparse(complaint("head", len(data), found.path))
    values = {part.name: part.of(data) for part in found.parts}
    names: list[str] = []
    spans: dict[str, tuple[int, int]] = {}
    for name, *two in (("SubstituteName", *NAMES[:2]), ("PrintName", *NAMES[2:])):
        for part in two:
            if values[part.name] % 2:
                raise BadReparse(complaint("unit", part.offset, part.offset + 1, part.name, values[part.name]))
        start, size = (values[part.name] for part in two)
        if start + size > len(data) - found.path:
            raise BadReparse(complaint("past", name, start + size, len(data) - found.path))
        raw = data[found.path + start : found.path + start + size]
        if (half := _half(raw)) is not None:
            raise BadReparse(complaint("utf16", found.path + start + 2 * half, name))
        spans[name] = (found.path + start, size)
        names.append(raw.decode("utf-16-le"))
    return Reparse(found, values, names[0], names[1], _runs(len(data), found.parts, spans), _notes(found, values, names[0]))


DUMPED = re.compile(r"^[ \t]*([0-9A-Fa-f]{4,8})(?::[ \t]*|[ \t]{2,})(?=[0-9A-Fa-f]{2})(.*)$", re.MULTILINE | re.ASCII)
"""A line of a dump: an offset, which must be the number of bytes before it, and the rest."""
PAIR = re.compile(r"([ \t]*)([0-9A-Fa-f]{2})", re.ASCII)
HEADER = r"Reparse Tag Value\s*:\s*0x([0-9A-Fa-f]{1,8})\b[\s\S]*?Reparse Data Length\s*:\s*0x([0-9A-Fa-f]{1,4})\b"
"""What fsutil says above its dump, which begins after the header."""


def _dumped(text: str) -> str:
    """The hex digits of a dump by fsutil, xxd or hexdump -C, without offsets and the column of text; "" for what is no dump."""
    digits = ""
    for line in DUMPED.finditer(text):
        if int(line[1], 16) * 2 != len(digits):
            continue
        place, count = 0, 0
        while count < 16 and (pair := PAIR.match(line[2], place)):
            if count and len(pair[1]) > (2 if count == 8 else 1):
                break  # the column of text
            digits += pair[2]
            place, count = pair.end(), count + 1
    if digits and (header := re.search(HEADER, text, re.ASCII)):
        digits = struct.pack("<IHH", int(header[1], 16), int(header[2], 16), 0).hex() + digits
    return digits


def read_hex(text: str) -> bytes:
    """Bytes from hex digits: a dump, or digits with what stands between them in a source or a log. BadReparse says where not."""
    if len(of.text(text, "a buffer in hex")) > 8 * MOST:
        raise BadReparse(complaint("much", len(text) // 2))
    if dumped := _dumped(text):
        return bytes.fromhex(dumped)
    clean = re.sub(r"^\s*[\w.]+=(?=0x)|0x|\\x|[ \t\r\n,:-]", lambda m: " " * len(m[0]), text, flags=re.ASCII)
    if odd := re.search(r"[^0-9A-Fa-f ]", clean):
        raise BadReparse(complaint("hex", odd.start() + 1, odd[0]))
    digits = clean.replace(" ", "")
    if len(digits) % 2:
        raise BadReparse(complaint("odd", len(digits)))
    return bytes.fromhex(digits)


def rules() -> dict[str, Any]:
    """All of it for the widget, as JSON; what has an order is a list."""
    return {
        "kinds": [
            {
                "key": k.key, "label": k.label, "tag": k.tag, "flags": k.flags, "terminated": k.terminated, "path": k.path,
                "forms": [list(f) for f in k.forms], "refuses": k.refuses, "says": k.says,
                "parts": [[p.name, p.offset, p.size, p.title] for p in k.parts],
            }
            for k in KINDS
        ],
        "texts": [list(item) for item in TEXTS.items()],  # a page may sort the keys of a dict
        "others": {str(tag): name for tag, name in TAGS.items()},
        "bits": [list(bit) for bit in BITS],
        "says": SAYS,
        "nt": NT,
        "most": MOST,
    }  # fmt: skip
