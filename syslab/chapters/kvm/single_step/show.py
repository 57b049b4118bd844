"""Tables and the tape of the chapter on single step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, SideBySide

from . import model as monitor_trap
from .ask import shown
from .stepping import BREAKS, BY_KEY, LONG, TAPES, Tape

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import InstructionTape, Mark

ANCHOR = "tape"
DEBUG = "KVM_EXIT_DEBUG"
Row = dict[str, Any]
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


def _next(row: Row, stop: Row) -> str:
    """The instruction a stop is in front of."""
    text = shown(BY_KEY[row["tape"]], stop["at"])
    return f"{text} ({stop['cx']} to go)" if text.startswith("rep") else f"{text} (handler)" if stop["at"].startswith("h") else text


def _came(row: Row, stop: Row) -> str:
    return _next(row, stop) if stop["exit"] == DEBUG else f"{_next(row, stop)} [{stop['exit'].removeprefix('KVM_EXIT_')}]"


def _pick(answers: Sequence[Evidence], keys: Sequence[str], rearm: bool = True, mode: str = "") -> list[Evidence]:
    return [
        replace(
            answer,
            data=[row for row in answer.data if row["tape"] in keys and row["rearm"] == rearm and mode in ("", row["mode"])],
        )
        for answer in answers
    ]


def each(answers: Sequence[Evidence], tape: str = "plain", mode: str = LONG) -> SideBySide:
    """One tape, a row a KVM_RUN: what came back, and which instruction is next."""
    flat = [
        replace(
            answer,
            data=[
                {"number": number, "exit": stop["exit"], "next": _next(row, stop)}
                for row in answer.data
                for number, stop in enumerate(row["stops"], 1)
            ],
        )
        for answer in _pick(answers, [tape], mode=mode)
    ]
    return SideBySide(
        flat, [Column("KVM_RUN", "number", number=True)], [Column("Came back with", "exit"), Column("Next is", "next")]
    )


def _guest(row: Row) -> Link:
    return Link(BY_KEY[row["tape"]].does, f"#{ANCHOR}={row['tape']}.1")


def _code(row: Row) -> str:
    return "; ".join(instruction.text for instruction in BY_KEY[row["tape"]].instructions if not instruction.handler)


def stops(answers: Sequence[Evidence], *tapes: str, mode: str = LONG, rearm: bool = True) -> SideBySide:
    """A row a tape: its stops in order, each by the instruction that comes next; in brackets what was no debug exit.

    The HLT that ends a tape is left out: what becomes of it is the same for all tapes.
    """
    return SideBySide(
        _pick(answers, tapes, rearm, mode),
        [Column("Guest", _guest), Column("Its code", _code)],
        [Column("Stops before", _in_order)],
        f"Stops, with single step asked for before {'each' if rearm else 'the first'} KVM_RUN: {', '.join(tapes)}",
    )


def _in_order(row: Row) -> str:
    end = BY_KEY[row["tape"]].end
    return " → ".join(_came(row, stop) for stop in row["stops"] if stop["at"] != end) or "none"


def modes(answers: Sequence[Evidence]) -> str:
    """In a sentence for each witness: which tapes stop at other places in real mode than in long mode."""
    lines = []
    for answer in answers:
        found = {(row["tape"], row["mode"]): row["stops"] for row in answer.data if row["rearm"]}
        other = [tape.key for tape in TAPES if found[tape.key, "real"] != found[tape.key, "long"]]
        lines.append(f"{answer.provenance.witness}: " + (f"differs for {', '.join(other)}" if other else "the same in both modes"))
    return "\n".join(lines)


def _tf(value: bool | None) -> str:
    return "nothing was pushed" if value is None else f"TF = {int(value)}"


def flags(answers: Sequence[Evidence]) -> SideBySide:
    """TF as the guest's stack has it, and as KVM_GET_REGS tells it."""
    return SideBySide(
        _pick(answers, ["pushf", "fault", "int", "nmi", "interrupt"], mode=LONG),
        [Column("Guest", _guest)],
        [Column("On its stack", lambda row: _tf(row["kept_tf"])), Column("KVM_GET_REGS", lambda row: _tf(row["shown_tf"]))],
    )


def armed(answers: Sequence[Evidence], *tapes: str) -> SideBySide:
    """The same guests with KVM_SET_GUEST_DEBUG before the first run only."""
    return stops(answers, *tapes, rearm=False)


def _heard(row: Row) -> str:
    if row["exit"] == DEBUG:
        return f"{DEBUG}, exception {row['exception']}"
    return "its own handler ran" if row["handler"] else "nobody" if row["exit"] == "KVM_EXIT_HLT" else row["exit"]


def breakpoints(answers: Sequence[Evidence]) -> SideBySide:
    """Who heard of a breakpoint."""
    return SideBySide(
        answers, [Column("Breakpoint", lambda row: BREAKS[row["kind"]]), Column("Mode", "mode")], [Column("Heard by", _heard)]
    )


def reasons(answer: Evidence) -> Measured:
    """Exits of the plain tape by reason, free and stepped."""
    columns = [
        Column("Mode", "mode"),
        Column("The guest", lambda row: "stepped" if row["single_step"] else "runs freely"),
        Column("KVM_RUN came back", "runs", number=True),
        Column("kvm_exit by reason", lambda row: ", ".join(f"{name} {count}" for name, count in row["exits"].items())),
    ]
    return Measured(answer, columns)


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


def _marks(row: Row) -> list[Mark]:
    from .widget import Mark

    tape = BY_KEY[row["tape"]]
    return [
        Mark(
            _cell(tape, stop["at"]),
            f"before {_next(row, stop)}" + ("" if stop["exit"] == DEBUG else f": {stop['exit']}"),
            stop["exit"] != DEBUG,
        )
        for stop in row["stops"]
    ]


def tape(answers: Sequence[Evidence], mode: str = LONG) -> InstructionTape:
    """Every tape: MTF by the rules, and TF as each witness showed it."""
    from .widget import InstructionTape
    from .widget import Tape as Shown

    measured = [{row["tape"]: _marks(row) for row in answer.data} for answer in _pick(answers, list(BY_KEY), mode=mode)]
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
