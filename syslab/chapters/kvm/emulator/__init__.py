"""The instruction emulator: the chapter book/kvm/emulator.md."""

from __future__ import annotations

from .ask import calls, events, knows, one, rip

__all__ = ["calls", "events", "knows", "one", "rip"]
