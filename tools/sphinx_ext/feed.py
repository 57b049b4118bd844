"""``feed.xml``: CHANGELOG.md as an Atom feed, an entry for each version and one for what is not released yet.

An entry's id is its version, and its date the one in its heading: a build adds nothing of its own, and a corrected sentence is
no new entry.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from sphinx.application import Sphinx

from ..environment import ROOT

CHANGES = ROOT / "CHANGELOG.md"
HEADING = re.compile(r"^## (.+?)(?: \((\d{4}-\d{2}-\d{2})\))?$", re.MULTILINE)
SINCE = "2026"  # in the ids, as RFC 4151 has it: when the name of the host was ours


@dataclass(frozen=True)
class Entry:
    """A section of CHANGELOG.md."""

    version: str
    date: str
    text: str


def entries(changelog: str) -> list[Entry]:
    """Its sections, in its order. ValueError for one that has no date."""
    _, *parts = HEADING.split(changelog)
    found = [Entry(*parts[at : at + 3]) for at in range(0, len(parts), 3)]
    if undated := [entry.version for entry in found if not entry.date]:
        raise ValueError(f"CHANGELOG.md: {', '.join(undated)} has no date; a heading is `## 0.2.0 (2027-01-31)`")
    return found


def atom(base: str, title: str, author: str, found: list[Entry]) -> str:
    """The feed."""
    host = base.split("/")[2]
    tag = f"tag:{host},{SINCE}:{base.split('/', 3)[3]}"
    text = html.escape
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{tag}changes</id>",
        f"<title>{text(title)}: changes</title>",
        f"<updated>{max(entry.date for entry in found)}T00:00:00Z</updated>",
        f"<author><name>{text(author)}</name></author>",
        f'<link rel="self" href="{base}feed.xml"/>',
        f'<link href="{base}"/>',
    ]
    for entry in found:
        lines += [
            "<entry>",
            f"<id>{tag}changes/{text(entry.version.lower().replace(' ', '-'))}</id>",
            f"<title>{text(entry.version)}</title>",
            f"<updated>{entry.date}T00:00:00Z</updated>",
            f'<link href="{base}"/>',
            f'<content type="html">{text(MarkdownIt().render(entry.text).strip())}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write it."""
    if not error and app.builder.format == "html":
        found = entries(CHANGES.read_text(encoding="utf-8"))
        text = atom(app.config.html_baseurl, app.config.html_title, app.config.author, found)
        (Path(app.outdir) / "feed.xml").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register it."""
    app.connect("build-finished", finish)
