"""Runnable Systems Notes as a package: ask a machine a question, and see what it said.

>>> from syslab import ask
>>> from syslab.chapters.kvm import halt
>>> ask(halt.hlt)

Importing ``syslab`` alone loads nothing else; each room is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evidence import ask

__all__ = ["ask"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import evidence

    return getattr(evidence, name)
