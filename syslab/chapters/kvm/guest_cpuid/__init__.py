"""The table you give a guest: the chapter book/kvm/guest-cpuid.md."""

from __future__ import annotations

from .ask import echo, entered, features, life_cycle, one_feature, qemu, qemu_features, rewritten, tables, topology, x2apic

__all__ = [
    "echo",
    "entered",
    "features",
    "life_cycle",
    "one_feature",
    "qemu",
    "qemu_features",
    "rewritten",
    "tables",
    "topology",
    "x2apic",
]
