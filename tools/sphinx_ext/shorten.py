"""Each page as it is sent: without indentation and comments, and without the spans of code that has no colour of its own."""

from __future__ import annotations

import re
from pathlib import Path

import minify
from sphinx.application import Sphinx

# what Pygments calls names, operators, punctuation and space, and Sphinx each word of code: rsn.css has no rule for them
PLAIN = re.compile(r'<span class="(?:n|nn|ne|o|p|w|pre)">([^<]*)</span>')
# what docutils writes on what it makes, whatever it is: neither a sheet nor a script asks for them
CLASSES = re.compile(r'(?<= class=")([^"<>]*\b(?:docutils|container|literal)\b[^"<>]*)(?=")')
UNASKED = {"docutils", "container", "literal"}
# others read the pages too, and so do tools and tests
KEPT = (
    "html-keep-default-attr-vals",
    "html-keep-document-tags",
    "html-keep-end-tags",
    "html-keep-quotes",
    "json-keep-numbers",
    "js-keep-var-names",  # early.js is short already, and the policy has its hash
)
SHORT = "<!doctype html><"


def short_page(text: str) -> str:
    """``text``, a whole page, with the same content in fewer bytes."""
    minify.config(dict.fromkeys(KEPT, True))
    try:
        text = CLASSES.sub(lambda found: " ".join(name for name in found[1].split() if name not in UNASKED), PLAIN.sub(r"\1", text))
        return str(minify.string("text/html", text.replace(' class=""', "")))
    finally:
        minify.config(dict.fromkeys(KEPT, False))


def finish(app: Sphinx, error: Exception | None) -> None:
    """Shorten the pages where they lie; those that this build did not write are short already."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if not text.startswith(SHORT):
            path.write_text(short_page(text), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register; after all that writes pages."""
    app.connect("build-finished", finish, priority=590)
