"""The argument that a reader types for an ioctl of his own."""

from __future__ import annotations

import re
from contextlib import suppress

LONGEST = 1 << 16
"""Bytes of the largest buffer that may be asked for."""


def parse(argument: str) -> int | bytes | bytearray | None:
    """``0``, ``0x18``, ``bytes(8)``, ``bytearray(8)`` or nothing as what it says. ValueError that says what is accepted."""
    text = argument.strip()
    if not text:
        return None
    if made := re.fullmatch(r"(bytes|bytearray)\(\s*(\d+)\s*\)", text):
        if int(made[2]) > LONGEST:
            raise ValueError(f"{text!r} is too long: at most {LONGEST} bytes here")
        return (bytes if made[1] == "bytes" else bytearray)(int(made[2]))
    with suppress(ValueError):
        return int(text, 0)
    raise ValueError(f"{text!r} is no argument: write a number, bytes(8), bytearray(8), or nothing")
