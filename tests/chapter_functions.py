"""The functions that a chapter's cells define, to be tested as a reader gets them."""

from __future__ import annotations

from typing import Any

from tools.chapters import Chapter


def functions(name: str) -> dict[str, Any]:
    """Name -> function, for the cells of chapter ``name`` that begin with one."""
    space: dict[str, Any] = {}
    for cell in Chapter(name).cells:
        if cell.startswith("def "):
            exec(cell.partition("\n\n")[0], space)
    return space
