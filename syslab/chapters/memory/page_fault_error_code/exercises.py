"""Exercises of the chapter on the page-fault error code."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried_with

from .ask import TRIES, OneFault, one_fault, tries

log_line = Exercise(
    anchor="pfec-log-line",
    question="A log says: prog[77]: segfault at 55e0 ip 55e0 sp 7ffc error 15 in prog. What did the program try to do?",
    choices=("read", "write", "fetch an instruction", "nothing a CPU could report"),
    accepts=("fetch an instruction",),
    why="The log prints hex without 0x: 0x15 is P, U/S and I/D. The address equals ip, which says the same.",
    near={
        "nothing a CPU could report": "You read 15 as decimal: 0xf would be a reserved bit. The kernel prints this number in hex.",
        "read": "Bit 1 is clear, but bit 4 is set: 0x15 is hex.",
        "write": "A write has bit 1 set, and 0x15 has it clear.",
    },
)

smap_write = Exercise(
    anchor="pfec-smap-write",
    question="SMAP is on and AC is clear. Kernel code writes to a user page that is present and writable. Which code does the CPU push?",
    accepts=("0x3",),
    why="P, because the page is there and a right was missing; W/R; and no U/S, because the access was made in supervisor mode.",
    near={
        "0x7": "U/S tells the mode of the access, not the owner of the page.",
        "0x2": "The page is present, so P is set.",
        "0x1": "That would be the read.",
    },
    hint="Take the three questions in turn: was the page there, was it a write, who accessed?",
)


def _judged(row: OneFault, who: str) -> Feedback:
    if row["vector"] is None:
        return Feedback(False, f"Nothing faulted: {who} made the access.")
    return Feedback(
        (row["vector"], row["error_code"]) == (14, 0x7),
        f"{who} answered {row['exception']} with error code {row['error_code']:#x}.",
    )


def _produce(answer: Any) -> Feedback:
    return tried_with(one_fault, lambda asked: _judged(asked.data, asked.provenance.cpu), answer)


def _tried(arguments: Any) -> Feedback:
    asked = ask(tries)
    return _judged(asked.data[TRIES.index(arguments)], asked.provenance.cpu)


produce = Trial(
    anchor="pfec-produce",
    question="Make the machine report 0x7: a write to a page that is present.",
    judge=_produce,
    wrong=({"access": "write", "protection": "r"}, {"access": "read", "protection": ""}, {"access": "fly"}, "0x7"),
    choices={", ".join(f"{name}={value!r}" for name, value in arguments.items()): arguments for arguments in TRIES},
    outcome=_tried,
)
