"""The picture of the chapter on instruction fetch: one RIP, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .ask import Start
from .show import MODES
from .show import modes as table

STEP = 0x10000
"""Addresses between two marks of the scale."""


def starts(answers: Sequence[Evidence[list[Start]]]) -> Picture:
    """For each start its base, RIP on top of it, and the address that the instruction was fetched from."""
    rows = answers[0].data
    top = max(row["fetched"] for row in rows) + STEP // 4
    rip = rows[0]["rip"]

    def draw(width: float) -> Canvas:
        canvas, wide = Canvas(width), width > 600
        left = 150.0 if wide else 0.0
        scale = (width - left - 70) / top
        y, begin = 20.0, 0.0
        for mode, title in MODES.items():
            there = [row for row in rows if row["mode"] == mode]
            canvas.text(0, y + 15, title, bold=True)
            y += 0 if wide else 26
            begin = begin or y
            for row in there:
                start = row["fetched"] - row["rip"]  # what was added to RIP, whatever the base
                x, end = left + start * scale, left + row["fetched"] * scale
                if start:
                    canvas.line((left, y + 11), (x, y + 11), colour="edge", dash="2 3")
                canvas.box(x, y + 3, end - x, 16, "blue", "", 0.2, round=0)
                canvas.dot(end, y + 11, 5)
                canvas.text(end + 10, y + 15.5, f"{row['fetched']:#x}", mono=True)
                said = f"base {row['base']:#x}"
                if end + 80 + len(said) * 7 < width:
                    canvas.text(end + 78, y + 15.5, said, colour="soft", size=12)
                elif start * scale > len(said) * 7:
                    canvas.text(x - 8, y + 7, said, "end", "soft", 12)
                y += 24
            y += 12
        canvas.height = y
        for place in range(0, top, STEP):
            x = left + place * scale
            canvas.text(x, 12, f"{place:#x}", "middle" if place else "start", "soft", 12)
        return canvas

    told = "; ".join(f"{MODES[row['mode']]}, base {row['base']:#x}: {row['fetched']:#x}" for row in rows)
    return Picture(
        "fetch-starts",
        draw,
        title="One RIP, three bases, three modes",
        alt=f"RIP is {rip:#x} in each start. Mode, base of CS and the address of the fetch: {told}.",
        caption=f"Each bar is RIP, {rip:#x} long, put on top of the base that the mode adds (dotted); the dot is the address that the instruction "
        "was fetched from. In 64-bit mode the base was set as well.",
        numbers=table(answers),
    )
