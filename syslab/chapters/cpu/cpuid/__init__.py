"""CPUID: the chapter book/cpu/cpuid.md."""

from __future__ import annotations

from .ask import cpuid_tool, features_vs_cpuinfo, first_seen, leaves, read, tries

__all__ = ["cpuid_tool", "features_vs_cpuinfo", "first_seen", "leaves", "read", "tries"]
