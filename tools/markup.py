"""The book's own markup, parsed once: Sphinx draws it on pages, the notebook generator writes it in Markdown.

:::{promise}            what the reader will be able to do
:::{claim} refined      what the note says, with its verdict
:::{predict} Question   one question with choices, a reason behind each
:::{ways}               where to begin: a page each, what the reader wants, what is there
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SHAPES = {"confirmed": "■", "refined": "◧", "corrected": "✕", "answered": "◆", "live": "●", "lab": "▲", "record": "○"}


@dataclass(frozen=True)
class Choice:
    """One possible answer of a prediction."""

    right: bool
    text: str
    why: str


def choices(lines: list[str], where: str) -> list[Choice]:
    """The choices of a ``predict`` block: ``- [x] answer | why``. ValueError naming ``where`` and what is wrong."""
    found: list[Choice] = []
    for line in lines:
        if not line.strip():
            continue
        item = re.match(r"- \[([ x])\] (.+?)\s+\|\s+(.+)", line)
        if item:
            found.append(Choice(item[1] == "x", item[2], item[3].strip()))
        elif found and line.startswith("  "):
            last = found[-1]
            found[-1] = Choice(last.right, last.text, f"{last.why} {line.strip()}")
        else:
            raise ValueError(f"{where}: cannot read {line!r}; a choice is `- [x] answer | why`")
    if sum(choice.right for choice in found) != 1:
        raise ValueError(f"{where}: a prediction has exactly one right answer")
    return found


@dataclass(frozen=True)
class Way:
    """One way into the book: ``title`` in the reader's words, ``about`` what is there, ``page`` where it leads."""

    title: str
    about: str
    page: str


def ways(lines: list[str], where: str) -> list[Way]:
    """The ways of a ``ways`` block: ``- [what the reader says](page.md) what is there``. ValueError naming ``where``."""
    found: list[Way] = []
    for line in filter(str.strip, lines):
        item = re.match(r"- \[(.+?)\]\(([\w/-]+)\.md\) (.+)", line)
        if not item:
            raise ValueError(f"{where}: cannot read {line!r}; a way is `- [what the reader says](page.md) what is there`")
        found.append(Way(item[1], item[3].strip(), item[2]))
    return found
