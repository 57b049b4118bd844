"""vCPU requests: the chapter book/kvm/vcpu-requests.md."""

from __future__ import annotations

from .ask import asked, kicks, one_kick, reordering, rounds

__all__ = ["asked", "kicks", "one_kick", "reordering", "rounds"]
