"""Text poking: the chapter book/memory/text-poking.md."""

from __future__ import annotations

from .ask import one_poke, one_window, steps, tries, windows

__all__ = ["one_poke", "one_window", "steps", "tries", "windows"]
