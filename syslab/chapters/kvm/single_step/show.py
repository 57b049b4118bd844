"""Tables and the tape of the chapter on single step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Table

from . import model as monitor_trap
from .ask import Exits
from .stepping import BREAKS, BY_KEY, LONG, TAPES, Heard, Stop, Tape, Walk, following

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import InstructionTape, Mark

ANCHOR = "tape"
DEBUG = "KVM_EXIT_DEBUG"
Stepped = Sequence[Evidence[list[Walk]]]
KINDS = {
    "rep movsb": monitor_trap.REPEAT,
    "ud2": monitor_trap.FAULT,
    "int 0x20": monitor_trap.SOFTWARE_INTERRUPT,
    "cpuid": monitor_trap.EXITS,
    "out 0xe9, al": monitor_trap.EXITS,
    "hlt": monitor_trap.EXITS,
    "iret": monitor_trap.RETURN,
}
"""What the tapes' instructions do under VMX as KVM sets it up; the others are plain."""


def _came(tape: Tape, stop: Stop) -> str:
    came = "" if stop["exit"] == DEBUG else f" [{stop['exit'].removeprefix('KVM_EXIT_')}]"
    return following(tape, stop) + came


def _picked(tapes: Sequence[str], mode: str, rearm: bool = True) -> Callable[[Evidence[list[Walk]]], list[Walk]]:
    """What picks the rows of these tapes from an answer, in the order in which they are named."""

    def rows(answer: Evidence[list[Walk]]) -> list[Walk]:
        found = [row for row in answer.data if row["tape"] in tapes and (row["mode"], row["rearm"]) == (mode, rearm)]
        return sorted(found, key=lambda row: tapes.index(row["tape"]))

    return rows


class Step(NamedTuple):
    """A KVM_RUN of a tape by its number, what it came back with, and which instruction is next."""

    number: int
    exit: str
    following: str


def steps(answers: Stepped, tape: str = "plain", mode: str = LONG) -> Table:
    """One tape, a row a KVM_RUN: what came back, and which instruction is next."""

    def rows(answer: Evidence[list[Walk]]) -> list[Step]:
        return [
            Step(number, stop["exit"], following(BY_KEY[tape], stop))
            for row in _picked([tape], mode)(answer)
            for number, stop in enumerate(row["stops"], 1)
        ]

    return Table(
        answers,
        [Column("Came back with", lambda step: step.exit), Column("Next is", lambda step: step.following)],
        rows,
        keys=[Column("KVM_RUN", lambda step: step.number, number=True)],
    )


def _guest(row: Walk) -> Link:
    return Link(BY_KEY[row["tape"]].does, f"#{ANCHOR}={row['tape']}.1")


def _code(row: Walk) -> str:
    return "; ".join(instruction.text for instruction in BY_KEY[row["tape"]].instructions if not instruction.handler)


def stops(answers: Stepped, *tapes: str, mode: str = LONG, rearm: bool = True) -> Table:
    """A row a tape: its stops in order, each by the instruction that comes next; in brackets what was no debug exit.

    The HLT that ends a tape is left out: what becomes of it is the same for all tapes.
    """
    return Table(
        answers,
        [Column("Stops before", _in_order)],
        _picked(tapes, mode, rearm),
        f"Stops, with single step asked for before {'each' if rearm else 'the first'} KVM_RUN: {', '.join(tapes)}",
        keys=[Column("Guest", _guest), Column("Its code", _code)],
    )


def _in_order(row: Walk) -> str:
    tape = BY_KEY[row["tape"]]
    return " → ".join(_came(tape, stop) for stop in row["stops"] if stop["at"] != tape.end) or "none"


def modes(answers: Stepped) -> str:
    """In a sentence for each witness: which tapes stop at other places in real mode than in long mode."""
    lines = []
    for answer in answers:
        found = {(row["tape"], row["mode"]): row["stops"] for row in answer.data if row["rearm"]}
        other = [tape.key for tape in TAPES if found[tape.key, "real"] != found[tape.key, "long"]]
        lines.append(f"{answer.provenance.witness}: " + (f"differs for {', '.join(other)}" if other else "the same in both modes"))
    return "\n".join(lines)


def _tf(value: bool | None) -> str:
    return "nothing was pushed" if value is None else f"TF = {int(value)}"


