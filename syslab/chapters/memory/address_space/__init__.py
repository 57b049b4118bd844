"""The 64-bit address space: the chapter book/memory/address-space.md."""

from __future__ import annotations

from .ask import bits, edges, faults, hints, mappings, one_access, randomized, tries

__all__ = ["bits", "edges", "faults", "hints", "mappings", "one_access", "randomized", "tries"]
