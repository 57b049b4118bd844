"""What a page tells those who link to it: its one address, a title, a line and a picture; and the map of all pages for search engines."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..chapters import Chapter, all_chapters

CARD = "_static/rsn/card.png"  # drawn by tools/card.py
CARD_SIZE = (1200, 630)
VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>\s*')


def address(base: str, name: str) -> str:
    """Where page ``name`` is on the hosted site; the front page has no name there."""
    return base if name == "index" else f"{base}{name}.html"


def plain(markdown: str) -> str:
    """A line without its backquotes, for an attribute."""
    return html.escape(markdown.replace("`", ""))


def tags(base: str, chapter: Chapter, site: str) -> str:
    """What a link to this page looks like elsewhere."""
    front = chapter.name == "index"
    width, height = CARD_SIZE
    known = {
        "type": "website" if front else "article",
        "site_name": site,
        "title": site if front else plain(chapter.title),
        "description": plain(chapter.about.get("line", "")),
        "url": address(base, chapter.name),
        "image": base + CARD,
        "image:width": width,
        "image:height": height,
        "image:alt": f"{site}: x86, KVM, QEMU and Linux, each claim tried on a real machine",
    }
    lines = [f'<meta property="og:{name}" content="{value}" />' for name, value in known.items()]
    lines.append('<meta name="twitter:card" content="summary_large_image" />')
    return "".join(lines)


def head(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Add them; leave one viewport (the theme and docutils each bring theirs)."""
    base = app.config.html_baseurl
    context["metatags"] = VIEWPORT.sub("", context.get("metatags", ""))
    if doctree is None:
        context["pageurl"] = None  # the search page and the like are nobody's canonical address
        context["metatags"] += '<meta name="robots" content="noindex" />'
        return
    context["pageurl"] = address(base, pagename)
    context["metatags"] += tags(base, Chapter(pagename), app.config.html_title)


def sitemap(base: str, names: list[str]) -> str:
    """The protocol of sitemaps.org; no dates, which would change with each build."""
    places = "".join(f"<url><loc>{html.escape(address(base, name))}</loc></url>\n" for name in names)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    )


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the map."""
    if not error and app.builder.format == "html":
        text = sitemap(app.config.html_baseurl, [chapter.name for chapter in all_chapters()])
        (Path(app.outdir) / "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register them, after the theme's hooks."""
    app.connect("html-page-context", head, priority=955)
    app.connect("build-finished", finish)
