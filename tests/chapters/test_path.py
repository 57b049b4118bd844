"""Every chapter says where a reader goes from it, and has a line and a drawing for the places that name it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tools.chapters import Chapter, all_chapters, written_chapters
from tools.sphinx_ext.front import ROOT_TAG, drawing

CHAPTERS = written_chapters()
ids = [chapter.name for chapter in CHAPTERS]
SVG = "{http://www.w3.org/2000/svg}"
LONGEST = 70  # characters of a line


@pytest.mark.parametrize("chapter", all_chapters(), ids=lambda chapter: chapter.name)
def test_a_page_has_a_line(chapter: Chapter) -> None:
    line = chapter.about["line"]
    assert 20 <= len(line) <= LONGEST
    assert re.search(r"[.?]$", line)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_a_chapter_leads_on_in_two_ways(chapter: Chapter) -> None:
    ways = chapter.about["next"]
    assert len(ways) == 2 and set(ways) <= set(ids) - {chapter.name}
    for reason in [*ways.values(), chapter.about["can"]]:
        assert re.search(r"\w.*\.$", reason)
    assert len(set(ways.values())) == 2
    assert 1 <= len(re.findall(r"[.?](?: |$)", chapter.about["can"])) <= 2, "one or two sentences"


def test_lines_are_the_chapters_own() -> None:
    lines = [chapter.about["line"] for chapter in all_chapters()]
    assert len(set(lines)) == len(lines)


def test_every_chapter_can_be_reached_by_reasons_alone() -> None:
    """From the first chapter, by "two ways on", so that nobody is sent in a circle."""
    reached, todo = {ids[0]}, [ids[0]]
    while todo:
        new = set(Chapter(todo.pop()).about["next"]) - reached
        reached |= new
        todo += new
    assert reached == set(ids)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_a_chapter_has_a_drawing_of_the_one_hand(chapter: Chapter) -> None:
    text = chapter.drawing.read_text(encoding="utf-8")
    assert text.startswith(ROOT_TAG) and "TODO" not in text
    parts = list(ET.fromstring(text))
    assert {part.tag for part in parts} <= {f"{SVG}{name}" for name in ("path", "circle")}
    assert {part.get("class") for part in parts} <= {None, "a", "b", "s"}
    assert {"a", "b"} & {part.get("class") for part in parts}, "one thing in the accent"
    for number in re.findall(r"(?:cx|cy)=\"([\d.]+)\"|M([\d.]+) ([\d.]+)", text):
        assert all(2 <= float(one) <= 46 for one in number if one), "inside its 48 units"
    on_page = drawing(chapter)
    assert len(on_page) < 600 and not re.search(r'[" ](?:fill|stroke)="', on_page), "its colours are the page's"
