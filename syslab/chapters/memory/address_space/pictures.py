"""Pictures of the chapter on the address space: the hole, as it was measured, and to scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from syslab.bits.address import WIDTHS, hole
from syslab.evidence import Evidence
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .ask import Bit
from .show import bits as table

TINTS = {"#PF": ("blue", 0.3), "#GP": ("accent", 0.14)}


def tried(rows: Sequence[Bit], levels: int) -> list[str]:
    """The answers for all addresses that were tried, lowest first: 2^12 to 2^63, then -(2^63) to -(2^12)."""
    alone = [row["alone4"] if levels == 4 else row["alone5"] for row in rows]
    above = [row["above4"] if levels == 4 else row["above5"] for row in rows]
    return alone + above[::-1]


def one_in(levels: int) -> int:
    """Of how many addresses one is outside of the hole."""
    first, last = hole(levels)
    return (1 << 64) // ((1 << 64) - (last - first + 1))


def the_hole(answers: Sequence[Evidence[list[Bit]]]) -> Picture:
    """Where the hole is, with four levels and with five: every power of two as it was tried, and the same to scale."""
    rows = answers[0].data
    found = {levels: tried(rows, levels) for levels in WIDTHS}
    count = 2 * len(rows)

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, left = Canvas(width), 74.0 if wide else 0.0
        cell = (width - left) / count
        for n, (said, words) in enumerate((("#PF", "#PF: the page tables were asked"), ("#GP", "#GP: refused before that"))):
            x, y = (n * 260.0, 0.0) if wide else (0.0, n * 21.0)
            canvas.box(x, y, 14, 14, TINTS[said][0], "edge", TINTS[said][1], 0)
            canvas.text(x + 20, y + 11.5, words)
        y += 34
        for levels, answered in found.items():
            border = WIDTHS[levels] - 1
            canvas.text(0, y + (20 if wide else 11), f"{levels} levels", bold=True)
            y += 0 if wide else 19
            at = 0
            names = iter(("lower half", "the hole" if wide else "hole", "upper half"))
            for said, run in groupby(answered):
                long = len(list(run))
                fill, tint = TINTS.get(said, ("", 1.0))
                canvas.box(left + at * cell, y, long * cell, 30, fill, "edge", tint, 0)
                canvas.text(left + (at + long / 2) * cell, y + 19.5, next(names, said), "middle")
                at += long
            marks = "".join(f"M{left + (i + 0.5) * cell:.1f} {y + 25}v5" for i in range(count))
            canvas.put(f'<path class="s-edge" stroke-width="1" d="{marks}"/>')
            low = border - rows[0]["bit"]
            first, last = f"2^{rows[0]['bit']}", f"-(2^{rows[0]['bit']})"
            ends = ("middle", "middle") if wide else ("end", "start")
            for place, words, way in (
                (0.5, first, "start"),
                (low + 0.5, f"2^{border}", ends[0]),
                (count / 2, "2^63" if wide else "", "middle"),
                (count - low - 0.5, f"-(2^{border})", ends[1]),
                (count - 0.5, last, "end"),
            ):
                canvas.text(left + place * cell, y + 45, words, way, "soft", 12)
            y += 56
            canvas.text(0, y + 11, "to scale", colour="soft", size=12)
            y += 0 if wide else 17
            thin = max((width - left) / 2 / one_in(levels), 1)
            canvas.box(left, y, width - left, 14, TINTS["#GP"][0], "edge", TINTS["#GP"][1], 0)
            for edge in (left, width - thin):
                canvas.box(edge, y, thin, 14, "blue", "", 1, 0)
            canvas.text(left, y + 31, f"outside the hole: 1 address in {one_in(levels):,}", colour="soft", size=12)
            y += 56 if wide else 60
        canvas.height = y - 18
        return canvas

    told = "; ".join(
        f"with {levels} levels the lower half ends below 2^{WIDTHS[levels] - 1} and the upper half begins at -(2^{WIDTHS[levels] - 1}), "
        f"and together they are one address in {one_in(levels):,}"
        for levels in WIDTHS
    )
    return Picture(
        "va-hole",
        draw,
        title="Nearly everything is hole",
        alt=f"A strip of all addresses for each number of levels, lower half, hole, upper half: {told}.",
        caption=f"Upper strip of each pair: {count} addresses, a mark each, on a logarithmic scale that has both ends of the address space. "
        "What a read of each came to is the tint. Lower strip: the same halves to scale, which makes them thinner than a line with four levels.",
        numbers=table(answers),
    )
