"""The stepper, on a page of its own: mouse, keyboard, links, print, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.widgets import Step, Stepper


def story() -> Stepper:
    """Three steps in two lanes."""
    return Stepper(
        "story",
        ["Left", "Right"],
        [
            Step("First", {"Left": "starts `x`"}, "A note."),
            Step("Second", {"Left": "starts `x`", "Right": "answers"}),
            Step("Third", {"Right": "ends"}),
        ],
    )


def at(page: Page, number: int, title: str) -> None:
    """This step alone is shown."""
    expect(page.locator(".st-step:visible")).to_have_count(1)
    expect(page.locator(".st-now .st-title")).to_have_text(f"Step {number} of 3{title}")
    expect(page.locator(".st-dots [aria-current=step]")).to_have_text(str(number))


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(story())
    at(page, 1, "First")
    assert "#" not in page.url
    expect(page.get_by_role("status")).to_be_empty()
    page.get_by_role("button", name="Back").click(force=True)
    at(page, 1, "First")
    page.get_by_role("button", name="Next").click()
    at(page, 2, "Second")
    assert page.url.endswith("#story=2")
    expect(page.get_by_role("status")).to_have_text("Step 2 of 3: Second. Left: starts x Right: answers")
    # only what changed is marked; code is set as code
    expect(page.locator(".st-now .st-new dt")).to_have_text(["Right"])
    expect(page.locator(".st-now code")).to_have_text(["x"])
    page.get_by_role("button", name="Step 3: Third").click()
    at(page, 3, "Third")
    expect(page.get_by_role("button", name="Next")).to_have_attribute("aria-disabled", "true")


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(story())
    page.get_by_role("button", name="Step 1: First").focus()
    for key, number, title in (
        ("ArrowRight", 2, "Second"),
        ("End", 3, "Third"),
        ("ArrowRight", 3, "Third"),
        ("ArrowLeft", 2, "Second"),
        ("Home", 1, "First"),
    ):
        page.keyboard.press(key)
        at(page, number, title)
        expect(page.locator(":focus")).to_have_text(str(number))
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    at(page, 3, "Third")
    expect(page.locator(":focus")).to_have_text("Next")


@pytest.mark.parametrize("value", ["0", "4", "x", "", "1e0", "02", "%zz", "9" * 500])
def test_a_bad_link_is_said(standalone: Callable[..., Page], value: str) -> None:
    page = standalone(story(), fragment=f"#story={value}")
    at(page, 1, "First")
    expect(page.locator(".bf-note")).to_contain_text("names no step here; this is the first. It takes 1 to 3.")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_link_opens_its_step(standalone: Callable[..., Page]) -> None:
    page = standalone(story(), fragment="#story=3")
    at(page, 3, "Third")
    expect(page.locator(".bf-note")).to_be_empty()
    page.evaluate("location.hash = '#story=2'")
    at(page, 2, "Second")


def test_nothing_below_moves_and_print_shows_all(standalone: Callable[..., Page]) -> None:
    page = standalone(story(), width=360)
    height = page.locator(".st").bounding_box()
    page.get_by_role("button", name="Next").click()
    assert page.locator(".st").bounding_box() == height
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    expect(page.locator(".st-step:visible")).to_have_count(3)
    expect(page.locator(".st-bar")).to_be_hidden()
