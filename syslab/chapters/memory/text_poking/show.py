"""Tables of the chapter on text poking, and its stepper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syslab.bits.page_fault import PFEC
from syslab.evidence import Answer
from syslab.show.table import Column, Link, Table

from .ask import DESIGNS, After, Window

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import Stepper

RUN, PATCH, WHO = "CPU 1 runs kernel code", "CPU 0 patches it", "Who can write the code"


def _rights(mappings: list[str]) -> str:
    return ", ".join(mappings) or "none"


def _attempt(result: str) -> Link | str:
    code = result.removeprefix("#PF ")
    return result if code == result else Link(result, f"#{PFEC.anchor}={code}")


def steps(answer: Answer[list[After]]) -> Table:
    """The rights in both processes and the result, after each step."""
    columns: list[Column[After]] = [
        Column("After the step", lambda row: row["step"]),
        Column("Reader's mapping", lambda row: _rights(row["reader"])),
        Column("Patcher's mapping", lambda row: _rights(row["patcher"])),
        Column("The code returns", lambda row: row["returns"], number=True),
        Column("Mappings both w and x", lambda row: row["writable_and_executable"], number=True),
    ]
    return Table(answer, columns)


def windows(answer: Answer[list[Window]]) -> Table:
    """The three designs while the page is writable somewhere."""
    columns: list[Column[Window]] = [
        Column("Design", lambda row: DESIGNS[row["design"]]),
        Column("Reader's mappings", lambda row: _rights(row["reader"])),
        Column("Reader runs the code", lambda row: _attempt(row["run"])),
        Column("Reader writes to it", lambda row: _attempt(row["write"])),
    ]
    return Table(answer, columns)


def stepper() -> Stepper:
    """One ``__text_poke()`` of Linux 7.2.13, on two CPUs."""
    from syslab.widgets import Stepper
    from syslab.widgets.stepper import Step

    runs = "Runs kernel code; its mapping is R-X."
    told = (
        Step(
            "Before",
            {PATCH: "Runs the kernel in some process's mm.", RUN: runs, WHO: "Nobody."},
            "Each CPU has its own CR3. The upper half is the same for all of them.",
        ),
        Step(
            "Interrupts off; `set_pte_at(text_poke_mm, …)`",
            {PATCH: "Writes a page-table entry: the page of the code, RW, NX, not global.", RUN: runs, WHO: "Nobody: no CPU has these page tables loaded."},
            "The address lies in the lower half, chosen at random when the kernel booted.",
        ),
        Step(
            "`use_temporary_mm(text_poke_mm)`",
            {PATCH: "Loads CR3. Now the alias is in reach, and the kernel's upper half still is.", RUN: runs, WHO: "CPU 0, through the alias."},
            "Interrupts stay off: while the alias is in reach, only a non-maskable one could run other code on this CPU.",
        ),
        Step(
            "`lass_stac()`, copy, `lass_clac()`",
            {PATCH: "Writes the new bytes through the alias.", RUN: "Finds the new bytes in its own R-X mapping, sooner or later.", WHO: "CPU 0, through the alias."},
            "The copy is inline, as nothing may be called while AC is set. On a CPU without LASS the two are NOPs.",
        ),
        Step(
            "`pte_clear(text_poke_mm, …)`",
            {PATCH: "Clears the entry.", RUN: runs, WHO: "CPU 0, as long as its TLB remembers the alias."},
            "An entry that is gone from memory may live on in a TLB.",
        ),
        Step(
            "`unuse_temporary_mm(prev_mm)`",
            {PATCH: "Loads its former CR3.", RUN: runs, WHO: "Nobody."},
            "The lower half is a user's again, or nobody's.",
        ),
        Step(
            "`flush_tlb_mm_range(text_poke_mm, …)`",
            {PATCH: "Counts the TLB generation of the mm up. Nothing is flushed yet.", RUN: "Is not interrupted.", WHO: "Nobody."},
            "No CPU has this mm loaded now. The next that loads it finds its TLB a generation behind, and flushes.",
        ),
        Step(
            "`memcmp`, interrupts on",
            {PATCH: "Compares the code with what it meant to write. If they differ: `BUG_ON`.", RUN: runs, WHO: "Nobody."},
        ),
    )  # fmt: skip
    return Stepper("text-poke", (PATCH, RUN, WHO), told)
