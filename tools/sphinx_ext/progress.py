"""What the pages' script needs to show what a reader has solved: each chapter's exercises, read from the built pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..chapters import written_chapters
from .widgets import STATE

SOLVED_BY = ("quiz",)  # the widgets that remember a right answer under their anchor, as `quiz:ANCHOR`
MODELS = re.compile(rf'<script type="{re.escape(STATE)}">(.*?)</script>', re.DOTALL)
# what only some pages load
EXTRA = {"front": ("css", "js"), "ledger": ("css",), "remembered": ("css", "js"), "search": ("css",)}


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


def load(directive: SphinxDirective, name: str) -> None:
    """The page of this directive loads the files of ``name`` in EXTRA."""
    meta: dict[str, Any] = directive.env.metadata[directive.env.docname]
    meta["rsn_loads"] = " ".join(dict.fromkeys([*meta.get("rsn_loads", "").split(), name]))


def extra(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What this page alone loads."""
    for name in ((context.get("meta") or {}).get("rsn_loads") or "").split():
        for kind in EXTRA[name]:
            if kind == "css":
                app.add_css_file(f"rsn/{name}.css", priority=901)
            else:
                app.add_js_file(f"rsn/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register them."""
    app.add_directive("remembered", Remembered)
    app.connect("html-page-context", extra, priority=400)
