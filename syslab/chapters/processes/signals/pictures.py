"""The picture of the chapter on signals: who gets what is typed on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Answer
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .show import keyboard as table
from .typing import Pressed

SITUATIONS = {"jobs": "While a pipeline is in front", "prompt": "At the prompt"}
FATES = {"died": "ended", "stopped": "stopped", "survived": "goes on"}


def groups(rows: Sequence[Pressed], situation: str, key: str) -> list[list[Pressed]]:
    """The process groups of a situation, the one in front first, with what ``key`` did to each process."""
    there = [row for row in rows if (row["situation"], row["key"]) == (situation, key)]
    front = [row for row in there if row["in_foreground_group"]]
    return [front, *([row] for row in there if not row["in_foreground_group"])]


def _said(row: Pressed) -> str:
    if not row["got_it"]:
        return f"{row['process']}: not reached"
    return f"{row['process']}: gets SIG{row['signal']}, {FATES[row['outcome']]}"


def _situation(canvas: Canvas, rows: Sequence[Pressed], situation: str, key: str, top: float, wide: bool) -> float:
    """One situation below ``top``; where it ends."""
    left, room = (250.0, canvas.width - 250) if wide else (44.0, canvas.width - 44)
    canvas.text(0, top + 14, SITUATIONS[situation], bold=True)
    y = top + 28
    terminal = y + canvas.note(0, y, 180 if wide else canvas.width, f"the terminal driver: {key} is typed")
    y = y if wide else terminal + 16
    for number, group in enumerate(groups(rows, situation, key)):
        front = number == 0
        begin = y
        canvas.text(
            left + 10,
            y + 17,
            "process group in front" if front else "process group of its own",
            colour="accent" if front else "soft",
            size=12,
        )
        y += 25
        inside = Canvas(canvas.width)
        for row in group:
            y += inside.note(left + 10, y, room - 20, _said(row), fill="paper", edge="accent" if row["got_it"] else "edge") + 8
        canvas.box(
            left,
            begin,
            room,
            y - begin,
            "accent" if front else "",
            "accent" if front else "edge",
            0.08,
            dash="" if front else "4 4",
        )
        canvas.shapes += inside.shapes
        middle = begin + 13
        if front:
            start = [(180.0, middle)] if wide else [(20.0, terminal), (20.0, middle)]
            canvas.arrow(*start, (left - 2, middle), colour="accent", width=2)
        y += 12
    return y


def keys(answers: Answer[list[Pressed]], key: str = "^C") -> Picture:
    """Where ``key`` goes: the group in front, all of it and nothing else."""
    rows = answers.data

    def draw(width: float) -> Canvas:
        canvas = Canvas(width)
        for situation in SITUATIONS:
            canvas.height = _situation(canvas, rows, situation, key, canvas.height, width > 600) + 14
        return canvas

    told = " ".join(
        f"{SITUATIONS[situation]}: " + "; ".join(_said(row) for group in groups(rows, situation, key) for row in group) + "."
        for situation in SITUATIONS
    )
    return Picture(
        "signals-keys",
        draw,
        title=f"{key} goes to the group in front, and to no other",
        alt=told,
        caption=f"What became of each process when {key} was typed; the numbers have ^\\ and ^Z as well.",
        numbers=table(answers),
    )
