"""Every chapter has the skeleton of the design, short cells, and words a reader can look up."""

from __future__ import annotations

import ast
import re

import pytest

from tools.chapters import BOOK, VERDICTS, Chapter, all_chapters, toc, topic_chapters, topics, written_chapters
from tools.environment import ROOT

SECTIONS = ["The note says", "Predict", "In short", "Try it", "What the evidence says", "Exercises", "Sources"]
CHAPTERS = written_chapters()
ids = [c.name for c in CHAPTERS]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_sections_in_order(chapter: Chapter) -> None:
    prose = re.sub(r"^(`{3,}|:{3,}).*?^\1\s*$", "", chapter.text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^## (.+)$", prose, re.MULTILINE) == SECTIONS


def section(chapter: Chapter, name: str) -> str:
    return chapter.text.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_each_section_has_what_it_is_for(chapter: Chapter) -> None:
    assert chapter.text.count(":::{promise}") == 1
    for verdict in re.findall(r"^:::\{claim\} (\w+)", section(chapter, "The note says"), re.MULTILINE):
        assert verdict in VERDICTS
    assert section(chapter, "Predict").count("{predict}") == 1
    assert re.search(r"\bask\(", section(chapter, "Try it"))
    assert "{code-cell}" in section(chapter, "In short"), "the widget or a picture stands right below the short answer"
    assert re.search(r"\{dropdown\} Solution", section(chapter, "Exercises"))
    assert not any(".check(" in cell for cell in chapter.cells), (
        "a stored failure would be its first sight: show the exercise, which has choices"
    )
    assert len(re.findall(r"^- ", section(chapter, "Sources"), re.MULTILINE)) >= 2


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_verdicts_of_the_ledger_are_those_of_the_chapter(chapter: Chapter) -> None:
    claimed = set(re.findall(r"^:::\{claim\} (\w+)", chapter.text, re.MULTILINE))
    assert claimed == {entry["verdict"] for entry in chapter.about.get("topics", {}).values()}
    assert chapter.about["needs"]


@pytest.mark.parametrize("chapter", [c for c in all_chapters() if c.runs], ids=lambda c: c.name)
def test_cells_are_short_and_follow_prose(chapter: Chapter) -> None:
    for cell in chapter.cells:
        lines = [line for line in cell.splitlines() if line.strip()]
        assert len(lines) <= 10, f"{len(lines)} lines:\n{cell}"
        ast.parse(cell)
    shown = re.sub(r"```\{code-cell\}[^\n]*\n:tags: \[remove-input\].*?^```$", "", chapter.text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^```\s*\n\s*```\{code-cell\}", shown, re.MULTILINE), "two cells with no prose between them"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_one_name_three_rooms(chapter: Chapter) -> None:
    here = f"chapters/{chapter.name.replace('-', '_')}"
    for path in (f"syslab/{here}/ask.py", f"syslab/{here}/show.py", f"syslab/{here}/exercises.py", f"tests/{here}/test_ask.py"):
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ids)
def test_chapters_do_not_skip_rooms(chapter: Chapter) -> None:
    for cell in chapter.cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith("tools")


def test_every_page_is_in_the_table_of_contents() -> None:
    pages = {p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.rglob("*.md")}
    assert pages == {c.name for c in all_chapters()}


def test_topics() -> None:
    listed = topics()
    assert len(listed) == len({t.id for t in listed}) == 57
    assert {t.chapter for t in listed if t.written} == {c.name for c in topic_chapters()}
    captions = [part["caption"] for part in toc()]
    order = list(dict.fromkeys(t.part for t in listed))
    assert [c for c in captions if c in order] == [p for p in order if p in captions], "parts in the book's order"


def test_terms_are_in_the_glossary() -> None:
    glossary = set(re.findall(r"^(\S.*)$", (BOOK / "glossary.md").read_text(), re.MULTILINE))
    for chapter in all_chapters():
        for term in re.findall(r"\{term\}`(?:[^`<]+? <([^>]+)>|([^`<]+))`", chapter.text):
            assert (term[0] or term[1]) in glossary, f"{chapter.name}: {term}"


@pytest.mark.parametrize("chapter", all_chapters(), ids=lambda c: c.name)
def test_prose_is_set_in_lines_that_stay_whole(chapter: Chapter) -> None:
    assert "\t" not in chapter.text
    assert not re.search(r"(?i)\bTODO\b|\bFIXME\b|lorem ipsum", chapter.text)
