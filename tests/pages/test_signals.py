"""The chapter on signals as it is read: its choice table, and its tables' links into the widgets."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import UNFOLD, Site, Tabs

CHAPTER = "processes/signals"


def choose(page: Page, label: str) -> None:
    """One choice, with the mouse."""
    page.locator(".ct").get_by_role("radio", name=label, exact=True).click()


def expect_outcome(page: Page, state: dict[str, str]) -> None:
    """What the widget says of one combination is what its model has."""
    expect(page.locator(".ct-head")).to_have_text(state["title"])
    expect(page.locator(".ct-body li")).to_have_count(len(state["lines"]))


@pytest.fixture
def outcomes(site: Site) -> dict[str, dict[str, str]]:
    """The choice table's outcomes, as the page carries them."""
    states = [state for state in site.widgets(CHAPTER) if state.get("anchor") == "signals"]
    assert len(states) == 1
    found: dict[str, dict[str, str]] = states[0]["outcomes"]
    assert len(found) == 196
    return found


def test_choosing_with_the_mouse(browse: Tabs, outcomes: dict[str, dict[str, str]]) -> None:
    page = browse.open(CHAPTER)
    expect_outcome(page, outcomes["TERM|default|interactive-bash"])
    choose(page, "SIGKILL")
    expect_outcome(page, outcomes["KILL|default|interactive-bash"])
    choose(page, "ignored")
    choose(page, "plain process")
    expect_outcome(page, outcomes["KILL|ignored|process"])
    expect(page.locator(".ct-body")).to_contain_text("EINVAL")
    assert page.url.endswith("#signals=KILL.ignored.process")


def test_choosing_with_the_keyboard(browse: Tabs, outcomes: dict[str, dict[str, str]]) -> None:
    page = browse.open(CHAPTER)
    page.locator(".ct").get_by_role("radio", name="SIGTERM", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    expect_outcome(page, outcomes["INT|default|interactive-bash"])
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="interactive bash", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect_outcome(page, outcomes["INT|default|background-job"])
    assert page.url.endswith("#signals=INT.default.background-job")


def test_a_link_is_a_choice(browse: Tabs, outcomes: dict[str, dict[str, str]]) -> None:
    page = browse.open(CHAPTER, "#signals=INT.default.script-waiting")
    expect_outcome(page, outcomes["INT|default|script-waiting"])
    expect(page.get_by_role("radio", name="script that waits for a command", exact=True)).to_be_checked()
    page = browse.open(CHAPTER, "#signals=BOO.default.process")
    expect(page.locator(".ct .bf-note")).to_contain_text("names no row here")


def test_a_cell_of_a_grid_opens_its_row(browse: Tabs, outcomes: dict[str, dict[str, str]]) -> None:
    page = browse.open(CHAPTER)
    page.evaluate(UNFOLD)
    cells = page.locator("figure.measured a[href^='#signals=']")
    assert cells.count() == 28 + 49
    for href in ("#signals=STOP.ignored.process", "#signals=TERM.default.script"):
        page.locator(f"figure.measured a[href='{href}']").first.click()
        expect_outcome(page, outcomes["|".join(href.removeprefix("#signals=").split("."))])
        expect(page.locator(".ct-head")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("href", "sentence"),
    [
        ("#wait=0x8f00", "Exited with code 143."),
        ("#shell-status=0x8f", "128 + 15: ended by SIGTERM (15), or the program itself returned 143."),
    ],
)
def test_a_number_of_a_table_opens_its_decoder(browse: Tabs, href: str, sentence: str) -> None:
    page = browse.open(CHAPTER)
    page.locator(f"figure.measured a[href='{href}']").first.click()
    expect(page.get_by_text(sentence, exact=True)).to_be_in_viewport()


def test_a_mask_of_an_outcome_opens_the_mask(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#signals=TERM.blocked.process")
    link = page.locator(".ct-body a[href='#sigmask=0x4000']")
    link.click()
    expect(page.get_by_label("Word", exact=True).locator("option:checked")).to_have_text("signal mask")
    expect(page.get_by_text("Set: SIGTERM.", exact=True)).to_be_in_viewport()


def test_the_live_controls_say_what_they_need(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    expect(page.locator(".rsn-kernel")).to_have_count(1)


@pytest.mark.parametrize(
    ("fragment", "sentence"),
    [
        ("#wait=0x83", "Ended by SIGQUIT (3), core dumped."),
        ("#shell-status=0x7f", "127: the shell did not find the command, or the program itself returned 127."),
        ("#sigmask=0x6", "Set: SIGINT, SIGQUIT."),
    ],
)
def test_the_desk_has_the_three_words(browse: Tabs, fragment: str, sentence: str) -> None:
    page = browse.open("desk", fragment)
    expect(page.get_by_text(sentence, exact=True)).to_be_in_viewport()
