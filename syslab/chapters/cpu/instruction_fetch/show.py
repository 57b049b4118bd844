"""Tables of the chapter on instruction fetch, and its choice table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from syslab.bits.page_fault import PFEC
from syslab.evidence import Evidence, recorded
from syslab.show.table import Column, Link, Table, Verdict

from . import ask as question
from .ask import Fetch, Jump, Refused, Start, linear
from .cs_base import Reset

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

ANCHOR = "fetch"
MODES = {"real": "real mode", "protected": "32-bit, no paging", "long": "64-bit"}
PAGES = {
    "absent": "not present",
    "supervisor": "supervisor page",
    "user": "user page",
    "supervisor-xd": "supervisor page, XD",
    "user-xd": "user page, XD",
}
CPL = {"0": "CPL 0", "3": "CPL 3"}
SMEP = {"off": "SMEP off", "on": "SMEP on"}


def _code(code: int | None) -> str | Link:
    return "allowed" if code is None else Link(f"{code:#x}", f"#{PFEC.anchor}={code:#x}")


def modes(answers: Sequence[Evidence[list[Start]]]) -> Table:
    """Where one RIP leads, by mode and CS base."""
    return Table(
        answers,
        [
            Column("Mode", lambda row: MODES[row["mode"]]),
            Column("CS base", lambda row: f"{row['base']:#x}", number=True),
            Column("RIP", lambda row: f"{row['rip']:#x}", number=True),
            Column("Fetched from", lambda row: f"{row['fetched']:#x}", number=True),
            Column("Model", lambda row: Verdict(row["fetched"] == row["model"])),
        ],
        heads=3,
    )


def _one(answer: Evidence[Reset]) -> list[Reset]:
    return [answer.data]


def reset(answers: Sequence[Evidence[Reset]]) -> Table:
    """CS and IP of a new vCPU, and the address they make."""
    return Table(
        answers,
        [
            Column("CS selector", lambda row: f"{row['selector']:#x}", number=True),
            Column("CS base", lambda row: f"{row['base']:#x}", number=True),
            Column("IP", lambda row: f"{row['rip']:#x}", number=True),
            Column("CS base + IP", lambda row: f"{linear('real', row['base'], row['rip']):#x}", number=True),
        ],
        _one,
    )


def far_jumps(answers: Sequence[Evidence[list[Jump]]]) -> Table:
    """What the code saw after a far jump."""
    return Table(
        answers,
        [
            Column("CS", lambda row: f"{row['cs']:#x}", number=True),
            Column("IP", lambda row: f"{row['ip']:#x}", number=True),
            Column("CS × 16 + IP", lambda row: f"{row['model']:#x}", number=True),
            Column("Fetched from", lambda row: f"{row['fetched']:#x}", number=True),
        ],
        heads=2,
    )


def host(answers: Sequence[Evidence[list[Refused]]]) -> Table:
    """The two faults of a user program."""
    return Table(
        answers,
        [
            Column("Fetch from", lambda row: row["page"]),
            Column("Error code", lambda row: _code(row["error_code"]), number=True),
            Column("In words", lambda row: PFEC.sentence(row["error_code"])),
            Column("CR2", lambda row: "equals RIP" if row["cr2_is_rip"] else "differs from RIP"),
        ],
    )


class Page(NamedTuple):
    """A page and the fetches from it: by user mode, by supervisor mode without SMEP, and with it, where the CPU has it."""

    page: str
    user: Fetch
    supervisor: Fetch
    smep: Fetch | None


def _by_page(answer: Evidence[list[Fetch]]) -> list[Page]:
    found = {(row["page"], row["mode"], row["smep"]): row for row in answer.data}
    return [
        Page(page, found[page, "user", False], found[page, "supervisor", False], found.get((page, "supervisor", True)))
        for page in question.PAGES
    ]


def _told(row: Fetch | None) -> str | Link:
    return "no SMEP" if row is None else row["why"] or _code(row["error_code"])


def pages(answers: Evidence[list[Fetch]] | Sequence[Evidence[list[Fetch]]]) -> Table:
    """Every page by the mode of the access: the error code, or that the fetch was allowed."""
    return Table(
        answers,
        [
            Column("User access", lambda row: _told(row.user), number=True),
            Column("Supervisor access", lambda row: _told(row.supervisor), number=True),
            Column("Supervisor access, SMEP", lambda row: _told(row.smep), number=True),
        ],
        _by_page,
        keys=[Column("Page", lambda row: PAGES[row.page])],
        fold=True,
    )


def disagreements(*answers: Evidence[list[Fetch]]) -> int:
    """How many rows differ from the model."""
    return sum(not row["agrees"] for answer in answers for row in answer.data)


RULES = {
    "real": ("(CS base + IP), 32 bits wide", "the limit of CS", "none: without paging it is the physical address"),
    "protected": (
        "(CS base + EIP), 32 bits wide",
        "the limit of CS; its type was, when CS was loaded",
        "none: without paging it is the physical address",
    ),
    "long": (
        "RIP; the CS base counts as 0, and CS has no limit",
        "the address is canonical; LASS, if on",
        "the page: present, U/S, XD, SMEP",
    ),
}


def _outcome(mode: str, cpl: str, page: str, smep: str, measured: Fetch | None) -> Outcome:
    from syslab.widgets.choice_table import Outcome

    address, segment, paging = RULES[mode]
    lines: list[tuple[str, ...]] = [
        ("linear address:", address),
        ("checked before paging:", segment),
        ("checked by paging:", paging),
    ]
    if mode == "real" and cpl == "3":
        return Outcome("Real mode has no CPL 3.", lines)
    if mode != "long":
        return Outcome("Page and SMEP do not count: paging is off.", lines)
    access = "user" if cpl == "3" else "supervisor"
    lines.append(("kind of access:", f"{access}-mode, because of CPL {cpl}"))
    if measured is None or measured["why"]:
        return Outcome("This was not tried." if measured is None else measured["why"], lines)
    if measured["allowed"]:
        return Outcome("The instruction is fetched.", [*lines, ("measured:", "allowed, in the bare-metal guest")], "good")
    code = measured["error_code"]
    if code is None:
        return Outcome("Another exception than a page fault.", lines)
    lines.append(("measured:", f"#PF {code:#x}, in the bare-metal guest", f"#{PFEC.anchor}={code:#x}"))
    return Outcome(PFEC.sentence(code), lines, "bad")


def table() -> ChoiceTable:
    """Mode, CPL, page and SMEP: the rule for the address, the checks, and what the recorded guest answered."""
    from syslab.widgets import ChoiceTable

    rows = {(row["mode"], row["page"], row["smep"]): row for row in recorded(question.pages, "tcg-max").data}
    outcomes: dict[tuple[str, ...], Outcome] = {
        (mode, cpl, page, smep): _outcome(
            mode, cpl, page, smep, rows.get(("user" if cpl == "3" else "supervisor", page, smep == "on"))
        )
        for mode, cpl, page, smep in product(MODES, CPL, PAGES, SMEP)
    }
    dimensions = {"Mode": MODES, "Privilege": CPL, "Page": PAGES, "SMEP": SMEP}
    return ChoiceTable(ANCHOR, dimensions, outcomes, ("long", "0", "user", "on"))
