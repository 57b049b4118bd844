"""Decoders, experiments and widgets of the book Runnable Systems Notes.

>>> from syslab import ask
>>> from syslab.chapters.kvm import halt
>>> ask(halt.hlt)

Arrows go one way: chapters -> (show, widgets, evidence) -> (kvm, qemu, lab_vm, native) -> bits. Chapters never import
each other, and the library never imports a chapter; import-linter holds it, docs/architecture.md draws it.
Importing ``syslab`` alone loads nothing else; each room is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evidence import ask

__version__ = "0.1.0"
__all__ = ["__version__", "ask"]


def __getattr__(name: str) -> Any:
    if name != "ask":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import evidence

    return evidence.ask
