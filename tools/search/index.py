"""The files that the search page loads: a small one always, and of the others those that a query needs.

``index`` has every page with its keywords and the titles of its sections. Words, answers and texts are cut into pieces, so that
a query costs the same however many chapters there are: ``words-3`` has the words from one of its alphabet to another, each with
the sections that have it; ``answers-3`` the names that are answered at once; ``texts-3`` what some sections say, for
excerpts. ``index`` says where each piece begins. ``decoders`` has the layouts, for a query that has a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from syslab.widgets.base import FOLDER

from . import answers
from .sections import Section
from .words import STOP, indexed, phrase

LAYOUTS = FOLDER / "layouts.js"
Key = TypeVar("Key")
Value = TypeVar("Value")
PIECE = 6_000  # bytes; gzip makes a third of it


@dataclass(frozen=True)
class Page:
    """``keywords``: what an engineer types who is looking for this page. ``states``: its widgets'."""

    name: str
    title: str
    keywords: tuple[str, ...]
    is_chapter: bool
    sections: list[Section]
    states: list[dict[str, Any]]


def _json(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")


def script(name: str, data: Any) -> str:
    """A file that leaves ``data`` for the search page; a script, because a page read from disk may fetch nothing."""
    return f"(globalThis.rsnSearch??={{}})[{_json(name)}]={_json(data)}"


def pieces(
    items: Iterable[tuple[Key, Value]], together: Callable[[Key], Any] = lambda key: key, limit: int = PIECE
) -> list[list[tuple[Key, Value]]]:
    """``items`` in pieces of about ``limit`` bytes; what is ``together`` is not divided."""
    made: list[list[tuple[Key, Value]]] = []
    size = limit
    for item in items:
        if size >= limit and not (made and together(made[-1][-1][0]) == together(item[0])):
            made.append([])
            size = 0
        made[-1].append(item)
        size += len(_json(item[1])) + len(str(item[0]))
    return made


def words(pages: list[Page]) -> dict[str, list[int]]:
    """Each word, with the numbers of the sections that have it; where a page's prose has it, not those with tables that do.

    Numbers of tables and widgets are no words.
    """
    found: dict[str, list[int]] = {}
    number = 0
    for page in pages:
        prose = [indexed(section.text) for section in page.sections]
        said = set().union(*prose)
        for section, own in zip(page.sections, prose, strict=True):
            for word in own | {word for word in indexed(section.more) - said if not word[0].isdigit()}:
                found.setdefault(word, []).append(number)
            number += 1
    return dict(sorted(found.items()))


def _steps(numbers: list[int]) -> list[int]:
    """The first of them, and the distances to the next ones: shorter than what they stand for."""
    return [number - before for number, before in zip(numbers, [0, *numbers], strict=False)]


def _named(pages: list[Page]) -> dict[str, list[list[str]]]:
    """Each name that is answered, as a phrase, with its answers."""
    found: dict[str, list[list[str]]] = {}
    for answer in answers.named({page.name: page.states for page in pages}):
        row = [answer.label, answer.text, answer.href]
        for key in map(phrase, answer.names):
            listed = found.setdefault(key, [])
            if row not in listed:
                listed.append(row)
    return dict(sorted(found.items()))


def files(pages: list[Page], layouts: str) -> dict[str, str]:
    """Each file's name and text. ``layouts``: :data:`LAYOUTS` as pages load it."""
    listed = [
        [page.name, page.title, "|".join(page.keywords), int(page.is_chapter), [[s.title, s.anchor] for s in page.sections]]
        for page in pages
    ]
    # two letters: what begins with a reader's word is in the same piece
    spelled = pieces(words(pages).items(), lambda word: word[:2])
    named = pieces(_named(pages).items())
    texts = pieces(enumerate(section.text for page in pages for section in page.sections), limit=PIECE // 3)
    begins = {
        "words": [piece[0][0] for piece in spelled],
        "answers": [piece[0][0] for piece in named],
        "texts": [piece[0][0] for piece in texts],
    }
    data = {"pages": listed, "stop": sorted(STOP), "kinds": answers.KINDS, "cron": answers.CRON} | begins
    made = {"index": script("index", data)}
    for number, some in enumerate(spelled):  # words have letters, digits and _ alone
        found = [" ".join(word for word, _ in some), [_steps(sections) for _, sections in some]]
        made[f"words-{number}"] = script(f"words-{number}", found)
    for number, piece in enumerate(named):
        made[f"answers-{number}"] = script(f"answers-{number}", piece)
    for number, part in enumerate(texts):
        made[f"texts-{number}"] = script(f"texts-{number}", [text for _, text in part])
    made["decoders"] = f"{layouts};{script('decoders', answers.readable())}"
    return made
