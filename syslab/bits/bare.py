"""Digits alone: ``15`` can be hex or decimal. Where a word is one that logs print without 0x, they are hex.

A kernel log says ``error 15`` of a page fault and means 0x15, ``CR0: 80050033``, ``PTE 8000000012345067``; a wait status
and a shell's ``$?`` are printed in decimal. Which reading was taken is said (:attr:`Reading.how`), and the other one
is :func:`other_reading`. It is apart from the layouts, whose code decides which records are stale.
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
        made: Any = replace(layout, readers=(*layout.readers, reader))
        found = InHex(**{name: getattr(made, name) for name in made.__dataclass_fields__})
        _MADE[layout.anchor] = (layout, found)
    return found


def other_reading(layout: Layout, text: str, taken: int) -> Reading | None:
    """What digits alone mean if they are not meant as ``taken``; None for other text, or if that does not fit or is the same."""
    found = _DIGITS.fullmatch(plain(text))
    if not found:
        return None
    digits = found[1].replace("_", "")
    value, how = int(digits, 16), "hex"
    if value == taken:
        value, how = int(digits), "decimal"
    return None if value == taken or value >> layout.width else Reading(value, how)
