"""What bits mean: tables and decoding, pure, no I/O.

:func:`get` finds a layout by its anchor, :func:`anchors` lists them; modules load when they are asked for.
"""

from __future__ import annotations

from importlib import import_module

from .core import Case, Decoded, Field, Layout, Source, otherwise
from .reading import Reader, Reading

__all__ = ["Case", "Decoded", "Field", "Layout", "Reader", "Reading", "Source", "anchors", "get", "otherwise"]

_HOMES = {"pfec": ("page_fault", "PFEC")}


def anchors() -> tuple[str, ...]:
    """Every layout's anchor."""
    return tuple(_HOMES)


def get(anchor: str) -> Layout:
    """The layout with this anchor; KeyError that names the known ones."""
    if anchor not in _HOMES:
        raise KeyError(f"no layout {anchor!r}; known: {', '.join(_HOMES)}")
    module, name = _HOMES[anchor]
    layout: Layout = getattr(import_module(f"{__name__}.{module}"), name)
    return layout
