"""Measured pictures: matplotlib, in the book's font and colours, made small.

What matplotlib writes is mapped back to the book's tokens, so that one picture serves light, dark and print, and an unknown
colour is an error. Its groups, ids, clip paths and fonts are dropped: 20 kB become about 5. Nothing may lie outside the axes,
and there is no mathtext and no image.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from xml.etree import ElementTree

from .drawing import COLOURS, SIZE

# The light theme's colours stand for the tokens; tests/show/test_chart.py holds them against rsn.css
INK, SOFT, LINE, EDGE, PAPER = "#1c1721", "#5f5566", "#e0d9e3", "#8d8395", "#fdfcfd"
PANEL, ACCENT, BAD, BLUE, GREEN, VIOLET = "#f6f2f7", "#8a1253", "#a3330b", "#1a5494", "#14663b", "#5b3aa6"
TOKENS = dict(zip((INK, SOFT, LINE, EDGE, PAPER, PANEL, ACCENT, BAD, BLUE, GREEN, VIOLET), COLOURS, strict=True))
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rsn",
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "font.size": SIZE,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.titlesize": SIZE,
    "axes.labelsize": SIZE,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": EDGE,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": False,  # the book's font has no U+2212
    "grid.color": LINE,
    "grid.linewidth": 1,
    "legend.fontsize": SIZE,
    "legend.frameon": False,
    "xtick.labelsize": SIZE,
    "ytick.labelsize": SIZE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.solid_capstyle": "butt",
    "lines.markeredgewidth": 1.5,
}
KEPT = ("stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "font-size", "font-weight", "text-anchor")
DEFAULT = {("font-size", str(SIZE)), ("text-anchor", "start"), ("font-weight", "400")}

Draw = Callable[[Any, Any, bool], None]
"""What makes a chart: ``draw(figure, axes, wide)``."""


def style() -> AbstractContextManager[Any]:
    """The book's settings of matplotlib, for the time of a ``with``."""
    import matplotlib

    return matplotlib.rc_context(SETTINGS)


class Chart:
    """One layout of a measured picture."""

    def __init__(self, draw: Draw, width: float, height: float, wide: bool) -> None:
        from matplotlib.figure import Figure  # not pyplot's: nothing global, nothing that Jupyter shows by itself

        buffer = io.StringIO()
        with style():  # settings are read whenever an artist is made
            figure = Figure(figsize=(width / 72, height / 72))
            draw(figure, figure.subplots(), wide)
            figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        self.root = ElementTree.fromstring(buffer.getvalue())

    def parts(self, name: str) -> tuple[float, float, str]:
        """Width, height and body; ids begin with ``name``."""
        width, height = map(float, self.root.get("viewBox", "").split()[2:])
        return width, height, _Slim(name).body(self.root)


def chart(draw: Draw, height: float = 330, narrow: float = 300) -> Callable[[float], Chart]:
    """What a Picture takes for a measured one; heights of the wide and the narrow layout in CSS pixels."""

    def made(width: float) -> Chart:
        wide = width > 600
        return Chart(draw, width, height if wide else narrow, wide)

    return made


class _Slim:
    """matplotlib's SVG without what a page does not need: neighbours that look the same become one element."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[str, tuple[str, str]] = {}
        self.runs: list[tuple[str, str, list[str]]] = []

    def body(self, root: ElementTree.Element) -> str:
        self._walk(root)
        written = {"path": '<path{look} d="{all}"/>', "use": "<g{look}>{all}</g>", "text": "{all}", "defs": "<defs>{all}</defs>"}
        return "".join(written[kind].format(look=look, all="".join(parts)) for kind, look, parts in self.runs)

    def _add(self, kind: str, look: str, content: str) -> None:
        if self.runs and self.runs[-1][:2] == (kind, look):
            self.runs[-1][2].append(content)
        else:
            self.runs.append((kind, look, [content]))

    def _walk(self, node: ElementTree.Element) -> None:
        tag = node.tag.rpartition("}")[2]
        x, y = (f"{round(float(node.get(key) or 0), 1):g}" for key in ("x", "y")) if tag in ("text", "use") else ("", "")
        if tag == "path" and node.get("id"):
            mark = f"{self.name}-m{len(self.marks)}"
            self.marks[node.get("id", "")] = (mark, node.get("style", ""))
            self._add("defs", "", f'<path id="{mark}" d="{short_path(node.get("d", ""))}"/>')
        elif tag == "path":
            if look := _look(node):  # without one it is not seen
                self._add("path", look, short_path(node.get("d", "")))
        elif tag == "use":
            mark, base = self.marks[next(value for key, value in node.items() if key.endswith("href")).removeprefix("#")]
            self._add("use", _look(node, base), f'<use href="#{mark}" x="{x}" y="{y}"/>')
        elif tag == "text":
            turn = re.fullmatch(r"rotate\((\S+) .*", node.get("transform", ""))
            turned = f' transform="rotate({turn[1]} {x} {y})"' if turn and float(turn[1]) else ""
            words = html.escape("".join(node.itertext()), quote=False)
            self._add("text", "", f'<text x="{x}" y="{y}"{_look(node)}{turned}>{words}</text>')
        elif tag not in ("clipPath", "style", "metadata"):
            for child in node:
                self._walk(child)


def short_path(data: str) -> str:
    """``M 0 144 L 216.04 144 z`` as ``M0 144H216z``: one decimal, and no letters that are not needed."""
    short, was = [], ("", "")
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [f"{round(float(number), 1):g}" for number in rest.split()]
        at = (numbers[-2], numbers[-1]) if numbers else was
        if letter == "L" and at == was:
            continue
        if letter == "L" and at[0] == was[0]:
            letter, numbers = "V", numbers[1:]
        elif letter == "L" and at[1] == was[1]:
            letter, numbers = "H", numbers[:1]
        short.append(letter + " ".join(numbers))
        was = at
    return "".join(short).replace(" -", "-")


def _look(node: ElementTree.Element, base: str = "") -> str:
    """matplotlib's ``style`` as our classes and attributes. ValueError for a colour that is not the book's."""
    given = dict(re.findall(r"([\w-]+): ([^;]+)", base + "; " + node.get("style", "")))
    classes = []
    for what in ("fill", "stroke"):
        colour = given.get(what, "none")
        if colour == "none" or (node.tag.endswith("text") and colour == INK):
            continue
        if colour not in TOKENS:
            raise ValueError(f"{colour} is not a colour of the book; it has {', '.join(TOKENS)}")
        classes.append(f"{what[0]}-{TOKENS[colour]}")
    more = ""
    for name in KEPT:
        value = given.get(name, "").removesuffix("px")
        if value and (name, value) not in DEFAULT:
            more += f' {name}="{value}"'
    return (f' class="{" ".join(classes)}"' if classes else "") + more
