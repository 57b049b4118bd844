"""A built page, cut into the sections that a result can lead to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from ..elements import BLOCKS, SKIPPED, VOID

VIEW = "application/vnd.jupyter.widget-view+json"
# what is no prose of the page, and what would give an answer away: choices of predictions, solutions
LEFT_OUT = frozenset(["headerlink", "asked", "provenance", "id", "ledger-filter", "meta", "predict"])
SOLUTIONS = "dropdown", "exercises"  # a fold of this class in this section
NAMES_ONLY = frozenset(["pre", "table"])  # found, but no sentences to quote
ENTRIES = {"dt": "term-", "tr": "topic-"}  # of the glossary and the ledger: each has an anchor of its own
NAME = re.compile(r"\b[A-Za-z_]\w*[A-Z0-9_]\w*\b")  # what is no plain word: SIGKILL, CR4, avx2, error_code


@dataclass
class Section:
    """``text``: its prose, a line a block; ``more``: its tables, code and widgets, where only words are looked for."""

    anchor: str
    title: str = ""
    text: str = ""
    more: str = ""


@dataclass
class _Open:
    tag: str
    section: Section
    out: bool
    names: bool
    title: bool


@dataclass
class Cutter(HTMLParser):
    """Feed it a page's article. ``states``: the page's widgets by their id."""

    states: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        first = Section("")
        self.sections = [first]
        self.open = [_Open("", first, False, False, False)]
        self.widget = self.begun = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element may begin a section, a title, or something that is left out."""
        given = dict(attrs)
        above = self.open[-1]
        self._end(tag)
        if tag in VOID:
            return
        section, anchor = above.section, given.get("id") or ""
        ledger = tag == "tr" and anchor.startswith("topic-")
        if (tag == "section" and anchor) or (tag in ENTRIES and anchor.startswith(ENTRIES[tag])):
            if tag != "section" or self.begun:  # the first is the page itself
                section = Section(anchor)
                self.sections.append(section)
            self.begun = True
        if tag == "dd" and self.sections[-1].anchor.startswith("term-"):
            section = self.sections[-1]
        self.widget = tag == "script" and given.get("type") == VIEW
        classes = set((given.get("class") or "").split())
        solution = SOLUTIONS[0] in classes and section.anchor == SOLUTIONS[1]
        out = above.out or solution or tag in SKIPPED or bool(LEFT_OUT & classes)
        names = (above.names or tag in NAMES_ONLY or "hidden" in given) and not ledger  # hidden: a picture in words
        heading = tag in ("h1", "h2", "h3", "h4", "dt") or (tag == "td" and above.section.anchor.startswith("topic-"))
        title = above.title or (heading and not section.title)
        self.open.append(_Open(tag, section, out, names, title))

    def handle_endtag(self, tag: str) -> None:
        """Back to what is around it."""
        self._end(tag)
        if any(one.tag == tag for one in self.open):
            while self.open.pop().tag != tag:
                pass

    def _end(self, tag: str) -> None:
        now = self.open[-1]
        if tag in BLOCKS or tag == "br":
            now.section.text += "\n"
            now.section.more += "\n"

    def handle_data(self, data: str) -> None:
        """Text goes to the section that is open, or a widget's state to where the widget stands."""
        now = self.open[-1]
        if self.widget:
            self.widget = False
            state = self.states.get(json.loads(data)["model_id"], {})
            now.section.more += f"\n{' '.join(sorted(_names(state)))}\n"
        elif now.title and not now.out:
            now.section.title += data
        elif not now.out:
            if now.names:
                now.section.more += data
            else:
                now.section.text += data


def _names(value: Any) -> set[str]:
    """The names in a widget's state: bits, signals, exits, but no sentences and no keys."""
    if isinstance(value, str):
        return set(NAME.findall(value)) if len(value) < 200 else set()
    if isinstance(value, dict):
        value = [inner for key, inner in value.items() if key != "readers"]  # patterns are no words
    inner = value if isinstance(value, list) else ()
    return set().union(*map(_names, inner))


def cut(body: str, states: dict[str, Any]) -> list[Section]:
    """The sections of a page, the page's own first; what has no title is none."""
    cutter = Cutter(states)
    cutter.feed(body)
    cutter.close()
    for section in cutter.sections:
        section.title = " ".join(section.title.split())
        section.text, section.more = (
            "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n")))) for text in (section.text, section.more)
        )
    return [section for section in cutter.sections if section.title]
