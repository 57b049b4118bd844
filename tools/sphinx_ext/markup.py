"""Directives and roles of :mod:`tools.markup`, as HTML."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from docutils.parsers.rst import roles
from markdown_it import MarkdownIt
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ..chapters import VERDICTS, Chapter
from ..markup import SHAPES, choices
from .reading import place

inline = MarkdownIt().renderInline


def badge(word: str) -> nodes.inline:
    """A verdict or an evidence word with its shape and colour."""
    return nodes.inline(word, word, classes=["vb", f"vb-{word}"])


def verdict_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[Any]]:
    """``{verdict}`refined```."""
    if text not in SHAPES:
        return [], [inliner.reporter.error(f"unknown verdict {text!r}; known: {', '.join(SHAPES)}", line=lineno)]
    return [badge(text)], []


class Promise(SphinxDirective):
    """The first lines of a chapter, then reading time, needs and what it builds on, from the front matter."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The lead paragraph and the line under it."""
        lead = nodes.container(classes=["promise"])
        self.state.nested_parse(self.content, self.content_offset, lead)
        about = Chapter(self.env.docname).about
        if "needs" not in about:
            return [lead]
        meta = nodes.bullet_list()
        takes = nodes.raw("", place([Chapter(self.env.docname)]), format="html")
        for item in (takes, nodes.Text(f"Live run needs: {about['needs']}")):
            meta += nodes.list_item("", nodes.paragraph("", "", item))
        if about.get("builds_on"):
            paragraph = nodes.paragraph("", "Builds on ")
            for i, name in enumerate(about["builds_on"]):
                paragraph += [nodes.Text(", ")] if i else []
                self.env.note_dependency(str(Chapter(name).path))
                uri = self.env.app.builder.get_relative_uri(self.env.docname, name)
                paragraph += nodes.reference("", Chapter(name).title, refuri=uri, internal=True)
            meta += nodes.list_item("", paragraph)
        return [lead, nodes.container("", meta, classes=["meta"])]


class Claim(SphinxDirective):
    """What the note says, and the verdict."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """An admonition in the verdict's colour."""
        word = self.arguments[0]
        if word not in VERDICTS:
            raise self.error(f"verdict {word!r} is none of {', '.join(VERDICTS)}")
        box = nodes.admonition(classes=["verdict", f"verdict-{word}"])
        box += nodes.title("", "", badge(word), nodes.Text(" by what follows"))
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class Predict(SphinxDirective):
    """One question with choices; each choice says why it is right or wrong."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """A fieldset of radio buttons; rsn.js shows the reason behind the one chosen."""
        try:
            found = choices(list(self.content), f"{self.env.docname}: predict")
        except ValueError as error:
            raise self.error(str(error)) from error
        number = self.env.new_serialno("predict")
        rows = [f'<fieldset class="predict"><legend>{inline(self.arguments[0])}</legend>']
        for i, choice in enumerate(found):
            kind, word = ("yes", "Yes.") if choice.right else ("no", "Not quite.")
            rows.append(
                f'<label class="{kind}"><input type="radio" name="predict-{number}" value="{i}"><span>{inline(choice.text)}</span>'
                f'</label><p class="why" hidden><b>{word}</b> {inline(choice.why)}</p>'
            )
        rows.append('<p class="say" role="status"></p></fieldset>')
        return [nodes.raw("", "\n".join(rows), format="html")]


def describe(doctree: nodes.document | None) -> str:
    """The promise as a page description, escaped for an attribute; empty if there is none."""
    for node in doctree.findall(nodes.container) if doctree is not None else ():
        if "promise" in node["classes"]:
            return html.escape(" ".join(node.astext().split()))
    return ""


def name_rows(app: Sphinx, doctree: nodes.document) -> None:
    """The first column of a table written in Markdown names its rows."""
    for group in doctree.findall(nodes.tgroup):
        column = group.next_node(nodes.colspec)
        if column is not None:
            column["stub"] = 1


def scope_headers(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What each header of such a table is for, which docutils does not say."""
    body = context.get("body", "")
    context["body"] = body.replace('<th class="head', '<th scope="col" class="head').replace(
        '<th class="stub', '<th scope="row" class="stub'
    )


def setup(app: Sphinx) -> None:
    """Register them."""
    app.connect("doctree-read", name_rows)
    app.connect("html-page-context", scope_headers)
    roles.register_local_role("verdict", verdict_role)
    app.add_directive("promise", Promise)
    app.add_directive("claim", Claim)
    app.add_directive("predict", Predict)
