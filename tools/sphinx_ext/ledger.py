"""Generated lists; the first is the ledger of all topics."""

from __future__ import annotations

import html
from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..chapters import BOOK, VERDICTS, Chapter, Topic, topics, written_chapters
from ..environment import ROOT
from .loads import load


class Generated(SphinxDirective):
    """A list made from topics.yml and the chapters' front matter; its page is read again when any of them changes."""

    def depend(self) -> None:
        """Tell Sphinx what the page is made from."""
        for name in (BOOK / "topics.yml", ROOT / "_toc.yml"):
            self.env.note_dependency(str(name))
        for chapter in written_chapters():
            self.env.note_dependency(str(chapter.path))

    def link(self, chapter: Chapter) -> str:
        """An HTML link to a chapter."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, chapter.name)
        return f'<a href="{uri}">{html.escape(chapter.title)}</a>'


_HEAD = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in ("Topic", "The note says", "Verdict", "Evidence"))


class Ledger(Generated):
    """Every topic of the notes: what it says, the verdict, the evidence, the chapter."""

    def run(self) -> list[nodes.Node]:
        """A filter and a table for each part."""
        self.depend()
        load(self, "ledger")
        listed = topics()
        done = sum(t.written for t in listed)
        rows = [f"<p>{done} of {len(listed)} topics are answered; the others are planned and carry no verdict yet.</p>", _filter()]
        for part, group in groupby(listed, key=lambda t: t.part):
            name = html.escape(part)
            rows.append(
                f'<section class="ledger-part" id="{nodes.make_id(part)}"><h2>{name}</h2>'
                f'<div class="cards"><div class="scroll" tabindex="0" role="region" aria-label="{name}"><table class="ledger" role="table">'
                f'<thead role="rowgroup"><tr role="row">{_HEAD}</tr></thead><tbody role="rowgroup">'
            )
            rows += [self._row(topic) for topic in group]
            rows.append("</tbody></table></div></div></section>")
        return [nodes.raw("", "\n".join(rows), format="html")]

    def _row(self, topic: Topic) -> str:
        chapter = self.link(Chapter(topic.chapter)) if topic.written else "planned"
        verdict = f'<span class="vb vb-{topic.verdict}">{topic.verdict}</span>' if topic.written else "planned"
        evidence = f"{html.escape(topic.evidence)} {chapter}" if topic.written else ""
        kind = topic.verdict if topic.written else "planned"
        return (
            f'<tr class="{kind}" id="topic-{topic.id}" role="row"><th scope="row" role="rowheader">{html.escape(topic.title)}<span class="id">{topic.id}</span></th>'
            f'<td role="cell" data-h="The note says">{html.escape(topic.claim)}</td><td role="cell" class="v">{verdict}</td>'
            f'<td role="cell" data-h="Evidence">{evidence}</td></tr>'
        )


def _filter() -> str:
    options = "".join(
        f'<label><input type="radio" name="ledger" value="{word}"{" checked" if word == "all" else ""}>{word}</label>'
        for word in ("all", *VERDICTS, "planned")
    )
    return f'<fieldset class="ledger-filter rows"><legend class="visually-hidden">Show topics</legend>{options}</fieldset>'


def setup(app: Sphinx) -> None:
    """Register it."""
    app.add_directive("ledger", Ledger)
