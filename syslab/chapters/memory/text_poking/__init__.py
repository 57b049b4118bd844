"""Text poking: the chapter book/memory/text-poking.md."""

from __future__ import annotations

from .ask import one_window, steps, windows

__all__ = ["one_window", "steps", "windows"]
