"""Reading numbers out of what engineers paste: plain numbers, kernel log lines, tracepoints.

The patterns are the common subset of Python's and JavaScript's regular expressions, because the widgets use the
same ones; group 1 is the number. Each takes time in proportion to the text, whatever the text is: no two repeats in a
row can match the same characters, and what may stand between two words has a longest length.
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
# What a web page or a chat puts in the place of a space, the end of a line, or nothing. Two languages have two ideas of
# white space; here it is these characters, and in syslab/widgets/layouts.js the same.
_SPACES = "\v\f\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_ENDS = "\r\x85\u2028\u2029"
_NOTHING = "\xad\u200b\u200c\u200d\u2060\ufeff"
_PLAIN = str.maketrans(dict.fromkeys(_SPACES, " ") | dict.fromkeys(_ENDS, "\n") | dict.fromkeys(_NOTHING, ""))


def plain(text: str) -> str:
    """``text`` with a space for every kind of space, a line feed for every end of a line, and without zero-width characters."""
    return text.translate(_PLAIN)


def read_number(text: str, readers: tuple[Reader, ...], what: str, accepts: str) -> Reading:
    """The first of ``readers`` and :data:`PLAIN` that matches ``text``; ValueError naming ``what`` otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is read from text, not {type(text).__name__} {text!r}")
    if len(text) > LONGEST:
        raise ValueError(f"{what}: {len(text)} characters are too many to read; at most {LONGEST}")
    text = plain(text)
    for reader in (*readers, *PLAIN):
        found = re.search(reader.pattern, text, re.IGNORECASE | re.ASCII)
        if not found:
            continue
        if not reader.base:
            raise ValueError(f"{what}: {reader.label}")
        digits = found[1].replace("_", "")
        if not digits:
            continue
        digits = digits.lstrip("0") or "0"
        if len(digits) > 64:  # int() refuses to read 4,301 decimal digits
            raise ValueError(f"{what}: a number of {len(digits)} digits does not fit")
        return Reading(int(digits, reader.base), reader.label)
    shown = text.strip(" \t\n")[:60]
    problem = f"cannot read {shown!r}" if shown else "nothing to read"
    raise ValueError(f"{what}: {problem}; accepted: {accepts}")
