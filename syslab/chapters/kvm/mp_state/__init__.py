"""MP states: how a second CPU starts: the chapter book/kvm/mp-state.md."""

from __future__ import annotations

from .ask import ap_start, reading, sequence, set_states, transitions, tries

__all__ = ["ap_start", "reading", "sequence", "set_states", "transitions", "tries"]
