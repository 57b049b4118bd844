"""Pictures of the chapter on page-table entries: the bits of each kind of entry, and what the CPU wrote into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from syslab.bits.core import Layout
from syslab.bits.paging import pde_2m, pdpte_1g, pte, table
from syslab.evidence import Evidence
from syslab.evidence.witnesses import called
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .ask import WALK, Written
from .show import kinds, name_of
from .show import written as table_of

KINDS = {"4-KByte page": pte, "2-MByte page": pde_2m, "1-GByte page": pdpte_1g, "table": table}
SPANS = ((63, 63), (62, 59), (58, 58), (57, 57), (56, 52), (51, 30), (29, 21), (20, 13), *((bit, bit) for bit in range(12, -1, -1)))
"""What has a place of its own in the picture: within one, no kind of entry has a border."""
OWNERS = {
    "rights": ("the CPU obeys it", "blue", 0.22),
    "address": ("an address", "panel", 1.0),
    "written": ("the CPU writes it", "accent", 0.28),
    "free": ("ignored: Linux may use it", "green", 0.22),
    "reserved": ("reserved: must be 0", "", 1.0),
}


class Part(NamedTuple):
    """Neighbouring places of one kind of entry that have the same name."""

    first: int
    places: int
    name: str
    owner: str


def _owner(name: str) -> str:
    known = {"frame": "address", "A": "written", "D": "written", "reserved": "reserved"}
    return known.get(name) or ("free" if "ignores" in name or name == "R" else "rights")


def parts(layout: Layout) -> list[Part]:
    """The layout's fields in the places of the picture, from bit 63 down; the address and what is reserved are one part each."""
    found: list[Part] = []
    for at, (_, low) in enumerate(SPANS):
        name = name_of(layout, low)
        owner = _owner(name)
        if found and found[-1].name == name and owner in ("address", "reserved"):
            found[-1] = found[-1]._replace(places=found[-1].places + 1)
        else:
            found.append(Part(at, 1, "" if owner == "free" and name != "R" else name, owner))
    return found


def _span(high: int, low: int) -> str:
    return str(low) if high == low else f"{high}:{low}"


def _legend(canvas: Canvas, y: float) -> float:
    """Whose the tints are; returns where the next line is."""
    x = 0.0
    for text, fill, tint in OWNERS.values():
        wide = len(text) * 6.7 + 34
        if x and x + wide - 10 > canvas.width:
            x, y = 0.0, y + 21
        canvas.box(x, y, 14, 14, fill, "edge", tint, 0, "" if fill else "2 2")
        canvas.text(x + 20, y + 11.5, text)
        x += wide
    return y + 30


def entry() -> Picture:
    """The bits of four kinds of entries, by who they belong to."""
    drawn = {name: parts(make()) for name, make in KINDS.items()}

    def draw(width: float) -> Canvas:
        canvas = Canvas(width)
        top = _legend(canvas, 0)
        wide = width > 600
        left, cell = (92.0, (width - 92) / len(SPANS)) if wide else (52.0, 19.0)
        high = 28.0 if wide else (width - left) / len(KINDS)

        for n, (upper, low) in enumerate(SPANS):
            if wide:
                canvas.text(left + (n + 0.5) * cell, top + 14, _span(upper, low), "middle", "soft", 11)
            else:
                canvas.text(left - 6, top + 30 + (n + 0.5) * cell + 4, _span(upper, low), "end", "soft", 12)
        for kind, (name, found) in enumerate(drawn.items()):
            if wide:
                canvas.text(0, top + 22 + kind * 34 + 18.5, name)
            else:
                for line, word in enumerate(reversed(name.split(" "))):
                    canvas.text(left + (kind + 0.5) * high, top + 22 - line * 15, word, "middle", size=12)
            corner = (left, top + 22 + kind * 34) if wide else (left + kind * high, top + 30)
            with canvas.moved(*corner):  # rows that are alike stay alike, which compresses well
                for part in found:
                    _, fill, tint = OWNERS[part.owner]
                    along, long = part.first * cell, part.places * cell
                    x, y, w, h = (along, 0.0, long, high) if wide else (0.0, along, high, long)
                    canvas.box(x, y, w, h, fill, "edge", tint, 0, "" if fill else "2 2")
                    name = "res." if part.owner == "reserved" and part.places == 1 else part.name
                    if name and w > len(name) * 7:
                        canvas.text(x + w / 2, y + h / 2 + 4.5, name, "middle", size=12)
        canvas.height = top + (22 + len(KINDS) * 34 if wide else 30 + len(SPANS) * cell) + 2
        return canvas

    told = "; ".join(
        f"{name}: " + ", ".join(f"{part.name} {_bits(part)}" for part in found if part.name) for name, found in drawn.items()
    )
    return Picture(
        "pte-kinds",
        draw,
        title="Four kinds of entries, and whose the bits are",
        alt=f"The bits of an entry from 63 down to 0, for four kinds. {told}. The CPU writes A and, in an entry that maps a page, D; "
        "it ignores bits 58:52, 10 and 9 of every kind, and R outside of HLAT paging.",
        caption="Not to scale: each bit that has a meaning of its own has a place. In a table's entry the bits 62:59, 8 and 6 are "
        "ignored as well. Bit 7 is PAT in a PTE, and one level up it is PS, which says that the walk ends here.",
        numbers=kinds(),
        source="Intel SDM volume 3A, the formats of paging-structure entries, by title",
    )


