"""The interleaving in a browser: choosing steps, undo and slider, runs, links, keyboard, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.kvm.vcpu_requests.show import interleaving

LOST = re.compile("^Lost")


def at(page: Page, fragment: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(fragment) + "$"))


def test_losing_a_request_by_hand(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving())
    assert "#" not in page.url
    for name in ("Requester: Next instruction", "Requester: Next instruction", "vCPU: Next instruction", "vCPU: Next instruction"):
        page.get_by_role("button", name=name).click()
    at(page, "#race=none.rrvv")
    expect(page.get_by_role("button", name="vCPU: Next instruction")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Requester: Store reaches memory").click()
    page.get_by_role("button", name="vCPU: Store reaches memory").click()
    at(page, "#race=none.rrvvRV")
    expect(page.get_by_role("status")).to_have_text(LOST)
    expect(page.get_by_role("status")).to_have_attribute("data-tone", "bad")
    expect(page.locator(".il-log li")).to_have_count(6)
    expect(page.locator(".il-log li").nth(4)).to_have_text("Requester: its store reaches memory (requests = 1)")


def test_a_step_that_cannot_be_does_nothing(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving(), fragment="#race=both.r")
    page.get_by_role("button", name="Requester: Next instruction").click(force=True)  # a barrier, and the buffer is full
    at(page, "#race=both.r")
    page.get_by_role("button", name="Requester: Store reaches memory").click()
    page.get_by_role("button", name="Requester: Next instruction").click()
    at(page, "#race=both.rRr")


def test_undo_slider_and_runs(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving())
    page.get_by_role("button", name="lost", exact=True).click()
    expect(page.get_by_role("status")).to_have_text(LOST)
    expect(page.get_by_role("button", name="lost", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="lost", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Undo").click()
    at(page, "#race=none.rrvvR")
    slider = page.get_by_label("Scrub")
    slider.focus()
    page.keyboard.press("Home")
    at(page, "#race=none.")
    page.keyboard.press("End")
    at(page, "#race=none.rrvvRV")
    page.keyboard.press("ArrowLeft")
    at(page, "#race=none.rrvvR")
    page.get_by_role("button", name="Start over").click()
    at(page, "#race=none.")
    expect(slider).to_be_disabled()


def test_menu_in_the_models_order_and_no_run_to_show(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving())
    menu = page.get_by_label("How it is written")
    assert [option.get_attribute("value") for option in menu.locator("option").all()][:4] == ["none", "requester", "vcpu", "both"]
    menu.select_option("both")
    at(page, "#race=both.")
    lost = page.get_by_role("button", name="lost", exact=True)
    expect(lost).to_have_attribute("aria-disabled", "true")
    lost.click(force=True)
    expect(page.locator(".bf-note")).to_contain_text("No run ends so: 31 states were searched")
    page.get_by_role("button", name="seen", exact=True).click()
    expect(page.locator(".bf-note")).to_be_empty()
    expect(page.get_by_role("status")).to_contain_text("Seen.")


def test_keyboard_alone(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving())
    page.keyboard.press("Tab")
    expect(page.get_by_label("How it is written")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    at(page, "#race=none.r")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    at(page, "#race=none.rR")


@pytest.mark.parametrize(
    "bad", ["", "none", "never.r", "none.V", "none.rrr", "constructor.", "none.__proto__", "%E0%A4%A", "none." + "r" * 500]
)
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(interleaving(), fragment=f"#race={bad}")
    expect(page.locator(".bf-note")).to_contain_text("is no run here; this is the default")
    expect(page.locator(".il-log li")).to_have_count(0)
    page.get_by_role("button", name="vCPU: Next instruction").click()
    expect(page.locator(".bf-note")).to_be_empty()
    at(page, "#race=none.v")


def test_a_link_opens_its_run_and_fits_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(interleaving(), fragment="#race=late.vrRrrvvV", width=360)
    expect(page.get_by_role("status")).to_have_text(LOST)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate("location.hash = '#race=x86.rv'")
    expect(page.locator(".il-log li")).to_have_count(2)
