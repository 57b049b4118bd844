"""Where the members of a C struct lie: the rules of the System V AMD64 psABI, bit-fields included.

A declaration is written ``bool,int:3,char[4]``: a type, and behind it nothing, a width in bits, or a number of elements.
``packed`` in front stands for GCC's attribute. An unnamed ``int:0`` closes the unit. All counts of positions are in bits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from syslab.bits import given

MEMBERS, ELEMENTS, BYTES = 24, 16, 128
"""What a picture has room for: members, elements of an array, bytes."""
PACKED = "packed"
BYTE = 8
_ITEM = re.compile(r"([a-z]+)(?::([0-9]{1,4})|\[([0-9]{1,4})\])?")


@dataclass(frozen=True)
class Type:
    """A C type: its name here, its size and alignment in bytes, how C writes it, and the widest bit-field (0: none)."""

    name: str
    size: int
    align: int
    c: str
    widest: int


# Bit-fields are unsigned here: in C it is the implementation's choice whether a plain `int a:3` has a sign.
TYPES = {
    t.name: t
    for t in (
        Type("bool", 1, 1, "_Bool", 1),
        Type("char", 1, 1, "unsigned char", 8),
        Type("short", 2, 2, "unsigned short", 16),
        Type("int", 4, 4, "unsigned int", 32),
        Type("long", 8, 8, "unsigned long", 64),
        Type("pointer", 8, 8, "void *", 0),
        Type("double", 8, 8, "double", 0),
    )
}


@dataclass(frozen=True)
class Member:
    """One member: ``width`` bits if it is a bit-field, ``count`` elements if it is an array, else neither."""

    type: Type
    width: int | None = None
    count: int | None = None

    def __str__(self) -> str:
        return self.type.name + (f":{self.width}" if self.width is not None else f"[{self.count}]" if self.count else "")

    @property
    def bits(self) -> int:
        """How many bits it holds."""
        return self.width if self.width is not None else BYTE * self.type.size * (self.count or 1)

    def c(self, name: str) -> str:
        """As C writes it, without the semicolon; an unnamed zero-width field drops ``name``."""
        gap = "" if self.type.c.endswith("*") else " "
        if self.width is None:
            return f"{self.type.c}{gap}{name}" + (f"[{self.count}]" if self.count else "")
        return f"{self.type.c} {name}:{self.width}" if self.width else f"{self.type.c} :0"


@dataclass(frozen=True)
class Placed:
    """A member and where it begins: ``at`` bits from the start of the struct. ``name`` is "" for a zero-width field."""

    member: Member
    name: str
    at: int

    @property
    def where(self) -> str:
        """Its place in words: ``bytes 4 to 7``, ``byte 1, bits 0 to 2``."""
        first, last = self.at // BYTE, (self.at + self.member.bits - 1) // BYTE
        if not self.member.bits:
            return "the next unit begins"
        if self.member.width is None:
            return f"byte {first}" if first == last else f"bytes {first} to {last}"
        low, high = self.at % BYTE, (self.at + self.member.bits - 1) % BYTE
        if first != last:
            return f"byte {first}, bit {low}, to byte {last}, bit {high}"
        return f"byte {first}, bit {low}" if low == high else f"byte {first}, bits {low} to {high}"


@dataclass(frozen=True)
class Struct:
    """A laid-out struct; ``size`` and ``align`` in bytes."""

    members: tuple[Placed, ...]
    size: int
    align: int
    packed: bool

    @property
    def padding(self) -> int:
        """Bits that belong to no member."""
        return BYTE * self.size - sum(placed.member.bits for placed in self.members)

    @property
    def masks(self) -> dict[str, bytes]:
        """For each named member its bits set and all others clear, as the struct's bytes."""
        return {p.name: (((1 << p.member.bits) - 1) << p.at).to_bytes(self.size, "little") for p in self.members if p.name}

    @property
    def sentence(self) -> str:
        """Size, alignment and padding: ``8 bytes, aligned to 4; 3 bytes of padding.``"""
        gap, unit = (self.padding // BYTE, "byte") if self.padding % BYTE == 0 else (self.padding, "bit")
        padding = f"{_some(gap, unit)} of padding" if gap else "no padding"
        return f"{_some(self.size, 'byte')}, aligned to {self.align}; {padding}."

    def c(self, tag: str = "s") -> str:
        """The declaration in C, one line."""
        inner = " ".join(f"{p.member.c(p.name)};" for p in self.members)
        return f"struct {tag} {{ {inner} }}{' __attribute__((packed))' if self.packed else ''};"


def parse(text: str) -> tuple[bool, list[Member]]:
    """Whether it is packed, and its members. ValueError in a sentence that says what is wrong, and in which member."""
    items = [item.strip() for item in given.text(text, "a declaration").split(",")]
    packed = items[0] == PACKED
    items = items[packed:]
    if items in ([], [""]):
        raise ValueError(f"Nothing is declared. A struct is written like {', '.join(_EXAMPLE)}.")
    if len(items) > MEMBERS:
        raise ValueError(f"There are {len(items)} members; there is room for {MEMBERS}.")
    members = [_member(item, f"Member {number}, “{item[:30]}”:") for number, item in enumerate(items, 1)]
    if not any(member.bits for member in members):
        raise ValueError("All members have a width of 0; C wants one with a name.")
    return packed, members


_EXAMPLE = ("bool", "int:3", "char[4]")


def _member(item: str, where: str) -> Member:
    found = _ITEM.fullmatch(item)
    if not found:
        raise ValueError(f"{where} cannot be read. A member is written like {', '.join(_EXAMPLE)}.")
    name, width, count = found[1], found[2], found[3]
    if name not in TYPES:
        raise ValueError(f"{where} no such type. There are {', '.join(TYPES)}.")
    kind = TYPES[name]
    if width is not None and not kind.widest:
        raise ValueError(f"{where} a {name} cannot be a bit-field.")
    if width is not None and int(width) > kind.widest:
        raise ValueError(f"{where} a bit-field of type {name} has at most {_some(kind.widest, 'bit')}.")
    if count is not None and not 1 <= int(count) <= ELEMENTS:
        raise ValueError(f"{where} an array has 1 to {ELEMENTS} elements here.")
    return Member(kind, None if width is None else int(width), None if count is None else int(count))


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _up(at: int, to: int) -> int:
    return -(-at // to) * to


def lay_out(text: str) -> Struct:
    """The struct of a declaration. ValueError as :func:`parse`, and where it has more than :data:`BYTES` bytes."""
    packed, members = parse(text)
    at, align = 0, 1
    placed: list[Placed] = []
    for member in members:
        unit = BYTE * member.type.size  # all types here are aligned to their size, so this is also the alignment
        if member.width == 0:  # the next one begins a new unit, packed or not; the struct's alignment stays
            at = _up(at, unit)
        elif member.width is None:
            at = _up(at, BYTE if packed else unit)
        elif not packed and at // unit != (at + member.width - 1) // unit:
            at = _up(at, unit)  # a bit-field stays within one unit of its type
        if not packed and member.bits:
            align = max(align, member.type.align)
        name = chr(ord("a") + sum(bool(p.name) for p in placed)) if member.bits else ""
        placed.append(Placed(member, name, at))
        at += member.bits
    size = _up(at, BYTE * align) // BYTE
    if size > BYTES:
        raise ValueError(f"The struct has {size} bytes; there is room for {BYTES}.")
    return Struct(tuple(placed), size, align, packed)
