"""The page walk in a browser: switches, keyboard, links, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.memory.page_table_entry import show


def at(page: Page, fragment: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(fragment) + "$"))


def cells(page: Page) -> list[str]:
    return [cell.inner_text().split("\n")[0] for cell in page.locator(".pw tbody td").all()]


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk())
    assert cells(page) == ["allowed", "allowed", "#PF 0x11", "allowed", "allowed", "#PF 0x15"]
    page.get_by_role("button", name="PDE R/W", exact=True).click()
    at(page, "#walk=7.7.5.f")
    assert cells(page) == ["allowed", "#PF 0x3", "#PF 0x11", "allowed", "#PF 0x7", "#PF 0x15"]
    expect(page.get_by_role("status")).to_contain_text("clear in PDE")
    page.get_by_role("button", name="PDPTE P", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The walk ends at the PDPTE")
    assert cells(page) == ["#PF 0x0", "#PF 0x2", "#PF 0x10", "#PF 0x4", "#PF 0x6", "#PF 0x14"]


def test_memory_type_size_and_controls(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk(), fragment="#walk=7.7.7.17")
    expect(page.get_by_role("status")).to_contain_text("WC, write combining (as Linux")
    page.get_by_label("Page").select_option("3")
    at(page, "#walk=7.7.17")
    expect(page.locator(".pw-row")).to_have_count(3)
    page.get_by_label("CPU").select_option("guards")
    at(page, "#walk=7.7.17.guards")
    assert cells(page)[:3] == ["#PF 0x1", "#PF 0x3", "#PF 0x11"]
    page.get_by_label("Page").select_option("4")
    at(page, "#walk=7.7.7.17.guards")


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk())
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="PML4E P", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    at(page, "#walk=7.5.7.f")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="PDPTE XD", exact=True)).to_be_focused()


@pytest.mark.parametrize("bad", ["", "7", "7.7.7.80", "7.7.1f.7", "7.7.7.7.7", "x.y", "%E0%A4%A"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(show.walk(), fragment=f"#walk={bad}")
    expect(page.locator(".bf-note")).to_contain_text("is not a walk; this is the default")
    assert cells(page)[0] == "allowed"
    page.get_by_role("button", name="PTE XD", exact=True).click()
    expect(page.locator(".bf-note")).to_be_empty()
    at(page, "#walk=7.7.7.7")
