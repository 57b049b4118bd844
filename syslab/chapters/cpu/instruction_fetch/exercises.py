"""Exercises of the chapter on instruction fetch."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried_with

from .ask import TRIES, one_start, tries

WANTED = 0x12000

first_fetch = Exercise(
    anchor="fetch-reset",
    question="A debugger shows CS 0x1000 and IP 0x2345, and the CPU has been in real mode since reset, with a far jump or two. "
    "From which physical address is the next instruction fetched?",
    accepts=("0x12345",),
    why="After a far jump in real mode the base is CS times 16, here 0x10000. Add the offset.",
    near={
        "0x2345": "That is the offset alone.",
        "0x3345": "You added the selector itself. In real mode the base is the selector times 16.",
        "0x10002345": "CS:IP is not one number: the base is the selector times 16.",
    },
    hint="Base first, then the offset.",
)

long_base = Exercise(
    anchor="fetch-long",
    question="A CPU in 64-bit mode has CS base 0x1000 in its hidden register, CS selector 0x33 and RIP 0x401000. "
    "At which linear address does it fetch?",
    accepts=("0x401000",),
    why="In 64-bit mode the base of CS is taken as zero, whatever it holds.",
    near={
        "0x402000": "So it would be in 32-bit mode. 64-bit mode takes the base of CS as zero.",
        "0x401330": "Selector times 16 belongs to real mode.",
    },
    hint="Which of the three modes is it?",
)

whose_page = Exercise(
    anchor="fetch-whose",
    question="An oops says: #PF: error_code(0x0011), and CR2 equals RIP. SMEP is on. Whose page was it?",
    choices=("a user page", "a supervisor page", "the code does not say"),
    accepts=("the code does not say",),
    why="0x11 is P and I/D without U/S: a supervisor-mode fetch, refused by a page that is present. "
    "SMEP refuses a user page with it, XD a supervisor page. Only the page-table entry or the address tells them apart.",
    near={
        "a supervisor page": "U/S is clear because the access was made in supervisor mode. It says nothing of the page.",
        "a user page": "It may be one, refused by SMEP. A supervisor page with XD gives the same code.",
    },
)


def _judged(row: dict[str, str], who: str) -> Feedback:
    return Feedback(int(row["fetched from"], 0) == WANTED, f"On {who} the instruction was fetched from {row['fetched from']}.")


def _start(answer: Any) -> Feedback:
    return tried_with(one_start, lambda asked: _judged(asked.data, asked.provenance.witness), answer)


def _tried(arguments: Any) -> Feedback:
    asked = ask(tries)
    return _judged(asked.data[TRIES.index(arguments)], asked.provenance.witness)


start = Trial(
    anchor="fetch-start",
    question=f"Start a vCPU so that its first instruction is fetched from {WANTED:#x}.",
    judge=_start,
    wrong=({"mode": "real", "base": 0x900, "rip": 0x9000}, {"mode": "real", "base": 0, "rip": WANTED}, {"mode": "vm86"}, WANTED),
    choices={", ".join(f"{name}={value if name == 'mode' else hex(value)}" for name, value in one.items()): one for one in TRIES},
    outcome=_tried,
)
