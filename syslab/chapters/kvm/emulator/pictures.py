"""Pictures of the chapter on KVM's instruction emulator: calls in lanes, RIP in the bytes, and what the emulator executes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.show.cells import listed, witnesses
from syslab.show.chart import ACCENT, BLUE, GREEN, INK, VIOLET, chart
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .ask import Called, Execution, Known
from .cases import PLAIN, RIP_CASES
from .model import DOWN, LANES, UP, VENDOR, Function
from .show import called_as, folded, found, kinds, knows
from .show import calls as calls_table
from .show import rip as rip_table

USER_SPACE = "user space"
ROW = 23
"""From one call to the next, in CSS pixels."""


class Call(NamedTuple):
    """A call in its lane: its name with an arrow where it went through a table, and what for."""

    lane: str
    name: str
    says: str
    table: str = ""


def calls(answer: Answer[list[Called]], instruction: str, path: str = PLAIN) -> list[Call]:
    """The calls of one exit in order; ``complete_`` is what KVM does after user space has had its turn."""
    made: list[Call] = []
    for function, times in folded(found(answer, instruction, path)["calls"]):
        if function.name.startswith("complete_"):
            made.append(Call(USER_SPACE, "KVM_RUN returns, and is called again", ""))
        made.append(Call(function.lane, called_as(function, times), _says(function), function.table))
    return made


def _says(function: Function) -> str:
    return function.says if function.says.lower() not in function.name else ""


def ladder(name: str, answer: Answer[list[Called]], instruction: str, title: str, path: str = PLAIN) -> Picture:
    """The calls of one exit, time going down, each in the lane of the part of KVM that it belongs to."""
    made = calls(answer, instruction, path)
    lanes = [lane for lane in (USER_SPACE, *LANES) if any(call.lane == lane for call in made)]

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, step = Canvas(width), (72.0 if wide else 20.0)
        places = {lane: (28 if wide else 8) + number * step for number, lane in enumerate(lanes)}
        text = places[lanes[-1]] + (44 if wide else 16)
        top = 60.0 if wide else 20.0 + 20 * len(lanes)
        for number, (lane, x) in enumerate(places.items()):
            label = 14.0 if wide else 14.0 + 20 * number
            for line, word in enumerate(lane.split() if wide else [lane]):
                canvas.text(x if wide else text, label + 16 * line, word, "middle" if wide else "start", bold=True)
            if not wide:
                canvas.line((x, label - 4), (text - 6, label - 4), colour="line")
            canvas.line((x, 40 if wide else label - 4), (x, top + len(made) * ROW - 14), colour="line", width=2)
        for number, call in enumerate(made):
            x, y = places[call.lane], top + number * ROW
            colour = {DOWN: "blue", UP: "accent"}.get(call.table, "soft")
            if number:
                before = places[made[number - 1].lane]
                turn = y - ROW / 2
                route = (
                    [(before, y - ROW + 4), (x, y - 5)]
                    if before == x
                    else [(before, y - ROW + 4), (before, turn), (x, turn), (x, y - 5)]
                )
                (canvas.arrow if call.table else canvas.line)(*route, colour=colour)
            canvas.dot(x, y, 4, colour)
            canvas.text(
                text, y + 4, call.name, mono=call.lane != USER_SPACE, size=12, colour="soft" if call.lane == USER_SPACE else ""
            )
            if wide:
                canvas.text(text + 256, y + 4, call.says, colour="soft")
        canvas.height = top + len(made) * ROW - 10
        return canvas

    order = ", ".join(f"{call.name} in {call.lane}" for call in made)
    return Picture(
        name,
        draw,
        title=title,
        alt=f"{len(made)} stations from top to bottom: {order}.",
        caption=f"Time goes down. ↓: through {DOWN}, down into the {VENDOR}; ↑: through {UP}, up from the emulator; no arrow: through neither.",
        numbers=calls_table(answer, instruction, path),
    )


def _place(stop: int, length: int) -> str:
    return "at it" if stop == 0 else "behind it" if stop == length else f"{stop} bytes on"


def _told(row: Execution) -> str:
    """Where RIP was at each exit: ``at it, then behind it``."""
    said = [_place(stop["rip"], row["length"]) for stop in row["stops"]]
    return "no exit to user space" if not said else f"{said[0]}, twice" if said == said[:1] * 2 else ", then ".join(said)


def where(answers: Sequence[Evidence[list[Execution]]]) -> Picture:
    """RIP at each exit to user space, as a mark in the instruction's bytes."""
    names = witnesses(answers)
    rows = []
    for case in RIP_CASES:
        own = [next(row for row in answer.data if row["instruction"] == case.key) for answer in answers]
        by: dict[str, list[str]] = {}
        for name, row in zip(names, own, strict=True):
            by.setdefault(_told(row), []).append(name)
        said = next(iter(by)) if len(by) == 1 else "; ".join(f"{text}: {listed(who)}" for text, who in by.items())
        rows.append((case, sorted({stop["rip"] for row in own for stop in row["stops"]}), said, len(by) > 1))

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, y, cell = Canvas(width), 4.0, 26.0
        for case, marks, said, differs in rows:
            x = 262.0 if wide else 10.0
            canvas.text(0 if wide else 4, y + (16 if wide else 12), case.shown)
            y += 0 if wide else 20
            for number, byte in enumerate(case.code):
                canvas.box(x + number * cell, y, cell, 22, "panel", "edge", round=0)
                canvas.text(x + (number + 0.5) * cell, y + 15.5, f"{byte:02x}", "middle", mono=True, size=12)
            for mark in marks:
                at = x + mark * cell
                canvas.line((at, y - 2), (at, y + 24), colour="accent", width=4)
            canvas.text(
                x + 3 * cell + 14,
                y + 16,
                said if wide else " or ".join(part.split(":")[0] for part in said.split("; ")),
                colour="accent" if differs else "soft",
            )
            y += 31
        canvas.height = y - 4
        return canvas

    return Picture(
        "rip-at-exit",
        draw,
        title="Where RIP is when user space hears of the instruction",
        alt="; ".join(f"{case.shown}: {said}" for case, _, said, _ in rows) + ".",
        caption="The bytes of each instruction; the bar is RIP at an exit to user space. Once the exit is completed, RIP is behind the "
        "instruction every time. The numbers also have how often KVM counted an emulated instruction (insn_emulation).",
        numbers=rip_table(answers),
    )


