"""HexTree: the bytes of a file beside what they mean, linked both ways; edit a byte and all of it is read again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import traitlets

from syslab.bits.structure import Format, Tree
from syslab.widgets.base import Widget, script, style

MOST_BYTES = 2048
MEMBERS_SAID = 6


@dataclass(frozen=True)
class Sample:
    """The first bytes of a file, and the format that says what they mean."""

    label: str
    format: Format
    data: bytes


def parse(text: str, samples: Mapping[str, Sample]) -> tuple[str, dict[int, int]]:
    """The sample's key and the edited bytes of ``elf.78-00.10-03``: offset and byte, both hex. ValueError says what is wrong.

    ``at-38`` among them is the byte that is chosen, which changes nothing.
    """
    key, *edits = text.split(".")
    if key not in samples:
        raise ValueError(f"{key!r} is none of {', '.join(samples)}")
    made: dict[int, int] = {}
    for edit in edits:
        if not (m := re.fullmatch(r"([0-9a-f]{1,4})-([0-9a-f]{2})|at-([0-9a-f]{1,4})", edit)):
            raise ValueError(f"{edit!r} is not an offset and a byte, such as 10-03")
        offset = int(m[1] or m[3], 16)
        if offset >= len(samples[key].data):
            raise ValueError(f"offset {offset:#x} is outside: there are {len(samples[key].data):#x} bytes")
        if m[1]:
            made[offset] = int(m[2], 16)
    return key, made


class HexTree(Widget):
    """``samples``: key -> :class:`Sample`, the first one shown first. ``anchor`` is its name in links.

    ``value`` is what links say: the sample's key, then the edited bytes, offset and value in hex, and the byte that is
    chosen: ``#bytes=elf.78-00.at-10``.
    """

    becomes = "all bytes and members, each to be chosen and changed"
    _esm = script(__file__)
    _css = style(__file__)
    samples: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode("bytes").tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, samples: Mapping[str, Sample], value: str = "", anchor: str = "bytes") -> None:
        """ValueError for no sample, a bad key, no bytes or more than :data:`MOST_BYTES`, and a malformed ``value``."""
        if not samples:
            raise ValueError("HexTree needs at least one sample")
        for key, sample in samples.items():
            if not re.fullmatch(r"[a-z][a-z0-9]*", key):
                raise ValueError(f"HexTree: the key {key!r} is not lower-case letters and digits")
            if not 0 < len(sample.data) <= MOST_BYTES:
                raise ValueError(f"HexTree {key}: {len(sample.data)} bytes; 1 to {MOST_BYTES} can be shown")
        value = value or next(iter(samples))
        parse(value, samples)
        self._all = dict(samples)
        super().__init__(
            samples=[{"key": k, "label": s.label, "format": s.format.to_dict(), "data": s.data.hex()} for k, s in samples.items()],
            value=value,
            anchor=anchor,
        )

    @property
    def data(self) -> bytes:
        """The bytes as they are now, edits included."""
        key, edits = parse(self.value, self._all)
        data = bytearray(self._all[key].data)
        for offset, byte in edits.items():
            data[offset] = byte
        return bytes(data)

    @property
    def tree(self) -> Tree:
        """What the format makes of :attr:`data`; the page shows the same."""
        return self._all[parse(self.value, self._all)[0]].format.read(self.data)

    def in_words(self) -> str:
        """The first bytes, and the members that are read out of them."""
        label = self._all[self.value.split(".")[0]].label
        found = self.tree.found[:MEMBERS_SAID]
        members = [f"{one.name} = {one.value:#x}" if isinstance(one.value, int) else f"{one.name} = {one.value}" for one in found]
        lines = [f"{label}, {len(self.data)} bytes: {self.data[:16].hex(' ')} …", f"{', '.join(members)} …", self.tree.problem]
        return "\n".join(line for line in lines if line)
