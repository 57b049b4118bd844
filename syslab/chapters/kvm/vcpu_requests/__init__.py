"""vCPU requests: the chapter book/kvm/vcpu-requests.md."""

from __future__ import annotations

from .ask import SIDES, asked, kicks, one_kick, reordering, rounds

__all__ = ["SIDES", "asked", "kicks", "one_kick", "reordering", "rounds"]
