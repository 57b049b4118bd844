"""Exercises of the chapter on SMEP and SMAP."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .ask import ACCESSES, Answered, Case, case_of, matrix

stac_and_wp = Exercise(
    anchor="smap-stac-and-wp",
    question="SMEP, SMAP and WP are on. The kernel executes stac, then writes to a user page that is read-only. Which error code comes?",
    accepts=("0x3",),
    why="AC suspends SMAP, and nothing else. The page is read-only and WP is on, so the write is forbidden as it was before SMAP.",
    near={
        "0": "AC suspends SMAP, but who made the page read-only is still obeyed, because WP is on.",
        "0x7": "The write is made in kernel mode, so U/S is clear.",
        "0x1": "That is a read; a write sets W/R.",
        "0x11": "SMEP is about fetches.",
    },
    hint="Take away what AC suspends. What is left to forbid the write?",
)

mask = Exercise(
    anchor="smap-cr4-mask",
    question="Which mask has the CR4 bits of SMEP and SMAP, and no other?",
    accepts=("0x300000",),
    why="SMEP is bit 20, SMAP is bit 21. Linux pins both: a write to CR4 by its own helper cannot clear them after boot.",
    near={
        "0x100000": "That is SMEP alone.",
        "0x200000": "That is SMAP alone.",
        "0x180000": "One bit too low: SMEP is bit 20.",
        "0x3000000": "One digit too many: bit 20 is 0x100000.",
    },
    hint="SMEP is bit 20 and SMAP the next one.",
)


@cache
def _rows() -> list[Answered]:
    return list(ask(matrix).data)


def _only_smap(answer: Any) -> Feedback:
    if not isinstance(answer, dict):
        return Feedback(False, f"Give an access and the fields of a Case as a dict, not {type(answer).__name__}.")
    rest = dict(answer)
    asked = rest.pop("access", None)
    access = next((one for one in ACCESSES if one == asked), None)
    if access is None:
        return Feedback(False, f"'access' is one of {', '.join(ACCESSES)}.")
    try:
        case = Case(**rest | {"smap": True})
    except (TypeError, ValueError) as error:
        return Feedback(False, str(error))
    measured = {case_of(row): row[access] for row in _rows()}
    on, off = (measured.get(replace(case, smap=smap), "not measured") for smap in (True, False))
    if "not measured" in (on, off):
        return Feedback(False, "There is no such case: the switches are True or False.")
    text = f"With SMAP: {_said(on)}. Without: {_said(off)}."
    if case.page != "ur" or access != "write":
        return Feedback(False, f"{text} But this is no write to the read-only user page, 'ur'.")
    return Feedback(on is not None and off is None, text)


def _said(value: object) -> str:
    return "allowed" if value is None else f"#PF {value:#x}" if isinstance(value, int) else str(value)


TRIES: tuple[dict[str, Any], ...] = (
    {"access": "write", "page": "ur"},
    {"access": "write", "page": "ur", "wp": False},
    {"access": "write", "page": "ur", "wp": False, "ac": True},
    {"access": "write", "page": "ur", "wp": False, "user_mode": True},
    {"access": "write", "page": "uw", "wp": False},
)
"""What the exercise offers to choose from: the measured matrix has them all."""

only_smap = Trial(
    anchor="smap-only-smap",
    question="Find a write to a read-only user page that SMAP alone forbids.",
    judge=_only_smap,
    wrong=(
        {"access": "write", "page": "ur"},
        {"access": "write", "page": "ur", "wp": False, "ac": True},
        {"access": "write", "page": "uw", "wp": False},
        {"access": "write", "page": "ur", "wp": False, "user_mode": True},
        {"access": "fly"},
        {"access": "write", "page": "nowhere"},
        "wp",
    ),
    choices={", ".join(f"{name}={value!r}" for name, value in arguments.items()): arguments for arguments in TRIES},
)
