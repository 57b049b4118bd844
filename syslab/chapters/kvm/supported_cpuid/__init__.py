"""What KVM says it supports: the chapter book/kvm/supported-cpuid.md."""

from __future__ import annotations

from .ask import beyond, compared, emulated, one_word, readings, room

__all__ = ["beyond", "compared", "emulated", "one_word", "readings", "room"]
