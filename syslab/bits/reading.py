"""Reading numbers out of what engineers paste: plain numbers, kernel log lines, tracepoints.

The patterns are the common subset of Python's and JavaScript's regular expressions, because the widgets use the
same ones; group 1 is the number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """A form of text that holds the value. ``base`` 0 means: recognised, but not this register; ``label`` says why."""

    pattern: str
    base: int
    label: str


@dataclass(frozen=True)
class Reading:
    """A value and how it was read."""

    value: int
    how: str


PLAIN = (
    Reader(r"^\s*0x([0-9a-f_]+)\s*$", 16, "hex"),
    Reader(r"^\s*0b([01_]+)\s*$", 2, "binary"),
    Reader(r"^\s*([0-9][0-9_]*)\s*$", 10, "decimal"),
)
LONGEST = 65536  # characters: a whole dmesg buffer is not a register


def read_number(text: str, readers: tuple[Reader, ...], what: str, accepts: str) -> Reading:
    """The first of ``readers`` and :data:`PLAIN` that matches ``text``; ValueError naming ``what`` otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is read from text, not {type(text).__name__} {text!r}")
    if len(text) > LONGEST:
        raise ValueError(f"{what}: {len(text)} characters are too many to read; at most {LONGEST}")
    for reader in (*readers, *PLAIN):
        found = re.search(reader.pattern, text, re.IGNORECASE | re.ASCII)
        if not found:
            continue
        if not reader.base:
            raise ValueError(f"{what}: {reader.label}")
        digits = found[1].replace("_", "")
        if digits:
            return Reading(int(digits, reader.base), reader.label)
    shown = text.strip().splitlines()[0][:60] if text.strip() else ""
    problem = f"cannot read {shown!r}" if shown else "nothing to read"
    raise ValueError(f"{what}: {problem}; accepted: {accepts}")
