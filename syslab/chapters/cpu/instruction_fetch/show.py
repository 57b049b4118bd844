"""Tables of the chapter on instruction fetch, and its choice table."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from syslab.bits.page_fault import PFEC
from syslab.evidence import Evidence, recorded
from syslab.show.table import Column, Link, Measured, Verdict

from . import ask as experiment

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable

ANCHOR = "fetch"
Row = dict[str, Any]
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


def _hex(name: str) -> Any:
    return lambda row: f"{row[name]:#x}"


def _code(code: int | None) -> Any:
    return "allowed" if code is None else Link(f"{code:#x}", f"#{PFEC.anchor}={code:#x}")


def modes(answer: Evidence) -> Measured:
    """Where one RIP leads, by mode and CS base."""
    columns = [
        Column("Mode", lambda row: MODES[row["mode"]]),
        Column("CS base", _hex("base"), number=True),
        Column("RIP", _hex("rip"), number=True),
        Column("Fetched from", _hex("fetched"), number=True),
        Column("Model", lambda row: Verdict(row["fetched"] == row["model"])),
    ]
    return Measured(answer, columns)


def reset(answer: Evidence) -> Measured:
    """CS and IP of a new vCPU, and the address they make."""
    columns = [
        Column("CS selector", _hex("selector"), number=True),
        Column("CS base", _hex("base"), number=True),
        Column("IP", _hex("rip"), number=True),
        Column("CS base + IP", lambda row: f"{experiment.linear('real', row['base'], row['rip']):#x}", number=True),
    ]
    return Measured(answer, columns, [answer.data])


def far_jumps(answer: Evidence) -> Measured:
    """What the code saw after a far jump."""
    columns = [
        Column("CS", _hex("cs"), number=True),
        Column("IP", _hex("ip"), number=True),
        Column("CS × 16 + IP", _hex("model"), number=True),
        Column("Fetched from", _hex("fetched"), number=True),
    ]
    return Measured(answer, columns)


def host(answer: Evidence) -> Measured:
    """The two faults of a user program."""
    columns = [
        Column("Fetch from", "page"),
        Column("Error code", lambda row: _code(row["error_code"]), number=True),
        Column("In words", lambda row: PFEC.sentence(row["error_code"])),
        Column("CR2", lambda row: "equals RIP" if row["cr2_is_rip"] else "differs from RIP"),
    ]
    return Measured(answer, columns)


def _cell(answer: Evidence, mode: str, smep: bool) -> Any:
    def text(line: Row) -> Any:
        rows = (r for r in answer.data if (r["mode"], r["page"], r["smep"]) == (mode, line["page"], smep))
        row = next(rows, None)
        return "no SMEP" if row is None else row["why"] or _code(row["error_code"])

    return text


def pages(answer: Evidence) -> Measured:
    """Every page by the mode of the access: the error code, or that the fetch was allowed."""
    columns = [
        Column("Page", lambda line: PAGES[line["page"]]),
        Column("User access", _cell(answer, "user", False), number=True),
        Column("Supervisor access", _cell(answer, "supervisor", False), number=True),
        Column("Supervisor access, SMEP", _cell(answer, "supervisor", True), number=True),
    ]
    return Measured(answer, columns, [{"page": page} for page in experiment.PAGES])


def disagreements(*answers: Evidence) -> int:
    """How many rows differ from the model."""
    return sum(not row["agrees"] for answer in answers for row in answer.data)


RULES = {
    "real": ("(CS base + IP), 32 bits wide", "the limit of CS", "none: without paging it is the physical address"),
    "protected": ("(CS base + EIP), 32 bits wide", "the limit and type of CS", "none: without paging it is the physical address"),
    "long": ("RIP; the CS base counts as 0, and CS has no limit", "the address is canonical", "the page: present, U/S, XD, SMEP"),
}


def _outcome(mode: str, cpl: str, page: str, smep: str, measured: Row | None) -> Any:
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
    lines.append(("measured:", f"#PF {code:#x}, in the bare-metal guest", f"#{PFEC.anchor}={code:#x}"))
    return Outcome(PFEC.sentence(code), lines, "bad")


def table() -> ChoiceTable:
    """Mode, CPL, page and SMEP: the rule for the address, the checks, and what the recorded guest answered."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    rows = {(row["mode"], row["page"], row["smep"]): row for row in recorded(experiment.pages_tcg).data}
    outcomes: dict[tuple[str, ...], Outcome] = {
        (mode, cpl, page, smep): _outcome(
            mode, cpl, page, smep, rows.get(("user" if cpl == "3" else "supervisor", page, smep == "on"))
        )
        for mode, cpl, page, smep in product(MODES, CPL, PAGES, SMEP)
    }
    dimensions = {"Mode": MODES, "Privilege": CPL, "Page": PAGES, "SMEP": SMEP}
    return ChoiceTable(ANCHOR, dimensions, outcomes, ("long", "0", "user", "on"))
