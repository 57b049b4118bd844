"""Which instructions leave the guest: the chapter book/kvm/vm-exits.md."""

from __future__ import annotations

from .ask import exits, exits_without_npt, one, returned

__all__ = ["exits", "exits_without_npt", "one", "returned"]
