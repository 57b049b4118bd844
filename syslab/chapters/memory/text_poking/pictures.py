"""Pictures of the chapter on text poking: two CPUs, three address spaces, and who can write the code when."""

from __future__ import annotations

from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .model import MOMENTS, Moment

HIGH = 186.0
"""Of one moment."""


def _moment(canvas: Canvas, width: float, number: int, moment: Moment) -> None:
    """One moment, drawn from (0, 0): the shared upper half above three private lower halves, and below them CPUs and the page."""
    small, gap = 12, 8.0
    side = (width - 2 * gap) * 0.29
    middle, center = width - 2 * (side + gap), width / 2
    canvas.text(0, 13, f"{number}. {moment.title}", bold=True)
    canvas.box(0, 22, width, 30)
    canvas.text(center, 41.5, "upper half, shared: code R-X", "middle", size=small)
    for x in (0.0, width - side):
        canvas.box(x, 60, side, 40)
        canvas.text(x + side / 2, 84.5, "a process", "middle", size=small)
    canvas.box(side + gap, 60, middle, 40, edge="accent" if moment.loaded else "edge", dash="" if moment.loaded else "3 3")
    canvas.text(center, 76, "text_poke_mm", "middle", size=small)
    alias = "alias RW" if moment.entry else "in the TLB" if moment.remembered and moment.loaded else "empty"
    canvas.text(center, 93, alias, "middle", "accent" if moment.writer or moment.entry else "soft", small)
    canvas.box(
        0,
        130,
        side,
        30,
        "accent" if moment.writer else "panel",
        "accent" if moment.writer else "edge",
        0.18 if moment.writer else 1,
    )
    canvas.text(side / 2, 149.5, "CPU 0", "middle", size=small)
    canvas.box(width - side, 130, side, 30)
    canvas.text(width - side / 2, 149.5, "CPU 1", "middle", size=small)
    canvas.box(side + gap, 130, middle, 30, "paper")
    canvas.text(center, 149.5, "page of code", "middle", size=small)
    canvas.arrow((width - side / 2, 130), (width - side / 2, 101))
    if moment.loaded:
        canvas.arrow((side - 8, 130), (side + gap + 10, 101), colour="accent")
    else:
        canvas.arrow((side / 2, 130), (side / 2, 101))
    if moment.entry or (moment.loaded and moment.remembered):
        canvas.arrow(
            (center, 100),
            (center, 129),
            colour="accent" if moment.writer else "soft",
            width=2.5 if moment.writer else 1.5,
            dash="" if moment.entry else "4 3",
        )
    rx = width - side - gap / 2
    canvas.arrow((rx, 52), (rx, 115), (center + middle / 4, 115), (center + middle / 4, 129), colour="soft", width=1)
    canvas.text(0, 178, "Can write the code:", colour="soft", size=small)
    canvas.text(122, 178, "CPU 0" if moment.writer else "nobody", colour="accent" if moment.writer else "", size=small, bold=True)


def poke() -> Picture:
    """A text poke in six moments."""

    def draw(width: float) -> Canvas:
        columns, gap = (3, 28.0) if width > 600 else (1, 0.0)
        canvas, wide = Canvas(width), (width - gap * (columns - 1)) / columns
        for n, moment in enumerate(MOMENTS):
            with canvas.moved(n % columns * (wide + gap), n // columns * (HIGH + 18)):
                _moment(canvas, wide, n + 1, moment)
        canvas.height = -(-len(MOMENTS) // columns) * (HIGH + 18) - 18
        return canvas

    told = " ".join(
        f"{n}. {moment.title}: CPU 0 has {'text_poke_mm' if moment.loaded else 'the mm of a process'} loaded, the alias is "
        f"{'mapped' if moment.entry else 'not mapped'}{', its TLB may remember it' if moment.remembered and not moment.entry else ''}; "
        f"{'CPU 0' if moment.writer else 'nobody'} can write the code."
        for n, moment in enumerate(MOMENTS, 1)
    )
    return Picture(
        "text-poke-moments",
        draw,
        title="Two CPUs during a text poke, and who can write the code",
        alt=f"{told} CPU 1 has the mm of another process loaded all the time and reaches the code through the shared upper half alone, R-X.",
        caption="Each CPU points at the lower half that its CR3 has loaded; above it is the upper half that all share. The page of code has "
        "one mapping there, and for a moment a second one, the alias.",
        source="Linux arch/x86/kernel/alternative.c, __text_poke(), and arch/x86/mm/tlb.c, flush_tlb_mm_range(), read in 7.2.13",
    )
