"""Exercises of the chapter on page-table entries."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried_with

from .ask import TRIES, Accessed, one_access, tries

frame = Exercise(
    anchor="pte-frame",
    question="A debugger shows the entry 0x8000000123456867 of a 4-KByte page. What is the physical address of the page's first byte?",
    accepts=("0x123456000",),
    why="Bits 51:12 are the frame; the twelve bits below and the twelve above are not part of the address.",
    near={
        "0x8000000123456000": "Bit 63 is XD, not an address bit.",
        "0x123456867": "The low twelve bits are flags. A page begins at a multiple of 4096.",
        "0x123456": "That is the frame number. The address is 4096 times that.",
    },
    hint="Keep bits 51:12 and clear the rest.",
)

effective = Exercise(
    anchor="pte-effective",
    question="All four entries have P = 1 and U/S = 1. R/W is 1, 1, 0, 1 from the PML4E to the PTE. A user-mode program writes. Which error code?",
    accepts=("0x7",),
    why="R/W is ANDed over the levels, so the PDE makes the page read-only. P is set, because every entry was present.",
    near={
        "0x6": "P would be clear only if an entry were not present. All four are.",
        "0x3": "U/S tells the mode of the access: it was user mode.",
        "0x5": "That would be the read, and reads are allowed here.",
        "0x0": "The code describes an access by user-mode code, and a write.",
    },
    hint="Was every entry present? Was it a write? Who accessed?",
)

old_kernel = Exercise(
    anchor="pte-bit-58",
    question="In a crash dump of Linux 6.1, a present PTE has bit 58 set. What does that say?",
    choices=("DEVMAP", "SAVED_DIRTY", "a protection key", "a reserved bit"),
    accepts=("DEVMAP",),
    why="In 6.1 bit 58 is _PAGE_BIT_DEVMAP. Only later kernels moved that to 57 and took 58 for SAVED_DIRTY.",
    near={
        "SAVED_DIRTY": "That is bit 58 in 6.12 and 7.2. Linux 6.1 has no such bit.",
        "a protection key": "The key is in bits 62:59.",
        "a reserved bit": "The CPU ignores bit 58: a reserved one would have faulted.",
    },
    hint="Look into the table by version.",
)


def _judged(arguments: dict[str, str], row: Accessed) -> Feedback:
    said = f"QEMU's CPU answered: {row['result']}."
    if row["result"] != "#PF 0x15":
        return Feedback(False, said)
    if arguments.get("level", "pte") == "pte":
        return Feedback(False, f"{said} But here it is the page's own entry that refuses.")
    return Feedback(True, f"{said} The PTE allows all, and an entry above it has the last word.")


def _from_above(answer: Any) -> Feedback:
    return tried_with(one_access, lambda asked: _judged(answer, asked.data), answer)


def _tried(arguments: Any) -> Feedback:
    return _judged(arguments, ask(tries).data[TRIES.index(arguments)])


from_above = Trial(
    anchor="pte-from-above",
    question="Make the CPU refuse an instruction fetch with #PF 0x15, although the PTE allows everything.",
    judge=_from_above,
    wrong=(
        {"mode": "user", "access": "fetch", "level": "pte", "taken": "XD = 1"},
        {"mode": "user", "access": "fetch"},
        {"mode": "root", "access": "fetch"},
        "0x15",
    ),
    choices={
        f"a {mode} fetch, {taken} in the {level.upper()}": {"mode": mode, "access": access, "level": level, "taken": taken}
        for mode, access, level, taken in (arguments.values() for arguments in TRIES)
    },
    outcome=_tried,
)
