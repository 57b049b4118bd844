"""The link graph in a browser: calls, undo, links, keyboard, and the same rules as Python's."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.files.links.model import CALLS, LONGEST, PATHS, TARGETS, run, shown, token
from syslab.chapters.files.links.widget import LinkGraph

STORIES = {"Two names": "create-a.link-a-b.symlink-a-c.rename-a-d", "A circle": "symlink-b-a.symlink-a-b.open-a"}
CELLS = "rows => rows.map(r => [...r.cells].map(c => c.textContent))"


def graph() -> LinkGraph:
    return LinkGraph("links", STORIES)


def table(page: Page) -> Any:
    return page.locator(".lg tbody tr").evaluate_all(CELLS)


def rows(calls: list[str]) -> list[list[str]]:
    """The table as Python's model has it."""
    state = run(calls)[1]
    found = []
    for path, number, kind, links, target, reads in state["names"]:
        what = f"{kind} {number}" + (f", holds “{target}”" if kind == "symlink" else "")
        found.append([path, what, "" if links is None else str(links), f"“{reads}”" if reads.startswith("text") else reads])
    return found + [[f"fd {fd}", f"file {number}", str(links), f"“{text}”"] for fd, number, links, text in state["files"]]


def at(page: Page, calls: str) -> None:
    expect(page).to_have_url(re.compile(f"#links={re.escape(calls)}$"))


def test_calls_by_hand(standalone: Callable[..., Page]) -> None:
    page = standalone(graph())
    assert "#" not in page.url
    assert table(page) == rows(STORIES["Two names"].split("."))
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_role("status")).to_have_text("The folder is empty.")
    page.get_by_role("button", name="open('a', 'x')").click()
    page.get_by_label("Call").select_option("link")
    page.get_by_label("New name").select_option("b")
    page.get_by_role("button", name="os.link('a', 'b')").click()
    at(page, "create-a.link-a-b")
    page.get_by_role("button", name="os.link('a', 'b')").click()
    expect(page.get_by_role("status")).to_have_text("os.link('a', 'b'): EEXIST. The new name is taken.")
    expect(page.get_by_role("status")).to_have_attribute("data-tone", "bad")
    expect(page.locator(".lg-log li").last).to_have_text("os.link('a', 'b') EEXIST")


def test_undo_and_redo_walk_through_a_story(standalone: Callable[..., Page]) -> None:
    page = standalone(graph())
    story = page.get_by_role("button", name="A circle")
    story.click()
    expect(story).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Undo").click()
    at(page, "symlink-b-a.symlink-a-b")
    expect(story).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Redo").click()
    at(page, STORIES["A circle"])
    expect(page.get_by_role("status")).to_contain_text("ELOOP. More than 40")
    expect(page.get_by_role("button", name="Redo")).to_have_attribute("aria-disabled", "true")


def test_descriptors_come_and_go(standalone: Callable[..., Page]) -> None:
    page = standalone(graph(), fragment="#links=create-a.open-a.open-a.close-3.unlink-a")
    assert table(page) == [["fd 4", "file 1", "0", "“text 1”"]]
    expect(page.locator(".lg-pic .lg-free")).to_have_count(1)
    page.get_by_label("Call").select_option("close")
    expect(page.get_by_label("Descriptor").locator("option")).to_have_text(["4"])
    page.get_by_role("button", name="os.close(4)").click()
    assert table(page) == []


def test_keyboard_alone(standalone: Callable[..., Page]) -> None:
    page = standalone(graph(), fragment="#links=")
    page.get_by_label("Call").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, "create-a")
    expect(page.get_by_role("button", name="open('a', 'x')")).to_be_focused()


@pytest.mark.parametrize(
    "bad",
    [
        "create",
        "chmod-a",
        "create-a-b",
        "create-e",
        "close-x",
        "open-__proto__",
        "%E0%A4%A",
        ".".join(["create-a"] * (LONGEST + 1)),
    ],
)
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(graph(), fragment=f"#links={bad}")
    expect(page.locator(".bf-note")).to_contain_text("is no sequence of calls; this is the default")
    assert table(page) == rows(STORIES["Two names"].split("."))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_no_more_calls_than_a_link_should_have(standalone: Callable[..., Page]) -> None:
    page = standalone(graph(), fragment="#links=" + ".".join(["create-a"] * LONGEST))
    go = page.get_by_role("button", name="open('a', 'x')")
    expect(go).to_have_attribute("aria-disabled", "true")
    go.click(force=True)
    expect(page.locator(".lg-log li")).to_have_count(LONGEST)


def sequence(choose: random.Random) -> list[str]:
    operands = {"p": [token(p) for p in PATHS], "t": [token(t) for t in TARGETS], "f": ["3", "4", "5"]}
    calls = [choose.choice(CALLS) for _ in range(choose.randint(1, LONGEST))]
    return ["-".join([call.key, *(choose.choice(operands[kind]) for kind in call.takes)]) for call in calls]


def test_the_same_rules_as_python(standalone: Callable[..., Page]) -> None:
    page, choose = standalone(graph()), random.Random(5)
    sequences = [["mkdir-d", "mkdir-a", "symlink-ua-da", "rename-da-a", "rename-a-da", "symlink-d-b", "rename-b-a", "rename-d-c"]]
    sequences += [sequence(choose) for _ in range(200)]
    look = f"async s => {{ location.hash = s; await new Promise(r => addEventListener('hashchange', () => setTimeout(r), {{ once: true }})); return [({CELLS})([...document.querySelectorAll('.lg tbody tr')]), [...document.querySelectorAll('.lg-log li')].map(e => e.textContent.trim())]; }}"
    for calls in sequences:
        cells, log = page.evaluate(look, f"#links={'.'.join(calls)}")
        assert cells == rows(calls), calls
        assert log == [f"{shown(step)} {errno}".strip() for step, errno in zip(calls, run(calls)[0], strict=True)]


def test_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(graph(), fragment="#links=mkdir-d.create-da.symlink-ua-db.create-a.open-db", width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
