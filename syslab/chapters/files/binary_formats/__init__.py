"""Tools for binary formats: the chapter book/files/binary-formats.md."""

from __future__ import annotations

from .ask import edit, edited, fq, libraries, poke, refusals, system_files, writes

__all__ = ["edit", "edited", "fq", "libraries", "poke", "refusals", "system_files", "writes"]
