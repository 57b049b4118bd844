"""The story of the confused deputy: the words of its steps, with the CPU's answers put in."""

from __future__ import annotations

from collections.abc import Callable

from syslab.widgets import Step

from .ask import Access, Case

LANES = ("The attacker's program", "The kernel", "The CPU")


def steps(cpu: Callable[[Access, Case], str]) -> list[Step]:
    """``cpu`` says what a supervisor access from a user page comes to."""
    attacker, kernel, processor = LANES
    return [
        Step(
            "The trap is laid",
            {
                attacker: "Fills a page of its own with a fake object: a table of function pointers that it chose.",
                kernel: "Has a bug: one of its object pointers, `p`, can be made to hold any value.",
                processor: "The page is the program's: U/S is 1 in its paging entry.",
            },
            "The kernel is the deputy: it has the power, and it can be told by a pointer what to use it on.",
        ),
        Step(
            "The deputy is sent",
            {
                attacker: "Makes `p` point to the fake object, then makes the system call that uses `p`.",
                kernel: "Runs, with all its rights, on the attacker's behalf.",
                processor: "CPL is 0. AC is 0: `syscall` cleared it, by the mask that Linux sets.",
            },
        ),
        Step(
            "Without SMEP and SMAP: the load",
            {
                kernel: "Loads `p->function`, and gets the address that the attacker wrote.",
                processor: cpu("read", Case()),
            },
            "Paging alone keeps programs out of kernel pages. It never kept the kernel out of theirs.",
        ),
        Step(
            "Without SMEP and SMAP: the call",
            {
                attacker: "Its code runs in kernel mode. It has won.",
                kernel: "Calls `p->function`, which is in the attacker's page too.",
                processor: cpu("fetch", Case()),
            },
        ),
        Step(
            "With SMEP: the call fails",
            {
                attacker: "Changes the plan: the table now points to code that the kernel has already.",
                kernel: "The call ends in an oops.",
                processor: cpu("fetch", Case(smep=True)),
            },
            "SMEP ends the attack that needs no code in the kernel. The fake object itself still works.",
        ),
        Step(
            "With SMAP: the load fails",
            {
                attacker: "Cannot even pass its data by pointer.",
                kernel: "The load of `p->function` ends in an oops. Linux does not turn a SMAP violation into an error code.",
                processor: cpu("read", Case(smep=True, smap=True)),
            },
        ),
        Step(
            "The honest way: copy_from_user",
            {
                attacker: "An ordinary program: passes a buffer to `write`.",
                kernel: "Executes `stac`, copies, executes `clac`. Every such place in the source is marked by these two.",
                processor: "AC is 1. " + cpu("read", Case(smep=True, smap=True, ac=True)),
            },
            "AC suspends SMAP for a few instructions. CR4.SMAP does not change.",
        ),
        Step(
            "The honest way, a bad pointer",
            {
                attacker: "Gets `EFAULT`, and runs on.",
                kernel: "The faulting instruction is listed in the exception table: the kernel goes on after the copy.",
                processor: "An ordinary page fault in supervisor mode, with AC = 1.",
            },
        ),
        Step(
            "What is left to attack",
            {
                attacker: "Gets its data into kernel memory instead, where U/S is 0.",
                kernel: "Is fooled as before, if `p` leads there.",
                processor: "Not a user page: SMEP and SMAP have nothing to say.",
            },
            "The guards look at U/S alone. They take away the easiest place for a fake object, not the bug.",
        ),
    ]
