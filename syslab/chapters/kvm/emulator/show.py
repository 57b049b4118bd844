"""Tables and widgets of the chapter on KVM's instruction emulator."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from syslab.evidence import Answer, Evidence
from syslab.show.cells import witnesses
from syslab.show.table import Column, Each, Table

from .ask import Call, Called, Execution, Known, Traced
from .cases import FORCED, KINDS, PATH_CASES, PLAIN, RIP_CASES
from .model import COMMON, DOWN, EMULATOR, FUNCTIONS, LANES, UP, VENDOR, Function

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable, Lookup

Way = TypeVar("Way", Traced, Called)
PATHS, KNOWS = "emulate", "emulates"
_RIP_SHOWN = {case.key: case.shown for case in RIP_CASES}
_PATH_SHOWN = {case.key: case.shown for case in PATH_CASES}
_PREFIXED = {PLAIN: "as any guest has it", FORCED: "behind the prefix"}
_FILES = {VENDOR: "svm.c", COMMON: "x86.c and others", EMULATOR: "emulate.c"}
_INTERNAL = "KVM_EXIT_INTERNAL_ERROR"


def _stops(row: Execution) -> str:
    return "; ".join(f"+{stop['rip']}, then +{stop['after']}" for stop in row["stops"]) or "no exit to user space"


def rip(answers: Sequence[Evidence[list[Execution]]]) -> Table:
    """RIP at each exit to user space and once it is completed, and by how much ``insn_emulation`` grew."""
    return Table(
        answers,
        [
            Column("RIP at the exit, then completed", _stops),
            Column("insn_emulation", lambda row: f"+{row['emulated']}", number=True),
        ],
        keys=[
            Column("Instruction", lambda row: _RIP_SHOWN[row["instruction"]]),
            Column("Bytes", lambda row: row["length"], number=True),
        ],
        telling=(
            "OUT to port 0x42",
            "OUT to port 0x7e",
            "OUTSB, OUT of a byte of memory",
            "IN from port 0x42",
            "MOV, a store of 4 bytes",
            "MOVUPS, a store of 16 bytes",
            "MOV, a load of 4 bytes",
            "ADD to memory, a load and a store",
            "HLT",
        ),
    )


def found(answer: Answer[list[Way]], instruction: str, path: str) -> Way:
    """What was traced of an instruction along one of its ways."""
    return next(row for row in answer.data if (row["instruction"], row["path"]) == (instruction, path))


def events(answer: Answer[list[Traced]], instruction: str = "mmio-store", path: str = PLAIN) -> Table:
    """The tracepoints of one exit, in order."""
    return Table(
        answer,
        [Column("Event", lambda row: row["event"]), Column("What it says", lambda row: _short(row["text"]))],
        found(answer, instruction, path)["events"],
    )


def _short(text: str) -> str:
    """Without the fields of kvm_exit that are zero."""
    for field in ("info1", "info2", "intr_info", "error_code"):
        for zero in (f" {field} 0x0000000000000000", f" {field} 0x00000000"):
            text = text.removesuffix(zero) if text.endswith(zero) else text.replace(zero + " ", " ")
    return text


def folded(calls: Sequence[Call]) -> list[tuple[Function, int]]:
    """The same function several times in a row as one, with its count."""
    return [(FUNCTIONS[name], len(list(same))) for name, same in groupby(call["function"] for call in calls)]


def called_as(function: Function, times: int) -> str:
    """Its name, with an arrow where it was called through a table, and how often in a row."""
    arrow = {DOWN: "↓\N{NO-BREAK SPACE}", UP: "↑\N{NO-BREAK SPACE}"}.get(function.table, "")
    return f"{arrow}{function.name}{f' × {times}' if times > 1 else ''}"  # the space behind an arrow does not break


def _lane(lane: str) -> Column[tuple[Function, int]]:
    return Column(f"{lane}, {_FILES[lane]}", lambda call: called_as(*call) if call[0].lane == lane else "")


STATIONS = {
    "svm_handle_exit",
    "npf_interception",
    "cr_interception",
    "kvm_emulate_cpuid",
    "kvm_cpuid",
    "kvm_skip_emulated_instruction",
    "svm_skip_emulated_instruction",
    "kvm_mmu_page_fault",
    "x86_emulate_instruction",
    "kvm_fetch_guest_virt",
    "x86_decode_insn",
    "x86_emulate_insn",
    "em_mov",
    "em_cr_write",
    "emulator_set_cr",
    "kvm_set_cr0",
    "svm_set_cr0",
    "emulator_write_emulated",
}
"""The calls that the page speaks of; between them are those that look up a register or a mode."""


def calls(answer: Answer[list[Called]], instruction: str = "mmio-store", path: str = PLAIN) -> Table:
    """Each call in the column of the part of KVM that it belongs to, from top to bottom in the order of time."""
    rows = folded(found(answer, instruction, path)["calls"])
    title = f"{_PATH_SHOWN[instruction]}, {_PREFIXED[path]}"
    caption = f"{title}: ↓ through {DOWN}, ↑ through {UP}; no arrow: through neither"
    return Table(
        answer,
        [_lane(lane) for lane in LANES],
        rows,
        caption,
        heads=0,
        telling=lambda call: call[0].name in STATIONS,
    )


def paths(called: Answer[list[Called]], traced: Answer[list[Traced]]) -> ChoiceTable:
    """Choose an instruction and its way: the calls, in order, and what the trace said."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    outcomes: dict[tuple[str, ...], Outcome] = {}
    for row in called.data:
        made = folded(row["calls"])
        executed = any(function.name == "x86_emulate_insn" for function, _ in made)
        decoded = any(function.name == "x86_decode_insn" for function, _ in made)
        title = "Decoded and executed by the emulator" if executed else "Executed by its own handler"
        title += "; the emulator only measures its length" if decoded and not executed else ""
        lines = [
            (function.lane, f"{called_as(function, times)}: {function.says}" + (f" ({function.table}.{function.member})" if function.table else ""))
            for function, times in made
        ]  # fmt: skip
        last = found(traced, row["instruction"], row["path"])["events"][-1]
        lines.append(("trace", f"{last['event']}: {last['text']}"))
        outcomes[row["instruction"], row["path"]] = Outcome(title, lines, "plain" if executed else "good")
    dimensions = {"The guest executes": _PATH_SHOWN, "Given": _PREFIXED}
    return ChoiceTable(PATHS, dimensions, outcomes, ("out", PLAIN), "KVM emulates it anyway, so it needs no prefix.")


