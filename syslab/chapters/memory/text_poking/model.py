"""One text poke as the moments of a small machine: which mm CPU 0 has loaded, whether the alias is mapped, what its TLB may remember.

Sources: Linux arch/x86/kernel/alternative.c, __text_poke(), and arch/x86/mm/tlb.c, flush_tlb_mm_range(), read in 7.2.13: the mm is no
longer loaded by then, so that nothing is flushed. Its generation is counted up, and whoever loads it next flushes (choose_new_asid()).
"""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """``step`` of the stepper it belongs to, and the state of CPU 0; CPU 1 has another mm loaded all the time."""

    step: int
    title: str
    loaded: bool = False
    entry: bool = False
    remembered: bool = False

    @property
    def writer(self) -> bool:
        """Whether CPU 0 can write through the alias: text_poke_mm is loaded, and the entry is there, or the TLB remembers it."""
        return self.loaded and (self.entry or self.remembered)


MOMENTS = (
    Moment(1, "Before"),
    Moment(2, "The alias is entered", entry=True),
    Moment(4, "CPU 0 loads the mm, copies", loaded=True, entry=True, remembered=True),
    Moment(5, "The entry is cleared", loaded=True, remembered=True),
    Moment(6, "The former mm again", remembered=True),
    Moment(7, "What a TLB knows is outdated", remembered=True),
)
