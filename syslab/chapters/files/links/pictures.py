"""Pictures of the chapter on links: names, inodes and data after the telling calls of a story."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import NamedTuple

from syslab.evidence import Answer
from syslab.show.drawing import SIZE, Canvas, lines
from syslab.show.picture import Picture

from . import show
from .ask import STORIES, StoryStep
from .model import DIRECTORY, SYMLINK
from .state import files, names

ROW, HIGH = 50, 40
"""From one inode to the next, and how high it is."""


class Shown(NamedTuple):
    """An inode as it is drawn: who leads to it (descriptors are numbers), what it is, and what is in it."""

    number: int
    holders: list[str]
    kind: str
    links: int
    inside: str


def inodes(row: StoryStep) -> list[Shown]:
    """What the folder had after a call, directories left out; symlinks last."""
    found: dict[int, Shown] = {}
    for name in names(row):
        if name.kind != DIRECTORY:
            inside = name.target if name.kind == SYMLINK else name.reads
            found.setdefault(name.number, Shown(name.number, [], name.kind, name.links or 0, inside)).holders.append(name.path)
    for file in files(row):
        one = found.setdefault(file.number, Shown(file.number, [], "file", file.links, file.text))
        one.holders.append(str(file.descriptor))
    return sorted(found.values(), key=lambda one: (one.kind == SYMLINK, one.number))


def meant(path: str, text: str) -> str:
    """The name that a symlink's text spells, from the directory of the symlink."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


class _Panel:
    """The folder after one call, ``width`` wide: names, inodes, data."""

    def __init__(self, canvas: Canvas, row: StoryStep, width: float) -> None:
        self.canvas, self.row, self.shown = canvas, row, inodes(row)
        self.name, self.inode, self.data = 16.0, width * 0.4, width - 62
        self.wide = 52.0
        self.places: dict[str, float] = {}

    def draw(self, y: float) -> float:
        """Where it ends."""
        for one in self.shown:
            y = self._inode(one, y)
        for one in self.shown:
            if one.kind == SYMLINK:
                y = self._symlink(one, y)
        return y

    def _holder(self, y: float, holder: str) -> None:
        self.places[holder] = y
        number = holder.isdigit()
        self.canvas.box(self.name, y - 13, self.wide, 26, "paper", "blue" if number else "ink", round=13)
        self.canvas.text(self.name + self.wide / 2, y + 4.5, f"fd {holder}" if number else holder, "middle", mono=True)

    def _inode(self, one: Shown, y: float) -> float:
        high = max(ROW, len(one.holders) * 34)
        middle = y + high / 2
        for i, holder in enumerate(one.holders):
            at = middle + (i - (len(one.holders) - 1) / 2) * 34
            self._holder(at, holder)
            self.canvas.arrow((self.name + self.wide, at), (self.inode, middle + (i - (len(one.holders) - 1) / 2) * 14))
        right = self.data - 22
        self.canvas.box(self.inode, middle - HIGH / 2, right - self.inode, HIGH, "panel")
        centre = (self.inode + right) / 2
        self.canvas.text(centre, middle - 4, f"inode {one.number}", "middle")
        said = "symlink" if one.kind == SYMLINK else show.links_of(one.links)
        self.canvas.text(centre, middle + 13, said, "middle", "soft", 12)
        self.canvas.line((right, middle), (self.data, middle), colour="edge")
        self.canvas.box(self.data, middle - 13, 60, 26, "accent" if one.kind == SYMLINK else "green", "edge", 0.16, 0)
        self.canvas.text(self.data + 30, middle + 4.5, one.inside, "middle", mono=True, size=12)
        self.places[f"data {one.number}"] = middle
        return y + high

    def _symlink(self, one: Shown, y: float) -> float:
        """A dashed arrow from the text to the name that it spells, below everything and up on the left."""
        name = meant(one.holders[0], one.inside)
        there, at = name in self.places, self.places[f"data {one.number}"]
        end = self.places[name] if there else y + 21
        low = y + 6 if there else end + 20
        colour = "accent" if there else "bad"
        x = self.data + 30
        self.canvas.arrow((x, at + 13), (x, low), (5, low), (5, end), (self.name, end), colour=colour, dash="4 3")
        if not there:
            self.canvas.box(self.name, end - 13, self.wide, 26, "", "bad", dash="4 3", round=13)
            self.canvas.text(self.name + self.wide / 2, end + 4.5, name, "middle", "bad", mono=True)
            self.canvas.text(self.inode, end + 4.5, "no such name", colour="bad", size=12)
        return low + 4


def told(row: StoryStep) -> str:
    """The folder after a call, in words."""
    parts = []
    for one in inodes(row):
        who = " and ".join(f"descriptor {holder}" if holder.isdigit() else holder for holder in one.holders)
        verb = "leads" if len(one.holders) == 1 else "lead"
        if one.kind == SYMLINK:
            name = meant(one.holders[0], one.inside)
            there = any(name in other.holders for other in inodes(row))
            what = f"a symlink with the text {one.inside}, which spells {name if there else f'{name}, a name that is not there'}"
        else:
            what = f"{show.links_of(one.links)}, {one.inside}"
        parts.append(f"{who} {verb} to inode {one.number} ({what})")
    return f"After {row['call']}: {'; '.join(parts)}."


LEGEND = (
    "On the left names; then inodes with their link counts, and what is in each. A dashed arrow goes from a symlink's text to the "
    "name that it spells."
)


def story(answer: Answer[list[StoryStep]], title: str, calls: Sequence[int], heading: str, caption: str = LEGEND) -> Picture:
    """The folder after some ``calls`` of a story, counted from 1, side by side. KeyError for a title that is none."""
    steps = STORIES[title].split(".")
    rows = [row for row in answer.data if row["story"] == title]
    chosen = [(call, rows[call - 1]) for call in calls]

    def draw(width: float) -> Canvas:
        gap = 30
        wide = (width - gap * (len(chosen) - 1)) / len(chosen) if width > 600 else width
        canvas, y = Canvas(width), 0.0
        for place, (call, row) in enumerate(chosen):
            x, top = (place * (wide + gap), 0.0) if width > 600 else (0.0, y)
            with canvas.moved(x, top):
                with canvas.link(f"#{show.ANCHOR}={'.'.join(steps[:call])}", f"The drawing after {row['call']}"):
                    text = f"{call}. {row['call']}"
                    canvas.text(0, 14, lines(text, width, SIZE, True)[0], mono=True, bold=True)
                end = _Panel(canvas, row, wide).draw(26)
            y = max(y, top + end + (0 if width > 600 else 18))
        canvas.height = y + 2
        return canvas

    return Picture(
        f"links-{title.replace(' ', '-')}",
        draw,
        title=heading,
        alt=" ".join(told(row) for _, row in chosen),
        caption=f"{caption} The numbers have every call.",
        numbers=show.story(answer, title),
        links=True,
    )