def executed(answers: Sequence[Evidence[list[Known]]]) -> Picture:
    """How many instructions of each kind the emulator executes, a bar a witness."""
    who, colours = witnesses(answers), (ACCENT, BLUE, GREEN, VIOLET)
    found_kinds = [kinds(answer) for answer in answers]

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        high = 0.62 / len(answers)
        for i, each in enumerate(found_kinds):
            for place, kind in enumerate(each):
                done, tried, middle = len(kind.tried) - len(kind.refused), len(kind.tried), place + (i + 0.5) * high
                axes.barh(middle, tried, high * 0.85, color="none", edgecolor=colours[i % 4], linewidth=1)
                axes.barh(middle, done, high * 0.85, color=colours[i % 4], label=None if place else who[i])
                axes.text(tried + 0.3, middle, f"{done} of {tried}", va="center", color=INK, fontsize=12)
        for place, kind in enumerate(found_kinds[0]):
            axes.text(0, place - 0.14, kind.kind, va="center", color=INK)
        axes.set_xlim(0, 26 if wide else 30)
        axes.set_ylim(len(found_kinds[0]) - 0.3, -0.4)
        axes.set_yticks([])
        axes.set_xticks([])
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
        figure.legend(loc="outside upper left", ncols=len(answers) if wide else 1, borderpad=0)

    told = "; ".join(
        f"{name}: " + listed([f"{len(kind.tried) - len(kind.refused)} of {len(kind.tried)} {kind.kind}" for kind in each])
        for name, each in zip(who, found_kinds, strict=True)
    )
    return Picture(
        "executed",
        chart(draw, 360, 400),
        title="Old integer instructions nearly all, floating point hardly any",
        alt=f"Bars of instructions that the emulator executed, of those that were tried. {told}.",
        caption="Instructions that came to their end, of those that were given to the emulator (outline), by kind. The numbers name the others.",
        numbers=knows(answers),
    )
