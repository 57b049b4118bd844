"""Exercises of the chapter on text poking."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried_with

from .ask import TRIES, Poked, one_poke, tries

smap = Exercise(
    anchor="poke-smap",
    question="SMAP is on, AC is clear, and the CPU has no LASS. The kernel writes through the alias, at a lower-half address. What happens?",
    choices=("the write succeeds", "#PF 0x3, because of SMAP", "#PF 0x7, because of U/S", "#GP"),
    accepts=("the write succeeds",),
    why="SMAP looks at U/S in the page-table entries, not at the address. The alias is a supervisor page: PAGE_KERNEL has U/S clear.",
    near={
        "#PF 0x3, because of SMAP": "SMAP refuses user pages, and this is a supervisor page that happens to lie in the lower half.",
        "#PF 0x7, because of U/S": "0x7 has U/S set: a write in user mode. This one is the kernel's.",
        "#GP": "That is LASS, which this CPU does not have.",
    },
)

lass = Exercise(
    anchor="poke-lass",
    question="The same write on a CPU with LASS enabled too, AC still clear. What happens?",
    choices=("the write succeeds", "#PF 0x3", "#GP"),
    accepts=("#GP",),
    why="LASS looks at bit 63 of the address, before any page table. That is why lass_stac() sets AC first.",
    near={
        "the write succeeds": "It does with AC set. LASS refuses supervisor data accesses to the lower half while AC is clear.",
        "#PF 0x3": "LASS refuses before paging starts, so this is no page fault.",
    },
)

visible = Exercise(
    anchor="poke-upper-half",
    question="Suppose the alias were mapped in the upper half instead, in the page tables that all mms share. How many of 64 CPUs could write "
    "through it while it exists?",
    accepts=("64", "all"),
    why="All of them have that half loaded. And all TLBs may remember the alias afterwards, so all have to flush it.",
    near={
        "1": "That is what the temporary mm gives: only one CPU has loaded it.",
        "63": "The patching CPU has the mapping as well.",
    },
    hint="Which page tables does a CPU use for the upper half?",
)


def _judged(row: Poked) -> Feedback:
    return Feedback(row["result"] == "returns 513", f"{row['code']}: {row['result']}.")


def _poked(answer: Any) -> Feedback:
    return tried_with(one_poke, lambda asked: _judged(asked.data), answer)


def _tried(arguments: Any) -> Feedback:
    return _judged(ask(tries).data[TRIES.index((arguments["offset"], arguments["value"]))])


one_byte = Trial(
    anchor="poke-one-byte",
    question="The code is b8 01 00 00 00 c3, which returns 1. Poke one byte so that it returns 513.",
    judge=_poked,
    wrong=({"offset": 1, "value": 2}, {"offset": 6, "value": 2}, {"offset": 2}, "02"),
    choices={f"byte {offset} becomes {value:02x}": {"offset": offset, "value": value} for offset, value in TRIES},
    outcome=_tried,
)
