"""Drawings of how a thing works: a canvas with boxes, arrows, strips of bits, and lanes.

A drawing is a function of the width (:data:`~syslab.show.picture.WIDE` or ``NARROW`` CSS pixels): it is laid out anew for a
phone, not scaled, because a text of 13 pixels would be one of 5. Colours are names of the book's tokens, see ``COLOURS``.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

SIZE = 13
"""Of a text, in CSS pixels."""
COLOURS = ("ink", "soft", "line", "edge", "paper", "panel", "accent", "bad", "blue", "green", "violet")
"""What ``colour``, ``fill`` and ``edge`` may be: the tokens of ``picture.css``."""
PAUSE = "\u200b"
"""A zero-width space: where a long name may be broken."""
LETTER, FIXED = 0.56, 0.6
"""The mean width of a letter, in the size of its text: of the book's font with some air, and of its fixed-width cut."""


def n(value: float) -> str:
    """A coordinate, with one decimal."""
    return f"{round(value, 1):g}"


def lines(text: str, width: float, size: float = SIZE, mono: bool = False) -> list[str]:
    """``text`` broken so that each line fits into ``width``: at newlines, at spaces (not at no-break ones), at zero-width
    spaces inside long names, and anywhere in a word that would not fit otherwise."""
    room = max(4, int(width / size / (FIXED if mono else LETTER)))
    broken: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split(" "):
            gap = " " if line else ""
            for piece in word.split(PAUSE):
                while len(line) + len(gap) + len(piece) > room:
                    if line:
                        broken.append(line)
                        line = ""
                    elif len(piece) > room:
                        broken.append(piece[:room])
                        piece = piece[room:]
                    gap = ""
                line, gap = line + gap + piece, ""
        broken.append(line)
    return broken


def _colour(name: str) -> str:
    if name not in COLOURS:
        raise ValueError(f"{name!r} is no colour of the book; it has {', '.join(COLOURS)}")
    return name


def _classes(fill: str, edge: str, look: str = "") -> str:
    names = [f"f-{_colour(fill)}" if fill else "", f"s-{_colour(edge)}" if edge else "", look]
    said = " ".join(filter(None, names))
    return f' class="{said}"' if said else ""


