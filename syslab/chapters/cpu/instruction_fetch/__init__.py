"""Instruction fetch: the chapter book/cpu/instruction-fetch.md."""

from __future__ import annotations

from .ask import far_jumps, host, modes, one_start, pages, reset, tries

__all__ = ["far_jumps", "host", "modes", "one_start", "pages", "reset", "tries"]
