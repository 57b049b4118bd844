"""The size of bool: the chapter book/files/bool-size.md."""

from __future__ import annotations

from .ask import bits, code, conversions, one_struct, refused, sizes, structs, widths

__all__ = ["bits", "code", "conversions", "one_struct", "refused", "sizes", "structs", "widths"]
