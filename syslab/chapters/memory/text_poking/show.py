"""Tables of the chapter on text poking, and its stepper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.bits.page_fault import PFEC
from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured

from .ask import DESIGNS

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import Stepper

Row = dict[str, Any]
RUN, PATCH, WHO = "CPU 1 runs kernel code", "CPU 0 patches it", "Who can write the code"


def _rights(name: str) -> Any:
    return lambda row: ", ".join(row[name]) or "none"


def _attempt(name: str) -> Any:
    def text(row: Row) -> Any:
        found = row[name].removeprefix("#PF ")
        return row[name] if found == row[name] else Link(row[name], f"#{PFEC.anchor}={found}")

    return text


def steps(answer: Evidence) -> Measured:
    """The rights in both processes and the result, after each step."""
    columns = [
        Column("After the step", "step"),
        Column("Reader's mapping", _rights("reader")),
        Column("Patcher's mapping", _rights("patcher")),
        Column("The code returns", "returns", number=True),
        Column("Mappings both w and x", "writable_and_executable", number=True),
    ]
    return Measured(answer, columns)


def windows(answer: Evidence) -> Measured:
    """The three designs while the page is writable somewhere."""
    columns = [
        Column("Design", lambda row: DESIGNS[row["design"]]),
        Column("Reader's mappings", _rights("reader")),
        Column("Reader runs the code", _attempt("run")),
        Column("Reader writes to it", _attempt("write")),
    ]
    return Measured(answer, columns)


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
            "Interrupts stay off, so no interrupt handler runs while the alias is in reach.",
        ),
        Step(
            "`lass_stac()`, copy, `lass_clac()`",
            {PATCH: "Writes the new bytes through the alias.", RUN: "Finds the new bytes behind its own R-X mapping, sooner or later.", WHO: "CPU 0, through the alias."},
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
            {PATCH: "Flushes its own TLB.", RUN: "Is not interrupted.", WHO: "Nobody."},
            "No other CPU has had this mm loaded, so no other TLB can remember the alias.",
        ),
        Step(
            "`memcmp`, interrupts on",
            {PATCH: "Compares the code with what it meant to write. If they differ: `BUG_ON`.", RUN: runs, WHO: "Nobody."},
        ),
    )  # fmt: skip
    return Stepper("text-poke", (PATCH, RUN, WHO), told)
