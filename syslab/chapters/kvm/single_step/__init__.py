"""One instruction at a time: the chapter book/kvm/single-step.md."""

from __future__ import annotations

from .ask import breakpoints, one, reasons, steps

__all__ = ["breakpoints", "one", "reasons", "steps"]