class Canvas:
    """Collects shapes, the first one below all others. ``height`` is set when all is laid out."""

    def __init__(self, width: float, height: float = 0) -> None:
        self.width, self.height = width, height
        self.shapes: list[str] = []

    def put(self, shape: str) -> None:
        """Add SVG as it is."""
        self.shapes.append(shape)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        at: str = "start",
        colour: str = "",
        size: float = SIZE,
        mono: bool = False,
        bold: bool = False,
    ) -> None:
        """One line; ``y`` is its base line, ``at`` is start, middle or end."""
        look = " ".join(filter(None, ("m" if mono else "", "b" if bold else "")))
        anchor = f' text-anchor="{at}"' if at != "start" else ""
        sized = f' font-size="{n(size)}"' if size != SIZE else ""
        words = html.escape(text, quote=False)
        self.put(f'<text x="{n(x)}" y="{n(y)}"{_classes(colour, "", look)}{anchor}{sized}>{words}</text>')

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: str = "panel",
        edge: str = "edge",
        tint: float = 1,
        round: float = 4,
        dash: str = "",
    ) -> None:
        """A rectangle; ``fill`` or ``edge`` may be "" for none, ``tint`` is how opaque the fill is."""
        more = (f' fill-opacity="{tint:g}"' if tint != 1 else "") + (f' stroke-dasharray="{dash}"' if dash else "")
        corner = f' rx="{round:g}"' if round else ""
        place = (f' x="{n(x)}"' if x else "") + (f' y="{n(y)}"' if y else "")  # 0 where nothing is said
        self.put(f'<rect{place} width="{n(w)}" height="{n(h)}"{corner}{more}{_classes(fill, edge)}/>')

    def note(
        self, x: float, y: float, w: float, text: str, mono: bool = False, fill: str = "panel", edge: str = "edge", tint: float = 1
    ) -> float:
        """A box as high as its text needs. Returns its height."""
        wrapped = lines(text, w - 14, SIZE, mono)
        high = len(wrapped) * 17 + 11
        self.box(x, y, w, high, fill, edge, tint)
        for i, line in enumerate(wrapped):
            self.text(x + 7, y + 18 + i * 17, line, mono=mono)
        return high

    def line(self, *points: tuple[float, float], colour: str = "ink", width: float = 1.5, dash: str = "") -> None:
        """A line through ``points``."""
        route = "L".join(f"{n(x)} {n(y)}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.put(f'<path{_classes("", colour)} stroke-width="{width:g}"{dashed} d="M{route}"/>')

    def arrow(self, *points: tuple[float, float], colour: str = "ink", width: float = 1.5, dash: str = "") -> None:
        """A line with a head at its end, a triangle of its own: no marker, and so no id."""
        (x0, y0), (x1, y1) = points[-2:]
        angle = math.atan2(y1 - y0, x1 - x0)
        self.line(*points[:-1], (x1 - 7 * math.cos(angle), y1 - 7 * math.sin(angle)), colour=colour, width=width, dash=dash)
        sides = [(x1 - 9 * math.cos(angle + turn), y1 - 9 * math.sin(angle + turn)) for turn in (-0.42, 0.42)]
        head = "L".join(f"{n(x)} {n(y)}" for x, y in sides)
        self.put(f'<path{_classes(colour, "")} d="M{n(x1)} {n(y1)}L{head}z"/>')

    def dot(self, x: float, y: float, r: float = 4, fill: str = "accent", edge: str = "") -> None:
        """A circle."""
        self.put(f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}"{_classes(fill, edge)}/>')

    def bits(self, x: float, y: float, cell: float, digits: str, fill: str = "accent", high: float = 22) -> None:
        """A strip of bits, left to right. Those that are set are tinted, and the digit says it too."""
        tinted = "".join(
            f"M{n(x + i * cell)} {n(y)}h{n(cell)}v{n(high)}h{n(-cell)}z" for i, digit in enumerate(digits) if digit == "1"
        )
        if tinted:
            self.put(f'<path{_classes(fill, "")} fill-opacity=".18" d="{tinted}"/>')
        places = " ".join(n(x + (i + 0.5) * cell) for i in range(len(digits)))  # one text, with a place for each letter
        self.put(f'<text class="m" text-anchor="middle" font-size="12" x="{places}" y="{n(y + high / 2 + 4.5)}">{digits}</text>')
        self.box(x, y, len(digits) * cell, high, "", "edge", round=0)

    @contextmanager
    def moved(self, x: float, y: float) -> Iterator[None]:
        """Shapes made inside are drawn from (x, y). Rows made alike are alike byte by byte, which compresses well."""
        self.put(f'<g transform="translate({n(x)} {n(y)})">')
        yield
        self.put("</g>")

    @contextmanager
    def link(self, href: str, label: str) -> Iterator[None]:
        """Shapes made inside are one link; :class:`~syslab.show.picture.Picture` is then told ``links=True``."""
        self.put(f'<a href="{html.escape(href)}" aria-label="{html.escape(label)}">')
        yield
        self.put("</a>")

    def parts(self, name: str) -> tuple[float, float, str]:
        """Width, height and what is drawn; ``name`` is not needed, as nothing here has an id."""
        return self.width, math.ceil(self.height), "".join(self.shapes)


class Lanes:
    """Who does what, time going down: a lane for each of ``names``. ``say`` in a lane, ``go`` from one to another, then ``done``."""

    def __init__(self, width: float, names: Sequence[str], gap: float | None = None) -> None:
        self.canvas, self.names, self.y = Canvas(width), list(names), 44.0
        self.gap = (44 if width > 600 else 10) if gap is None else gap
        self.wide = (width - self.gap * (len(names) - 1)) / len(names)

    def x(self, lane: str) -> float:
        """The left edge of a lane."""
        return self.names.index(lane) * (self.wide + self.gap)

    def middle(self, lane: str) -> float:
        """The middle of a lane."""
        return self.x(lane) + self.wide / 2

    def say(self, lane: str, text: str, mono: bool = False, fill: str = "panel", edge: str = "edge") -> None:
        """A box with what happens there."""
        self.y += self.canvas.note(self.x(lane), self.y, self.wide, text, mono, fill, edge) + 10

    def go(self, start: str, end: str, text: str = "", colour: str = "ink", dash: str = "") -> None:
        """An arrow from lane to lane, its words above it."""
        a, b = self.middle(start), self.middle(end)
        aside = -4 if a < b else 4
        wrapped = lines(text, abs(b - a) - 12) if text else []
        for line in wrapped:
            self.canvas.text((a + b) / 2 + aside, self.y + 12, line, "middle", colour if colour != "ink" else "")
            self.y += 16
        self.canvas.arrow((a, self.y + 6), (b, self.y + 6), colour=colour, dash=dash)
        self.y += 20 if wrapped else 12

    def rest(self, height: float = 10) -> None:
        """Let some room pass."""
        self.y += height

    def done(self) -> Canvas:
        """The canvas, with the lanes' names and lines under everything else."""
        over, self.canvas.shapes = self.canvas.shapes, []
        for name in self.names:
            self.canvas.text(self.middle(name), 16, name, "middle", bold=True)
            self.canvas.line((self.middle(name), 28), (self.middle(name), self.y), colour="line", width=2)
        self.canvas.shapes += over
        self.canvas.height = self.y
        return self.canvas
