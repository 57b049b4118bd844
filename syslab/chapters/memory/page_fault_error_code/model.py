"""The error code that a signal frame shows, by what was accessed and how."""

from __future__ import annotations

from syslab.bits.page_fault import PFEC

from .ask import PAGES


def predict(access: str, page: str) -> int | None:
    """The code for an ``access`` from user mode to a page of :data:`~.ask.PAGES`. None: not a page fault.

    The kernel half always counts as present, because Linux says so to every user.
    """
    target = PAGES[page]
    if not target.canonical:
        return None
    present = target.present or target.kernel_half
    return PFEC.encode(**{"U/S": 1, "P": int(present), "W/R": int(access == "write"), "I/D": int(access == "fetch")})
