"""What the pages' script needs to show what a reader has solved: each chapter's exercises, read from the built pages."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..chapters import written_chapters
from .loads import load
from .widgets import STATE

SOLVED_BY = ("quiz",)  # the widgets that remember a right answer under their anchor, as `quiz:ANCHOR`
MODELS = re.compile(rf'<script type="{re.escape(STATE)}">(.*?)</script>', re.DOTALL)


def exercises(page: str) -> list[str]:
    """The anchors of the exercises on a page, in an order that does not depend on random ids."""
    models = [model for body in MODELS.findall(page) for model in json.loads(body).values()]
    return sorted(model["state"]["anchor"] for model in models if model["module"] in SOLVED_BY)


def data(folder: Path) -> dict[str, list[str]]:
    """Chapter -> anchors, in the book's order."""
    pages = {chapter.name: folder / f"{chapter.name}.html" for chapter in written_chapters()}
    return {name: exercises(path.read_text(encoding="utf-8")) for name, path in pages.items() if path.is_file()}


def data_script(folder: Path) -> str:
    """The line that stands before progress.js."""
    return f"globalThis.rsnChapters={json.dumps(data(folder), separators=(',', ':'))};\n"


class Remembered(SphinxDirective):
    """A box in which readers copy, bring back and clear what their browser remembers of this book; its script fills it."""

    def run(self) -> list[nodes.Node]:
        """The box, and what stands there without a script."""
        load(self, "remembered")
        text = '<div class="remembered"><noscript><p>This box needs JavaScript, and without it nothing is remembered.</p></noscript></div>'
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> None:
    """Register it."""
    app.add_directive("remembered", Remembered)
