"""How long a page takes to read: its words, the rows of tables that are not folded, and its lines of code.

Each page computes its own when it is written, and says so in its first lines. When all are there, the pages that name other
chapters' minutes (the front page) are filled in from them.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..chapters import Chapter, written_chapters
from ..elements import VOID

WORDS_A_MINUTE = 200
ROW = 3  # seconds
LINE_OF_CODE = 3
FOLDED = {"details", "script", "style", "template", "svg", "aside", "select"}  # and what is [hidden]
PLACE = re.compile(r'(<span data-minutes="([^"]*)">)[^<]*(</span>)')


class Reader(HTMLParser):
    """Counts what is read of a page's article as it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.words = self.rows = self.code = 0
        self.open: list[str] = []
        self.folded: int | None = None  # the depth below which nothing is read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Go down, and note where a fold begins."""
        if tag in VOID:
            return
        given = dict(attrs)
        if self.folded is None and (tag in FOLDED or "hidden" in given or "headerlink" in (given.get("class") or "")):
            self.folded = len(self.open)
        self.open.append(tag)
        if tag == "tr" and self.folded is None and "tbody" in self.open:
            self.rows += 1

    def handle_endtag(self, tag: str) -> None:
        """Come up again; an end that was left out ends with what it is in."""
        if tag not in self.open:
            return
        while self.open.pop() != tag:
            pass
        if self.folded is not None and len(self.open) <= self.folded:
            self.folded = None

    def handle_data(self, data: str) -> None:
        """Count."""
        if self.folded is not None or "table" in self.open:
            return
        if "pre" in self.open:
            self.code += data.count("\n")
        else:
            self.words += sum(any(map(str.isalnum, word)) for word in data.split())


def minutes(body: str) -> int:
    """What reading this article takes, at least one; its own number, which is filled in later, does not count."""
    reader = Reader()
    reader.feed(PLACE.sub(r"\1\3", body))
    reader.close()
    return max(1, round(reader.words / WORDS_A_MINUTE + (ROW * reader.rows + LINE_OF_CODE * reader.code) / 60))


def told(number: int) -> str:
    """``18 min``, ``6 h 20 min``; the spaces do not break."""
    hours, rest = divmod(number, 60)
    return "\u00a0".join([*([f"{hours}\u00a0h"] if hours else []), *([f"{rest}\u00a0min"] if rest or not hours else [])])


def place(chapters: list[Chapter]) -> str:
    """HTML in which the minutes of these chapters, together, will stand."""
    return f'<span data-minutes="{" ".join(chapter.name for chapter in chapters)}"></span>'


def filled(page: str, known: dict[str, int]) -> str:
    """``page`` with the minutes of the chapters that are ``known``."""

    def fill(found: re.Match[str]) -> str:
        names = found[2].split()
        if not all(name in known for name in names):
            return found[0]
        return found[1] + told(sum(known[name] for name in names)) + found[3]

    return PLACE.sub(fill, page)


def own(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """A page says its own, and carries the number for the others."""
    if place([Chapter(pagename)]) in context.get("body", ""):
        number = minutes(context["body"])
        context["body"] = filled(context["body"], {pagename: number})
        context["metatags"] = context.get("metatags", "") + f'<meta name="minutes" content="{number}" />'


def known(folder: Path) -> dict[str, int]:
    """The minutes of each written chapter, from the built pages."""
    found = {}
    for chapter in written_chapters():
        page = folder / f"{chapter.name}.html"
        number = re.search(r'<meta name="minutes" content="(\d+)"', page.read_text(encoding="utf-8")) if page.is_file() else None
        if number:
            found[chapter.name] = int(number[1])
    return found


def finish(app: Sphinx, error: Exception | None) -> None:
    """Fill in what pages say of other chapters."""
    if error or app.builder.format != "html":
        return
    numbers = known(Path(app.outdir))
    for page in Path(app.outdir).glob("*.html"):
        text = page.read_text(encoding="utf-8")
        if text != (full := filled(text, numbers)):
            page.write_text(full, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register them, after what changes the body."""
    app.connect("html-page-context", own, priority=960)
    app.connect("build-finished", finish)
