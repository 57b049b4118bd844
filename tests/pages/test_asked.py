"""The fold with the code that asked: opened by keyboard, copied whole, not printed."""

from __future__ import annotations

from playwright.sync_api import expect

from syslab.chapters.kvm import halt
from syslab.show.asked import source

from .conftest import Tabs

PAGE = "kvm/halt"


def test_it_opens_by_keyboard_and_its_code_is_copied_whole(browse: Tabs) -> None:
    page = browse.open(PAGE, permissions=["clipboard-read", "clipboard-write"])
    fold = page.locator("details.asked").first
    pre = fold.locator("pre")
    expect(pre).to_be_hidden()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(pre).to_be_visible()
    page.keyboard.press("Tab")
    expect(pre).to_be_focused()
    page.keyboard.press("Tab")
    copy = fold.locator(".copybtn")
    expect(copy).to_be_focused()
    page.keyboard.press("Enter")
    expect(copy).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == source(halt.hlt)


def test_every_measured_table_of_the_page_has_one(browse: Tabs) -> None:
    page = browse.open(PAGE)
    tables = page.locator("figure.measured:has(.provenance)")
    assert tables.count() >= 9
    for i in range(tables.count()):
        expect(tables.nth(i).locator("details.asked")).to_have_count(1)
    assert page.locator(".asked .k").first.evaluate("e => getComputedStyle(e).color !== getComputedStyle(e.parentElement).color")


def test_it_is_not_printed(browse: Tabs) -> None:
    page = browse.open(PAGE)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for fold in page.locator("details.asked").all():
        expect(fold).to_be_hidden()
        assert not fold.evaluate("d => d.open")


def test_on_a_phone_the_code_scrolls_and_the_page_does_not(browse: Tabs) -> None:
    page = browse.open(PAGE, width=360)
    page.evaluate("for (const d of document.querySelectorAll('details.asked')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
