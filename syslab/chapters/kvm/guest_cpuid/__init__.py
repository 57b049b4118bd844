"""The table you give a guest: the chapter book/kvm/guest-cpuid.md."""

from __future__ import annotations

from .ask import echo, features, life_cycle, one_feature, qemu, qemu_features, rewritten, tables

__all__ = ["echo", "features", "life_cycle", "one_feature", "qemu", "qemu_features", "rewritten", "tables"]
