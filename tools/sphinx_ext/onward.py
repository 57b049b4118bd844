"""Where a reader goes from here: what stands after a chapter, and why the links to its neighbours are worth a click.

All of it is front matter of the chapters: ``can``, what a reader can do now; ``next``, two other chapters with a reason each;
``line``, what a page is about.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ..chapters import Chapter, all_chapters
from .markup import inline


def ways(chapter: Chapter) -> list[tuple[Chapter, str]]:
    """The chapters to go on with, and why, as Markdown; those that this table of contents has."""
    there = {other.name for other in all_chapters()}
    return [(Chapter(name), why) for name, why in chapter.about.get("next", {}).items() if name in there]


def after(app: Sphinx, doctree: nodes.document) -> None:
    """What you can do now, and two ways on, as the last of a chapter."""
    chapter = Chapter(app.env.docname)
    if "can" not in chapter.about:
        return
    items = "".join(
        f'<li><a href="{app.builder.get_relative_uri(chapter.name, other.name)}">{inline(other.title)}</a> {inline(why)}</li>'
        for other, why in ways(chapter)
    )
    text = (
        f'<aside class="onward" aria-label="Where to go from here"><h2>What you can do now</h2><p>{inline(chapter.about["can"])}</p>'
        f'<p class="solved" role="status"></p><ul>{items}</ul></aside>'
    )
    next(iter(doctree.findall(nodes.section))).append(nodes.raw("", text, format="html"))


def neighbours(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """The lines of the previous and the next page."""
    relations: dict[str, tuple[str | None, str | None, str | None]] = getattr(app.builder, "relations", {})
    _, before, behind = relations.get(pagename, (None, None, None))
    for key, name in (("rsn_prev_line", before), ("rsn_next_line", behind)):
        context[key] = inline(Chapter(name).about.get("line", "")) if name else ""


def shown(chapters: list[Chapter], at: int) -> str:
    """What a page says of others; it is written again when that changes."""
    others = chapters[max(0, at - 1) : at] + chapters[at + 1 : at + 2]
    others += [other for other, _ in ways(chapters[at])]
    return repr([(other.title, other.about.get("line")) for other in others])


def outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Pages that show a title or a line which is another one now."""
    chapters = all_chapters()
    before: dict[str, str] = getattr(env, "rsn_onward", {})
    now = {chapter.name: shown(chapters, at) for at, chapter in enumerate(chapters)}
    env.rsn_onward = now  # type: ignore[attr-defined]
    return [name for name in now if before.get(name) != now[name] and name in env.found_docs]


def setup(app: Sphinx) -> None:
    """Register them."""
    app.connect("doctree-read", after)
    app.connect("html-page-context", neighbours)
    app.connect("env-get-outdated", outdated)
