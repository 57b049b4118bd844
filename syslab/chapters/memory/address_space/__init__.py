"""The 64-bit address space: the chapter book/memory/address-space.md."""

from __future__ import annotations

from .ask import bits_tcg, edges_kvm, edges_tcg, faults, hints, mappings, one_access, randomized

__all__ = ["bits_tcg", "edges_kvm", "edges_tcg", "faults", "hints", "mappings", "one_access", "randomized"]
