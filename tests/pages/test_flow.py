"""The flow, on a page of its own: mouse, keyboard, links, what is marked, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.kvm.halt.widget import Decision, End, Flow, Step


def door() -> Flow:
    """Two inputs, a decision that skips one, two ends."""
    return Flow(
        "door",
        {"key": ("Key", {"no": "none", "yes": "a key"}), "door": ("Door", {"wood": "wood", "steel": "steel"})},
        (
            Step("Walk to the `door`"),
            Decision("A key?", ("key",), {("no",): "no", ("yes",): "yes"}, skips={"yes": 1}),
            Decision(
                "Kick it?", ("door",), {("wood",): "breaks", ("steel",): "holds"}, ends={"holds": End("Outside", "Cold.", "bad")}
            ),
            Decision("In?", (), {(): "so"}, ends={"so": End("Inside", tone="good")}),
        ),
        measured={("no", "steel"): "a sore foot"},
    )


def at(page: Page, nodes: list[str], end: str) -> None:
    """These nodes and this end are marked, and no others."""
    expect(page.locator(".fl-node.fl-on .fl-title")).to_have_text(nodes)
    expect(page.locator(".fl-exit.fl-on b")).to_have_text([end])


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(door())
    at(page, ["Walk to the door", "A key?", "Kick it?", "In?"], "Inside")
    assert "#" not in page.url
    expect(page.get_by_role("status")).to_be_empty()
    page.get_by_role("radio", name="steel").click()
    at(page, ["Walk to the door", "A key?", "Kick it?"], "Outside")
    assert page.url.endswith("#door=no.steel")
    expect(page.get_by_role("status")).to_have_text("Outside. Cold. Measured: a sore foot")
    page.get_by_role("radio", name="a key").click()
    at(page, ["Walk to the door", "A key?", "In?"], "Inside")
    expect(page.locator(".fl-by .fl-title")).to_have_text("Kick it?")
    expect(page.locator(".fl-idle legend")).to_have_text("Door")
    expect(page.locator(".fl-found")).to_have_text("These inputs together were not tried.")
    # what is off the path says so in words, not in colour alone
    expect(page.get_by_role("listitem").filter(has_text="Kick it?")).to_contain_text("Skipped:")


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(door())
    page.get_by_role("radio", name="none").focus()
    page.keyboard.press("ArrowRight")
    at(page, ["Walk to the door", "A key?", "In?"], "Inside")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("value", "wood")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("#door=yes.steel")


@pytest.mark.parametrize("value", ["no", "no.glass", "no.wood.x", "", "%zz", "toString.wood", "9" * 500])
def test_a_bad_link_is_said(standalone: Callable[..., Page], value: str) -> None:
    page = standalone(door(), fragment=f"#door={value}")
    at(page, ["Walk to the door", "A key?", "Kick it?", "In?"], "Inside")
    expect(page.locator(".bf-note")).to_contain_text("names no path here; this is the default. It takes no|yes.wood|steel")
    page.get_by_role("radio", name="steel").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_link_opens_its_path(standalone: Callable[..., Page]) -> None:
    page = standalone(door(), fragment="#door=no.steel")
    at(page, ["Walk to the door", "A key?", "Kick it?"], "Outside")
    page.evaluate("location.hash = '#door=yes.wood'")
    at(page, ["Walk to the door", "A key?", "In?"], "Inside")


def test_narrow(standalone: Callable[..., Page]) -> None:
    page = standalone(door(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    below, above = page.locator(".fl-exit").first.bounding_box(), page.locator(".fl-ask .fl-box").nth(1).bounding_box()
    assert below and above
    assert below["y"] >= above["y"] + above["height"]
