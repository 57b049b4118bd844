"""The choice table, on a page of its own and on every page that has one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.widgets.choice_table import ChoiceTable, Outcome
from tools.chapters import all_chapters

from .conftest import Site, Tabs


def table() -> ChoiceTable:
    """Four combinations, three of them with an outcome."""
    return ChoiceTable(
        "signals",
        {"Signal": {"INT": "SIGINT", "KILL": "SIGKILL"}, "Disposition": {"default": "default", "ignored": "ignored"}},
        {
            ("INT", "default"): Outcome("Ended by SIGINT.", [("status", "0x2"), ("more", "in the chapter", "#more")], "bad"),
            ("INT", "ignored"): Outcome("Runs on.", [("status", "none")], "good"),
            ("KILL", "default"): Outcome("Ended by SIGKILL."),
        },
        missing="SIGKILL cannot be ignored.",
    )


def radio(page: Page | Locator, name: str) -> Locator:
    """One choice."""
    return page.get_by_role("radio", name=name, exact=True)


def outcome(page: Page, title: str, lines: int, tone: str) -> None:
    """What is said below the choices."""
    expect(page.locator(".ct-head")).to_have_text(title)
    expect(page.locator(".ct-head")).to_have_attribute("data-tone", tone)
    expect(page.locator(".ct-body li")).to_have_count(lines)
    expect(page.get_by_role("status")).to_contain_text(title)


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(table())
    outcome(page, "Ended by SIGINT.", 2, "bad")
    expect(page.locator(".ct-body a")).to_have_attribute("href", "#more")
    expect(radio(page, "SIGINT")).to_be_checked()
    page.locator(".ct label", has_text="ignored").click()
    outcome(page, "Runs on.", 1, "good")
    assert page.url.endswith("#signals=INT.ignored")
    page.locator(".ct label", has_text="SIGKILL").click()
    outcome(page, "SIGKILL cannot be ignored.", 0, "none")
    assert page.url.endswith("#signals=KILL.ignored")
    # a choice that leads to no outcome is marked before it is taken
    page.locator(".ct label", has_text="default").click()
    outcome(page, "Ended by SIGKILL.", 0, "plain")
    assert [label.inner_text() for label in page.locator(".ct-void").all()] == ["ignored"]


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(table())
    page.keyboard.press("Tab")
    expect(radio(page, "SIGINT")).to_be_focused()
    page.keyboard.press("Tab")  # one stop for each input
    expect(radio(page, "default")).to_be_focused()
    page.keyboard.press("ArrowRight")
    outcome(page, "Runs on.", 1, "good")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    outcome(page, "SIGKILL cannot be ignored.", 0, "none")


def test_state_in_the_link(standalone: Callable[..., Page]) -> None:
    page = standalone(table(), fragment="#pfec=0x15&signals=INT.ignored")
    outcome(page, "Runs on.", 1, "good")
    expect(radio(page, "ignored")).to_be_checked()
    page.evaluate("location.hash = '#pfec=0x15&signals=KILL.default'")
    outcome(page, "Ended by SIGKILL.", 0, "plain")
    page.locator(".ct label", has_text="SIGINT").click()
    assert page.url.endswith("#pfec=0x15&signals=INT.default")


@pytest.mark.parametrize("bad", ["", "INT", "INT.default.more", "HUP.default", "%E0%A4%A", "ignored.INT"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(table(), fragment=f"#signals={bad}")
    note = page.locator(".bf-note")
    expect(note).to_contain_text("names no row here; this is the default. It takes signal.disposition.")
    outcome(page, "Ended by SIGINT.", 2, "bad")
    page.evaluate("location.hash = '#signals=INT.ignored'")
    expect(note).to_be_empty()
    page.evaluate("bad => { location.hash = '#signals=' + bad }", bad)
    outcome(page, "Ended by SIGINT.", 2, "bad")
    expect(note).to_contain_text("names no row here")
    page.locator(".ct label", has_text="ignored").click()
    expect(note).to_be_empty()


# what each choice table of the page says, link by link
SAID = """async fragments => {
  const said = [];
  for (const fragment of fragments) {
    const changed = new Promise(done => addEventListener("hashchange", done, { once: true }));
    location.hash = fragment;
    await changed;
    said.push([...document.querySelectorAll(".ct-head")].map(p => p.textContent));
  }
  return said;
}"""


def test_tables_of_the_book(browse: Tabs, site: Site) -> None:
    """Every combination of every choice table, by its link."""
    tables = [(chapter, state) for chapter in all_chapters() for state in site.widgets(chapter.name) if "dimensions" in state]
    if not tables:
        pytest.skip("no page has a choice table yet")
    for chapter, state in tables:
        links = [f"#{state['anchor']}={key.replace('|', '.')}" for key in state["outcomes"]]
        said = browse.open(chapter.name).evaluate(SAID, links)
        for link, outcome, heads in zip(links, state["outcomes"].values(), said, strict=True):
            assert outcome["title"] in heads, link
