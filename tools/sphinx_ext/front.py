"""The front page: three ways in, how far the reader has come, and every chapter with a line, its minutes and a drawing."""

from __future__ import annotations

import html
import re
from collections import Counter
from functools import cache

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from ..chapters import BOOK, VERDICTS, Chapter, chapters_of, toc, topics, written_chapters
from ..environment import ROOT
from ..markup import ways
from .ledger import Generated
from .loads import load
from .markup import inline
from .reading import place

ROOT_TAG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="2">'
SHORT_TAG = '<svg class="art" viewBox="0 0 48 48" aria-hidden="true" focusable="false">'


@cache
def drawing(chapter: Chapter) -> str:
    """The chapter's drawing, ready for a page, whose style sheet has the colours. It is in the chapter's folder."""
    text = chapter.drawing.read_text(encoding="utf-8")
    if not text.startswith(ROOT_TAG):
        raise ValueError(f"{chapter.drawing.relative_to(ROOT)} does not begin with {ROOT_TAG}")
    text = re.sub(r"<!--.*?-->|\s*\n\s*", "", text.removeprefix(ROOT_TAG), flags=re.DOTALL)
    # what the style sheet says; alone, as a file, a drawing needs it
    return SHORT_TAG + re.sub(r' (?:fill|fill-opacity|stroke)="[^"]*"', "", text)


class Ways(Generated):
    """Where to begin: a field for a line from a log, and a card for each way that the block lists."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The cards; front.js reads what is typed into the first."""
        self.depend()
        load(self, "front")
        try:
            log, *rest = ways(list(self.content), f"{self.env.docname}: ways")
        except ValueError as error:
            raise self.error(str(error)) from error
        uri = self.env.app.builder.get_relative_uri
        cards = [
            f'<form class="way" id="paste" action="{uri(self.env.docname, log.page)}"><label for="paste-line">{inline(log.title)}</label>'
            f'<span>{inline(log.about)}</span><div class="pst-js-only"><input id="paste-line" name="line" type="text" autocomplete="off"'
            ' spellcheck="false" placeholder="segfault at 8 … error 6"><button>Read it</button></div><p role="status"></p>'
            f'<a href="{uri(self.env.docname, log.page)}">The decoder desk</a></form>'
        ]
        for way in rest:
            first = Chapter(way.page)
            mine = next((chapters_of(part["caption"]) for part in toc() if {"file": way.page} in part["chapters"]), [])
            if not mine:  # a table of contents without that page
                continue
            count = f"{len(mine)} chapters" if len(mine) != 1 else "One chapter"
            cards.append(
                f'<div class="way"><a class="whole" href="{uri(self.env.docname, way.page)}">{inline(way.title)}</a>'
                f"<span>{inline(way.about)}</span><i>{count}, {place(mine)}. First: {inline(first.title)}</i></div>"
            )
        return [nodes.raw("", f'<div class="ways">{"".join(cards)}</div>', format="html")]


class Parts(Generated):
    """The parts with their chapters; what is still planned is one line."""

    def run(self) -> list[nodes.Node]:
        """How much there is and how much of it the reader has solved, then a block for each part."""
        self.depend()
        written = written_chapters()
        for chapter in written:
            self.env.note_dependency(str(chapter.drawing))
        parts = yaml.safe_load((BOOK / "topics.yml").read_text(encoding="utf-8"))
        bits = "".join(
            f"<span>{''.join(f'<i data-chapter={chapter.name}></i>' for chapter in chapters)}</span>"
            for part in parts
            if (chapters := chapters_of(part["part"]))
        )
        text = (
            f'<div class="course"><div class="course-bits pst-js-only" aria-hidden="true">{bits}</div><p role="status">'
            f"<b>{len(written)} chapters</b>, {place(written)} to read. Each ends with exercises that the page checks.</p></div>"
        )
        blocks, later = [], []
        for part in parts:
            chapters = chapters_of(part["part"])
            name, about = html.escape(part["part"]), html.escape(part["about"])
            if not chapters:
                later.append(name)
                continue
            rows = "".join(self.row(chapter) for chapter in chapters)
            blocks.append(f'<section class="part"><h2>{name}</h2><p>{about}</p><ul>{rows}</ul></section>')
        open_topics = sum(not topic.written for topic in topics())
        ledger = self.env.app.builder.get_relative_uri(self.env.docname, "ledger")
        quiet = (
            f'<p class="quiet">Planned: {", ".join(later[:-1])} and {later[-1]}; {open_topics} topics, all in the '
            f'<a href="{ledger}">ledger</a>.</p>'
            if later
            else ""
        )
        return [nodes.raw("", f'{text}<div class="map">{"".join(blocks)}</div>{quiet}', format="html")]

    def row(self, chapter: Chapter) -> str:
        """A drawing, the title, its minutes, its line."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, chapter.name)
        return (
            f'<li>{drawing(chapter)}<p><a class="whole" data-chapter="{chapter.name}" href="{uri}">{inline(chapter.title)}</a> '
            f'<small>{place([chapter])}</small></p><p class="one">{inline(chapter.about["line"])}</p></li>'
        )


class Tally(Generated):
    """How many claims came out how: the legend of the verdicts, with their counts."""

    def run(self) -> list[nodes.Node]:
        """A list of badges."""
        self.depend()
        counts = Counter(topic.verdict for topic in topics() if topic.written)
        ledger = self.env.app.builder.get_relative_uri(self.env.docname, "ledger")
        items = "".join(f'<li><b>{counts[word]}</b> <span class="vb vb-{word}">{word}</span></li>' for word in VERDICTS)
        text = f'<div class="tally"><p>Of the notes’ {counts.total()} claims that were tried:</p><ul>{items}</ul><p><a href="{ledger}">All of them, in the ledger</a></p></div>'
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> None:
    """Register them."""
    for name, directive in (("ways", Ways), ("parts", Parts), ("tally", Tally)):
        app.add_directive(name, directive)
