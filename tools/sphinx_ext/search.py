"""The search page and what it loads, made by tools/search from the pages as they are written.

Sphinx's own search is left out: its index has no sections and grows with every chapter, and its excerpts need a server.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..chapters import BOOK, Chapter, all_chapters
from ..search.index import LAYOUTS, Page, files
from ..search.sections import Section, cut
from .loads import LOADS
from .widgets import STATE, classic

PAGE = "search"
SPHINX = ("searchtools", "language_data", "doctools", "sphinx_highlight", "documentation_options")
OWN = [BOOK / "_assets" / "rsn" / name for name in ("search.js", "answers.js")]


def _kept(app: Sphinx, name: str) -> Path:
    return Path(app.doctreedir) / "rsn-search" / f"{name}.json"


def keep(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What a page says, for the index of this build and of later ones, which write only pages that changed."""
    if doctree is None or app.builder.format != "html":
        return
    found = (getattr(script, "attributes", None) or {} for script in context["script_files"])
    states = [json.loads(a["body"]) for a in found if a.get("type") == STATE and a.get("body")]
    widgets = {name: model["state"] for models in states for name, model in models.items()}
    sections = [dataclasses.astuple(section) for section in cut(context["body"], widgets)]
    path = _kept(app, pagename)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([sections, [*widgets.values()]]), encoding="utf-8")


def _pages(app: Sphinx) -> Iterator[Page]:
    for chapter in all_chapters():
        path = _kept(app, chapter.name)
        if path.is_file() and chapter.name in app.env.found_docs:
            sections, states = json.loads(path.read_text(encoding="utf-8"))
            found = [Section(*section) for section in sections]
            yield Page(chapter.name, found[0].title, _keywords(chapter), "needs" in chapter.about, found, states)


def _keywords(chapter: Chapter) -> tuple[str, ...]:
    return tuple(str(word) for word in chapter.about.get("keywords", ()))


def collect(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """The search page, once all others are written; its scripts have the hash of what they say in their addresses."""
    if app.builder.format != "html":
        return []
    made = files(list(_pages(app)), classic(LAYOUTS))
    folder = Path(app.outdir) / "_static" / "rsn" / PAGE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in made.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    whole = hashlib.sha256("".join([*(path.read_text(encoding="utf-8") for path in OWN), *made.values()]).encode()).hexdigest()
    return [(PAGE, {"rsn_version": whole[:8], "meta": {LOADS: PAGE}}, "search.html")]


def _without_sphinx(app: Sphinx) -> None:
    app.builder.search = False  # type: ignore[attr-defined]


def _tidy(app: Sphinx, error: Exception | None) -> None:
    """No page loads these; without its index, one of them is not even a script."""
    for name in () if error else SPHINX:
        (Path(app.outdir) / "_static" / f"{name}.js").unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Register; after what each page loads has been decided."""
    app.connect("builder-inited", _without_sphinx)
    app.connect("html-page-context", keep, priority=960)
    app.connect("html-collect-pages", collect)
    app.connect("build-finished", _tidy)
