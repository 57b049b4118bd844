"""Exercises of the chapter on the address space."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried_with

from .ask import TRIES, Raised, one_access, tries

bad_pointer = Exercise(
    anchor="va-bad-pointer",
    question="A kernel uses four levels of page tables. A program reads through the pointer 0x00008f0012345678. What does the CPU raise?",
    choices=(
        "#PF: nothing is mapped there",
        "#GP: the address is not canonical",
        "#PF: it is the kernel's half",
        "nothing, if a program mapped it",
    ),
    accepts=("#GP: the address is not canonical",),
    why="Bit 47 is set and bits 63 to 48 are clear. With four levels they must be equal; no page table is read.",
    near={
        "#PF: nothing is mapped there": "A page fault comes from the page tables, and the CPU does not get that far.",
        "#PF: it is the kernel's half": "The top bit is 0. And the kernel's half begins at 0xffff800000000000.",
        "nothing, if a program mapped it": "With five levels that can happen. With four, mmap refuses such an address.",
    },
)

direct_map = Exercise(
    anchor="va-direct-map",
    question="With four levels and without KASLR, Linux's direct mapping begins at 0xffff888000000000. Which entry of the PML4 translates it?",
    accepts=("273",),
    why="Bits 47:39 of 0xffff888000000000 are 1 0001 0001 in binary: 256 + 16 + 1.",
    near={
        "17": "You left bit 47 out: entries 256 to 511 are the upper half.",
        "511": "Those are bits 56:48, the index into the PML5 that there would be with five levels.",
        "546": "The index starts at bit 39, and it has nine bits: at most 511.",
    },
    hint="Take bits 47 to 39. In the bit field the index is shown in decimal.",
)  # fmt: skip


def _stack_fault(answer: Any) -> Feedback:
    return tried_with(one_access, lambda asked: _judged(asked.data), answer)


def _judged(row: Raised) -> Feedback:
    text = f"The machine answered {row['exception']}" + (f", and the program got {row['signal']}." if row["signal"] else ".")
    return Feedback(row["exception"] == "#SS", text)


def _tried(arguments: Any) -> Feedback:
    return _judged(ask(tries).data[TRIES.index((arguments["access"], arguments["address"]))])


stack_fault = Trial(
    anchor="va-stack-fault",
    question="Make a machine raise #SS.",
    judge=_stack_fault,
    wrong=({"access": "read", "address": 1 << 63}, {"access": "read by RBP", "address": 16}, {"access": "fly"}, "0x800000000000"),
    choices={f"{access!r} of {address:#x}": {"access": access, "address": address} for access, address in TRIES},
    outcome=_tried,
)