def _ended(row: Known) -> str:
    if row["ended"] == "done" and row["cpu"] == "differs":
        return "executed, with a result that is not the CPU's"
    return {"done": "executed", _INTERNAL: "internal error"}.get(row["ended"], row["ended"])


class Kind(NamedTuple):
    """A kind of instructions: those that were tried, and those of them that were not executed."""

    kind: str
    tried: list[str]
    refused: list[str]


def kinds(answer: Evidence[list[Known]]) -> list[Kind]:
    """The instructions by kind."""
    found = [(kind, [row for row in answer.data if row["kind"] == kind]) for kind in KINDS]
    return [
        Kind(kind, [row["instruction"] for row in rows], [row["instruction"] for row in rows if row["ended"] != "done"])
        for kind, rows in found
    ]


def knows(answers: Sequence[Evidence[list[Known]]]) -> Table:
    """By kind: what the emulator does not execute, and how many it does."""
    return Table(
        answers,
        [
            Column("executed", lambda row: f"{len(row.tried) - len(row.refused)} of {len(row.tried)}"),
            Column("not", lambda row: ", ".join(row.refused) or "-"),
        ],
        kinds,
        keys=[Column("Kind", lambda row: row.kind)],
    )


def wrong(answers: Sequence[Evidence[list[Known]]]) -> str:
    """What the emulator executed otherwise than the CPU, by the witnesses that could ask both."""
    names = [
        f"{row['instruction']}, RAX is {row['rax']:#x} ({answer.provenance.witness})"
        for answer in answers
        for row in answer.data
        if row["cpu"] == "differs"
    ]
    return textwrap.fill("; ".join(names) or "none", 88)


class Failure(NamedTuple):
    """Instructions with the same answers: how it ended, by witness."""

    ended: dict[str, str]
    instructions: list[str]


def failures(answers: Sequence[Evidence[list[Known]]]) -> Table:
    """How it ended where it did not come to its end on some witness: instructions with the same answers in one row."""
    ended: dict[str, list[str]] = {}
    for answer in answers:
        for row in answer.data:
            ended.setdefault(row["instruction"], []).append("executed" if row["ended"] == "done" else _ended(row))
    alike: dict[tuple[str, ...], list[str]] = {}
    for instruction, found in ended.items():
        if set(found) != {"executed"}:
            alike.setdefault(tuple(found), []).append(instruction)
    names = witnesses(answers)
    return Table(
        answers,
        [
            Each(lambda row, witness: row.ended[witness]),
            Column("Instructions", lambda row: ", ".join(row.instructions)),
        ],
        [Failure(dict(zip(names, found, strict=True)), which) for found, which in alike.items()],
        heads=0,
    )


def lookup(answers: Sequence[Evidence[list[Known]]]) -> Lookup:
    """Every instruction that was tried, with each witness's answer."""
    from syslab.widgets import Lookup

    names = [answer.provenance.witness for answer in answers]
    rows = [[row["instruction"], row["kind"], _ended(row)] for row in answers[0].data]
    for answer in answers[1:]:
        found = {row["instruction"]: row for row in answer.data}
        for cells in rows:
            cells.append(_ended(found[cells[0]]))
    return Lookup(KNOWS, ["Instruction", "Kind", *names], rows, prompt="Find an instruction, a kind or an answer", query="AVX")
