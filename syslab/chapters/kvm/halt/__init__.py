"""HLT, from the guest to the scheduler: the chapter book/kvm/halt.md."""

from __future__ import annotations

from .ask import events, functions, hlt, nmi_first, parameters, pending, per_vm, polling, special, your_guest

__all__ = ["events", "functions", "hlt", "nmi_first", "parameters", "pending", "per_vm", "polling", "special", "your_guest"]