def _bits(part: Part) -> str:
    return _span(SPANS[part.first][0], SPANS[part.first + part.places - 1][1])


def _four(canvas: Canvas, cell: float, bits: Sequence[str], edge: str) -> None:
    """The four entries of a walk in a strip: tinted where something is set, and a letter in each."""
    for wanted, tint in (("A", 0.16), ("A D", 0.38)):
        if tinted := "".join(f"M{at * cell:g} 0h{cell:g}v22H{at * cell:g}z" for at, found in enumerate(bits) if found == wanted):
            canvas.put(f'<path class="f-accent" fill-opacity="{tint}" d="{tinted}"/>')
    places = " ".join(f"{(at + 0.5) * cell:g}" for at in range(len(bits)))  # one text, with a place for each letter
    letters = "".join({"": "·", "A": "A", "A D": "D"}.get(found, "?") for found in bits)
    canvas.put(f'<text text-anchor="middle" font-size="12" x="{places}" y="15.5">{letters}</text>')
    canvas.box(0, 0, cell * len(bits), 22, "", edge, round=0)


def written(answers: Sequence[Evidence[list[Written]]]) -> Picture:
    """Which of A and D each witness set on its way, a row for each access."""
    rows = [row for row in answers[0].data]
    others: list[dict[tuple[str, str], Written]] = [{(row["size"], row["case"]): row for row in one.data} for one in answers]
    names = [called(one.provenance.witness) for one in answers]

    def draw(width: float) -> Canvas:
        wide = width > 600
        left = 372.0 if wide else 0.0
        gap = 16.0
        cell = (width - left - gap * (len(answers) - 1)) // (len(answers) * len(WALK))
        canvas, y = Canvas(width), 44.0
        for n, name in enumerate(names):
            x = left + n * (cell * len(WALK) + gap)
            canvas.text(x + cell * len(WALK) / 2, 14, name, "middle", bold=True)
            for at, level in enumerate(WALK):
                canvas.text(
                    x + (at + 0.5) * cell, 34, level.upper() if wide else level.upper().removesuffix("E"), "middle", "soft", 11
                )
        for row in rows:
            key = row["size"], row["case"]
            same = len({str(found[key]["set"]) for found in others}) == 1
            results = [f"{name}: {found[key]['result']}" for name, found in zip(names, others, strict=True)]
            said = row["result"] if len({found[key]["result"] for found in others}) == 1 else "; ".join(results)
            what = f"{row['case']}: {said.replace('#PF ', '')}"
            if wide:
                canvas.text(0, y + 15.5, row["size"], colour="soft")
                canvas.text(66, y + 15.5, what)
            else:
                canvas.text(0, y + 13, f"{row['size']}, {what}", size=12)
                y += 19
            for n, found in enumerate(others):
                with canvas.moved(left + n * (cell * len(WALK) + gap), y):
                    _four(canvas, cell, [found[key]["set"][level] for level in WALK], "line" if same else "bad")
            y += 26 if wide else 30
        canvas.height = y
        return canvas

    differ = [
        f"{row['size']}, {row['case']}"
        for row in rows
        if len({str(found[row["size"], row["case"]]["set"]) for found in others}) > 1
    ]
    return Picture(
        "pte-written",
        draw,
        title="What the CPU writes on its way down",
        alt=f"For {len(rows)} accesses, which of A and D are set at each level by {' and '.join(names)}. An access that is made sets A at "
        "every level, and a write sets D in the entry that maps the page. "
        + (f"The witnesses differ in: {'; '.join(differ)}." if differ else "The witnesses agree."),
        caption="A row for each access, with its result: allowed, or the error code. A is accessed, D accessed and dirty, and a dot means that nothing was set. "
        + ("Outlined: the witnesses differ." if differ else ""),
        numbers=table_of(answers),
    )
