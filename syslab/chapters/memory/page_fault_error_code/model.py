"""The error code that a signal frame shows, by what was accessed and how."""

from __future__ import annotations

from syslab.bits.page_fault import PFEC
from syslab.native.code import PAGE

from .ask import PAGES


def task_size_max(levels: int) -> int:
    """Where user space ends: a page below the end of the lower half (Linux arch/x86/include/asm/page_64.h, TASK_SIZE_MAX)."""
    return (1 << {4: 47, 5: 56}[levels]) - PAGE


def read_of_nothing(address: int, levels: int = 4) -> int:
    """The code for a program's read where nothing is mapped: Linux sets P from the end of user space up, in the lower half too.

    >>> hex(read_of_nothing(0x7fffffffefff)), hex(read_of_nothing(0x7ffffffff000))
    ('0x4', '0x5')
    """
    return PFEC.encode(**{"U/S": 1, "P": int(address >= task_size_max(levels))})


def predict(access: str, page: str) -> int | None:
    """The code for an ``access`` from user mode to a page of :data:`~.ask.PAGES`. None: not a page fault.

    The kernel half always counts as present, because Linux says so to every user.
    """
    target = PAGES[page]
    if not target.canonical:
        return None
    present = target.present or target.kernel_half
    return PFEC.encode(**{"U/S": 1, "P": int(present), "W/R": int(access == "write"), "I/D": int(access == "fetch")})
