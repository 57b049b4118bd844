"""Digits alone: ``15`` can be hex or decimal. Where a word is one that logs print without 0x, they are hex.

A kernel log says ``error 15`` of a page fault and means 0x15, ``CR0: 80050033``, ``PTE 8000000012345067``; a wait status
and a shell's ``$?`` are printed in decimal. Which reading was taken is said (:attr:`Reading.how`), and the others
are :func:`other_readings`. It is apart from the layouts, whose code decides which records are stale.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

from .core import Layout
from .reading import Reader, Reading, plain

HEX = "hex, as logs print it without 0x"
IN_HEX = frozenset(
    [
        "pfec",
        "va",
        "pte",
        "pde-2m",
        "pdpte-1g",
        "paging-table",
        "pat",
        "cr0",
        "cr3",
        "cr3-pcid",
        "cr4",
        "cr8",
        "efer",
        "rflags",
        "icr",
        "sigmask",
        "ioc",
    ]
)
PREFIXES = ("cpuid-", "kvm-requests")
_DIGITS = re.compile(r"\s*([0-9][0-9_]*)\s*", re.ASCII)


class InHex(Layout):
    """A layout that reads digits alone as hex, as far as they fit; more digits are decimal."""

    @cached_property
    def accepts(self) -> str:
        """As :attr:`Layout.accepts`."""
        forms = ["hex (0x15 or 15)", "binary (0b10101)"]
        return ", ".join([*forms, *(r.label for r in self.readers if r.base and r.label != HEX)])


MOST = 4  # other readings that are named

_REGISTERS = ("eax", "ebx", "ecx", "edx")
_NO_VALUE = (
    Reader(
        r"\bCPUID[.\[].{1,40}\[bit \d",
        0,
        "QEMU names a feature by its bit in this register; the register's value is not in the line",
    ),
    Reader(r"\b0x[0-9a-f]{8} 0x[0-9a-f]{2}: eax=|\bCPUID [0-9a-f]{8}: ", 0, "this is a dump of CPUID, and another leaf's"),
)


def _dumped(anchor: str) -> tuple[Reader, ...]:
    """Lines of ``cpuid -r`` and of InstLatX64 with the register of ``cpuid-LEAF-SUBLEAF-REGISTER``."""
    leaf, *subleaf, register = anchor.removeprefix("cpuid-").split("-")
    at = _REGISTERS.index(register)
    number, below = int(leaf, 16), subleaf[0] if subleaf else ""
    some = "0[2-9a-f]|[1-9a-f][0-9a-f]" if leaf == "d" else "[0-9a-f]{2}"  # d-n are the subleaves from 2 up
    sub = rf"(?:{some})" if below == "n" else f"{int(below or '0', 16):02x}"
    row = rf"\b0x{number:08x} 0x{sub}: (?:e[a-d]x=0x[0-9a-f]{{8}} ){{{at}}}{register}=0x([0-9a-f]{{8}})\b"
    columns = rf"(?:[0-9a-f]{{8}}-){{{at}}}([0-9a-f]{{8}})(?:-[0-9a-f]{{8}}){{{3 - at}}}"
    mark = rf" \[SL {sub}\]" if subleaf else ""
    return (
        Reader(row, 16, f"{register.upper()} in a dump by cpuid -r"),
        Reader(rf"\bCPUID {number:08x}: {columns}{mark}", 16, f"{register.upper()} in a dump by InstLatX64"),
        *_NO_VALUE,
    )


_MADE: dict[str, tuple[Layout, InHex]] = {}  # one for each layout


def as_logged(layout: Layout) -> Layout:
    """``layout``, as an :class:`InHex` if it is one of those that logs print in hex."""
    if isinstance(layout, InHex) or not (layout.anchor in IN_HEX or layout.anchor.startswith(PREFIXES)):
        return layout
    most = -(-layout.width // 4)
    digits = rf"[1-9a-f][0-9a-f]{{0,{most - 1}}}|0[0-9ac-f][0-9a-f]{{0,{most - 2}}}|0"  # 0b is binary
    reader = Reader(rf"^\s*({digits})\s*$", 16, HEX)
    given, found = _MADE.get(layout.anchor, (None, None))
    if found is None or given is not layout:
        dumped = _dumped(layout.anchor) if layout.anchor.startswith("cpuid-") else ()
        made: Any = replace(layout, readers=(*layout.readers, *dumped, reader))
        found = InHex(**{name: getattr(made, name) for name in made.__dataclass_fields__})
        _MADE[layout.anchor] = (layout, found)
    return found


def other_readings(layout: Layout, text: str, taken: int) -> tuple[Reading, ...]:
    """What ``text`` means if it is not meant as ``taken``: digits alone in the other base, and what else a pasted text holds.

    That are the other numbers that the layout's readers find, as far as they fit, up to a line that it refuses, and at most
    :data:`MOST`.
    """
    text = plain(text)
    digits = _DIGITS.fullmatch(text)
    if digits:
        number = digits[1].replace("_", "")
        value, how = int(number, 16), "hex"
        if value == taken:
            value, how = int(number), "decimal"
        return () if value == taken or value >> layout.width else (Reading(value, how),)
    found: dict[int, Reading] = {}
    for reader in layout.readers:
        for match in re.finditer(reader.pattern, text, re.IGNORECASE | re.ASCII):
            if not reader.base:
                return tuple(found.values())
            value = int(match[1], reader.base)
            if value != taken and not value >> layout.width:
                found.setdefault(value, Reading(value, reader.label))
            if len(found) == MOST:
                return tuple(found.values())
    return tuple(found.values())