def flags(answers: Stepped) -> Table:
    """TF as the guest's stack has it, and as KVM_GET_REGS tells it."""
    return Table(
        answers,
        [Column("On its stack", lambda row: _tf(row["kept_tf"])), Column("KVM_GET_REGS", lambda row: _tf(row["shown_tf"]))],
        _picked(["pushf", "fault", "int", "nmi", "interrupt"], LONG),
        keys=[Column("Guest", _guest)],
    )


def armed(answers: Stepped, *tapes: str) -> Table:
    """The same guests with KVM_SET_GUEST_DEBUG before the first run only."""
    return stops(answers, *tapes, rearm=False)


def _heard(row: Heard) -> str:
    if row["exit"] == DEBUG:
        return f"{DEBUG}, exception {row['exception']}"
    return "its own handler ran" if row["handler"] else "nobody" if row["exit"] == "KVM_EXIT_HLT" else row["exit"]


def breakpoints(answers: Sequence[Evidence[list[Heard]]]) -> Table:
    """Who heard of a breakpoint."""
    return Table(
        answers,
        [Column("Heard by", _heard)],
        keys=[Column("Breakpoint", lambda row: BREAKS[row["kind"]]), Column("Mode", lambda row: row["mode"])],
    )


def _by_reason(row: Exits) -> str:
    return ", ".join(f"{name} {count}" for name, count in row["exits"].items())


def reasons(answers: Sequence[Evidence[list[Exits]]]) -> Table:
    """Exits of the plain tape by reason, free and stepped."""
    return Table(
        answers,
        [
            Column("Mode", lambda row: row["mode"]),
            Column("The guest", lambda row: "stepped" if row["single_step"] else "runs freely"),
            Column("KVM_RUN came back", lambda row: row["runs"], number=True),
            Column("kvm_exit by reason", _by_reason),
        ],
        heads=2,
    )


def mtf(tape: Tape) -> list[monitor_trap.Stop]:
    """Where MTF stops in a tape, by the rules of the SDM."""
    main, handler = (
        [KINDS.get(i.text, monitor_trap.PLAIN) for i in tape.instructions if i.handler == part] for part in (False, True)
    )
    return monitor_trap.stops(main, handler, injected=bool(tape.event), iterations=3)


def _mtf_marks(tape: Tape) -> list[Mark]:
    from .widget import Mark

    found = []
    for stop in mtf(tape):
        place = f"h{stop.at}" if stop.handler else str(stop.at)
        left = f", {stop.left} to go" if stop.left else ""
        found.append(Mark(_cell(tape, place), f"before {tape.before(place)}{left}: {monitor_trap.WHY[stop.rule]}", not stop.mtf))
    return found


def _cell(tape: Tape, place: str) -> int:
    """Index of the tape's cell behind a place; an address that is none of the tape's counts as its end."""
    end = int(tape.end)
    return end if place.startswith("0x") else end + 1 + int(place[1:]) if place.startswith("h") else int(place)


def _marks(row: Walk) -> list[Mark]:
    from .widget import Mark

    tape = BY_KEY[row["tape"]]
    return [
        Mark(
            _cell(tape, stop["at"]),
            f"before {following(tape, stop)}" + ("" if stop["exit"] == DEBUG else f": {stop['exit']}"),
            stop["exit"] != DEBUG,
        )
        for stop in row["stops"]
    ]


def tape(answers: Stepped, mode: str = LONG) -> InstructionTape:
    """Every tape: MTF by the rules, and TF as each witness showed it."""
    from .widget import InstructionTape
    from .widget import Tape as Shown

    measured = [{row["tape"]: _marks(row) for row in _picked(list(BY_KEY), mode)(answer)} for answer in answers]
    shown_tapes = []
    for each_tape in TAPES:
        parts = {part: [i.text for i in each_tape.instructions if i.handler == part] for part in (False, True)}
        cells = (
            [("Program", text) for text in parts[False]] + [("Program", "the end")] + [("Handler", text) for text in parts[True]]
        )
        lanes = [_mtf_marks(each_tape), *(rows[each_tape.key] for rows in measured)]
        shown_tapes.append(Shown(each_tape.key, each_tape.does, cells, lanes))
    names = ["MTF, by the SDM", *(f"TF, {answer.provenance.witness}" for answer in answers)]
    return InstructionTape(ANCHOR, names, shown_tapes, prompt="Guest")
