"""Bit layouts: the one place where the meaning of a bit is written.

A :class:`Layout` is plain data. Everything a reader sees of a register is made from it: decoding, one English
sentence, the chapter's table, the widget (through :meth:`Layout.to_dict`) and the test against kernel headers.
This module imports nothing of the project and knows no register.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .reading import Reader, Reading, read_number


@dataclass(frozen=True)
class Source:
    """Where a fact was read: document, section TITLE (numbers move between editions), version."""

    document: str
    section: str
    version: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.document, self.section, self.version) if part)


@dataclass(frozen=True)
class Field:
    """Bits ``bit`` .. ``bit + width - 1`` of a layout.

    ``values`` says what single values mean; ``show`` is how other values are written: ``d`` decimal, ``x`` hex,
    ``s`` four ASCII characters. ``since`` names the CPU or kernel that brought the field, ``linux`` the kernel's
    constants for it (several where versions renamed it).
    """

    name: str
    bit: int
    title: str
    width: int = 1
    values: Mapping[int, str] = field(default_factory=dict)
    show: str = "d"
    since: str = ""
    linux: tuple[str, ...] = ()

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.bit

    @property
    def bits(self) -> str:
        """``7`` or ``15:8``, as manuals write it."""
        return str(self.bit) if self.width == 1 else f"{self.bit + self.width - 1}:{self.bit}"

    def of(self, value: int) -> int:
        """The field's own value inside ``value``."""
        return (value & self.mask) >> self.bit

    def text(self, own: int) -> str:
        """``own`` in words where ``values`` has them, otherwise as a number in the field's format."""
        if own in self.values:
            return self.values[own]
        if self.show == "x":
            return hex(own)
        if self.show == "s":
            raw = own.to_bytes((self.width + 7) // 8, "little")
            return "".join(chr(b) if 32 <= b < 127 else "." for b in raw)
        return str(own)


@dataclass(frozen=True)
class Case:
    """``text`` applies where ``value & mask == equals``."""

    mask: int
    equals: int
    text: str

    def holds(self, value: int) -> bool:
        """Whether the case applies to ``value``."""
        return value & self.mask == self.equals


def otherwise(text: str) -> Case:
    """The case that always applies; put it last."""
    return Case(0, 0, text)


@dataclass(frozen=True)
class Decoded:
    """What a layout makes of one value."""

    layout: Layout
    value: int
    fields: dict[str, int]
    reserved: tuple[int, ...]
    impossible: tuple[str, ...]
    sentence: str

    @property
    def set_names(self) -> tuple[str, ...]:
        """Names of the fields that are not zero, highest bit first."""
        return tuple(f.name for f in reversed(self.layout.fields) if self.fields[f.name])

    def __str__(self) -> str:
        return f"{self.layout.hex(self.value)}: {self.sentence}"


def _key(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())


@dataclass(frozen=True)
class Layout:
    """A word of ``width`` bits and what its bits mean.

    ``anchor`` is its name in links (``#pfec=0x15``). ``clauses`` make the sentence: the first :class:`Case` of
    each clause that holds gives its text, ``{NAME}`` in it stands for a field's value in words. Without clauses
    the sentence lists what is set. ``impossible`` are cases that no machine should report, and why.
    """

    name: str
    anchor: str
    width: int
    fields: tuple[Field, ...]
    sources: tuple[Source, ...] = ()
    clauses: tuple[tuple[Case, ...], ...] = ()
    impossible: tuple[Case, ...] = ()
    readers: tuple[Reader, ...] = ()
    examples: tuple[tuple[str, int], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 64:
            raise ValueError(f"layout {self.name}: width {self.width} is not 1 to 64 bits")
        if any(f.bit < 0 or f.width < 1 for f in self.fields):
            raise ValueError(f"layout {self.name}: a field starts below bit 0 or has no bits")
        taken = 0
        for f in sorted(self.fields, key=lambda f: f.bit):
            if f.mask & taken or f.bit + f.width > self.width:
                raise ValueError(f"layout {self.name}: field {f.name} (bits {f.bits}) overlaps or leaves {self.width} bits")
            taken |= f.mask
        if len({_key(f.name) for f in self.fields}) != len(self.fields):
            raise ValueError(f"layout {self.name}: two fields have the same name")
        object.__setattr__(self, "fields", tuple(sorted(self.fields, key=lambda f: f.bit)))

    @cached_property
    def _by_key(self) -> dict[str, Field]:
        return {_key(f.name): f for f in self.fields}

    @cached_property
    def reserved_mask(self) -> int:
        """Bits that no field claims."""
        return ((1 << self.width) - 1) & ~sum(f.mask for f in self.fields)

    def field(self, name: str) -> Field:
        """The field called ``name``; case and punctuation do not matter (``wr`` finds ``W/R``)."""
        try:
            return self._by_key[_key(name)]
        except KeyError:
            known = ", ".join(f.name for f in self.fields)
            raise ValueError(f"{self.name} ({self.width} bits) has no field {name!r}; it has {known}") from None

    def check(self, value: int) -> int:
        """``value`` itself if it is an integer that fits, else TypeError or ValueError naming the layout."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{self.name} ({self.width} bits) takes an int, not {type(value).__name__} {value!r}")
        if not 0 <= value < 1 << self.width:
            raise ValueError(f"{self.name} is {self.width} bits wide; {value:#x} does not fit in 0..{(1 << self.width) - 1:#x}")
        return value

    def decode(self, value: int) -> Decoded:
        """Fields, reserved bits that are set, impossible combinations and the sentence for ``value``."""
        self.check(value)
        return Decoded(
            layout=self,
            value=value,
            fields={f.name: f.of(value) for f in self.fields},
            reserved=tuple(i for i in range(self.width) if value & self.reserved_mask & 1 << i),
            impossible=tuple(c.text for c in self.impossible if c.holds(value)),
            sentence=self.sentence(value),
        )

    def encode(self, *flags: str, **values: int) -> int:
        """The word with ``flags`` set to 1 and each of ``values`` in its field: ``encode("P", STATUS=3)``."""
        word = 0
        for name, own in [*((flag, 1) for flag in flags), *values.items()]:
            f = self.field(name)
            if isinstance(own, bool) or not isinstance(own, int):
                raise TypeError(f"{self.name}.{f.name} takes an int, not {type(own).__name__} {own!r}")
            if not 0 <= own < 1 << f.width:
                raise ValueError(f"{self.name}.{f.name} is {f.width} bit(s) wide; {own} does not fit")
            word = word & ~f.mask | own << f.bit
        return word

    def sentence(self, value: int) -> str:
        """One English sentence about ``value``. The widgets' JavaScript makes the same one from the same data."""
        self.check(value)
        if self.clauses:
            text = "".join(next((c.text for c in clause if c.holds(value)), "") for clause in self.clauses)
        else:
            text = self._listing(value)
        text = re.sub(r"\{([^}]+)\}", lambda m: self._words(m[1], value), text)
        odd = [str(i) for i in range(self.width) if value & self.reserved_mask & 1 << i]
        if odd:
            text += f" Reserved {'bits' if len(odd) > 1 else 'bit'} set: {', '.join(odd)}."
        return text

    def _words(self, name: str, value: int) -> str:
        f = self.field(name)
        return f.text(f.of(value))

    def _listing(self, value: int) -> str:
        flags = [f.name for f in self.fields if f.width == 1 and value & f.mask]
        wide = [f"{f.name} = {f.text(f.of(value))}" for f in self.fields if f.width > 1]
        parts = ([f"Set: {', '.join(flags)}"] if flags else []) + wide
        return ("; ".join(parts) if parts else "Nothing is set") + "."

    def hex(self, value: int) -> str:
        """``value`` as hex, padded to the layout's width."""
        return f"0x{value:0{(self.width + 3) // 4}x}"

    def read(self, text: str) -> Reading:
        """The value in what an engineer has in hand: a number, or a line that one of ``readers`` knows.

        Raises ValueError that says what could not be read, what is accepted, and the layout's width.
        """
        reading = read_number(text, self.readers, f"{self.name} ({self.width} bits)", self.accepts)
        self.check(reading.value)
        return reading

    @cached_property
    def accepts(self) -> str:
        """What :meth:`read` understands, in words."""
        forms = ["hex (0x15)", "decimal (21)", "binary (0b10101)"]
        return ", ".join([*forms, *(r.label for r in self.readers if r.base)])

    def table(self) -> list[dict[str, str]]:
        """One row a field, lowest bit first: bits, name, meaning, since, linux."""
        return [
            {"bits": f.bits, "name": f.name, "meaning": f.title, "since": f.since, "linux": ", ".join(f.linux)} for f in self.fields
        ]

    def to_dict(self) -> dict[str, Any]:
        """The layout for a widget: JSON, masks as hex strings because JavaScript's numbers end at 2**53."""

        def cases(given: tuple[Case, ...]) -> list[list[str]]:
            return [[hex(c.mask), hex(c.equals), c.text] for c in given]

        return {
            "name": self.name,
            "anchor": self.anchor,
            "width": self.width,
            "fields": [
                {
                    "name": f.name,
                    "bit": f.bit,
                    "width": f.width,
                    "title": f.title,
                    "since": f.since,
                    "show": f.show,
                    "values": {str(k): v for k, v in f.values.items()},
                }
                for f in self.fields
            ],
            "clauses": [cases(clause) for clause in self.clauses],
            "impossible": cases(self.impossible),
            "readers": [[r.pattern, r.base, r.label] for r in self.readers],
            "examples": [[label, hex(v)] for label, v in self.examples],
            "accepts": self.accepts,
            "note": self.note,
        }
