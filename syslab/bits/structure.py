"""Structures in a file: where they lie, what their members are, and what a run of bytes says by them.

A :class:`Format` is plain data, as a :class:`~.core.Layout` is for one word. The widget ``HexTree`` gets it through
:meth:`Format.to_dict` and reads bytes by the same rules as :meth:`Format.read`. The structures themselves come from C
declarations (:func:`structures`). Little-endian only: both formats of the book are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .core import Layout

MOST = 64  # entries of one table that are read; files of the book have a handful


@dataclass(frozen=True)
class Member:
    """Bytes ``offset`` .. ``offset + size - 1`` of a structure. ``array``: bytes, not a number. ``type`` as C writes it."""

    name: str
    offset: int
    size: int
    type: str
    array: bool = False


@dataclass(frozen=True)
class Check:
    """``member`` must have ``equals`` (an int, or hex digits of an array); else ``text`` says what is wrong."""

    member: str
    equals: int | str
    text: str


@dataclass(frozen=True)
class Structure:
    """``at``: where it begins, a sum of numbers and of members read before (``"ehdr.e_phoff"``).

    With ``count`` (such a member) it is a table with entries ``stride`` apart, in bytes. ``meanings``: member -> layout
    of its value. Where a check fails, nothing behind that member is read: the rest may have another layout.
    """

    name: str
    title: str
    members: tuple[Member, ...]
    at: tuple[int | str, ...] = (0,)
    count: str = ""
    stride: int | str = 0
    checks: tuple[Check, ...] = ()
    meanings: Mapping[str, Layout] | None = None

    @property
    def size(self) -> int:
        """Bytes from its first member to its last."""
        return max(m.offset + m.size for m in self.members)


@dataclass(frozen=True)
class Found:
    """A member in the bytes: ``name`` (``phdr[1].p_type``), first byte, size, and its value (hex digits of an array)."""

    name: str
    offset: int
    size: int
    value: int | str


@dataclass(frozen=True)
class Tree:
    """What a format made of some bytes. ``problem`` says what and where; "" if all of it could be read."""

    found: tuple[Found, ...]
    problem: str = ""

    @property
    def values(self) -> dict[str, int | str]:
        """Name -> value, in the order of the file's structures."""
        return {f.name: f.value for f in self.found}


@dataclass(frozen=True)
class Format:
    """Structures in the order in which they are found."""

    name: str
    structures: tuple[Structure, ...]

    def read(self, data: bytes) -> Tree:
        """Every member that ``data`` has; never raises, however broken the bytes are."""
        found: list[Found] = []
        problem = ""
        for s in self.structures:
            problem = problem or self._one(s, data, found)
        return Tree(tuple(found), problem)

    def _one(self, s: Structure, data: bytes, found: list[Found]) -> str:
        """Append the members of ``s``; the problem, or ""."""
        values = {f.name: f.value for f in found}

        def number(term: int | str) -> int:
            return int(values[term]) if isinstance(term, str) else term

        start, count, stride = sum(map(number, s.at)), number(s.count) if s.count else 1, number(s.stride)
        if s.count and count and stride < s.size:
            return f"{s.stride} is {stride}, but a {s.name} has {s.size} bytes."
        for i in range(min(count, MOST)):
            name, at = f"{s.name}[{i}]" if s.count else s.name, start + i * stride
            if at + s.size > len(data):
                return f"{name} would be bytes {at:#x} to {at + s.size - 1:#x}, but there are only {len(data):#x} bytes here."
            for m in s.members:
                raw = data[at + m.offset : at + m.offset + m.size]
                found.append(
                    Found(f"{name}.{m.name}", at + m.offset, m.size, raw.hex() if m.array else int.from_bytes(raw, "little"))
                )
            values = {f.name: f.value for f in found}
            for check in s.checks:
                if values[f"{name}.{check.member}"] != check.equals:
                    where = next(f for f in found if f.name == f"{name}.{check.member}")
                    del found[found.index(where) + 1 :]
                    return f"{where.name} at {where.offset:#x}: {check.text}"
        return f"{s.count} is {count}; only {MOST} entries are read." if count > MOST else ""

    def to_dict(self) -> dict[str, Any]:
        """For a widget: JSON, layouts once each, numbers as they are (no constant here reaches 2**53)."""
        layouts = {m.anchor: m.to_dict() for s in self.structures for m in (s.meanings or {}).values()}
        return {
            "name": self.name,
            "most": MOST,
            "layouts": layouts,
            "structures": [
                {
                    "name": s.name, "title": s.title, "size": s.size, "at": list(s.at), "count": s.count, "stride": s.stride,
                    "members": [[m.name, m.offset, m.size, m.type, m.array, (s.meanings or {})[m.name].anchor
                                 if m.name in (s.meanings or {}) else ""] for m in s.members],
                    "checks": [[c.member, c.equals, c.text] for c in s.checks],
                }
                for s in self.structures
            ],
        }  # fmt: skip


@cache
def structures(definition: str) -> dict[str, tuple[Member, ...]]:
    """Name -> members of every ``struct`` in C declarations, offsets and sizes by dissect.cstruct (no padding).

    Raises dissect.cstruct's own ParserError for what is no C.
    """
    from dissect.cstruct import cstruct  # takes a while to import; what only reads a layout needs none

    parsed = cstruct(endian="<").load(definition)

    def member(field: Any) -> Member:
        return Member(field.name, field.offset, len(field.type), field.type.__name__, field.type.__name__.endswith("]"))

    names = re.findall(r"^struct (\w+) \{", definition, re.MULTILINE)
    return {name: tuple(map(member, getattr(parsed, name).__fields__)) for name in names}
