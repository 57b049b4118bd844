"""SMEP and SMAP: the chapter book/memory/smep-smap.md."""

from __future__ import annotations

from .ask import bad_pointers, in_user_mode, matrix

__all__ = ["bad_pointers", "in_user_mode", "matrix"]
