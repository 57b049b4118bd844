"""HTML's elements, for what reads built pages: which have no end, which are lines of their own, and whose text is none to read."""

from __future__ import annotations

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "caption",
        "figcaption",
        "summary",
        "legend",
        "label",
        "title",
        "section",
        "article",
        "table",
    ]
)
SKIPPED = frozenset(("script", "style", "svg"))
