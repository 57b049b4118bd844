"""The page walk in a browser: it walks, step by step and by keyboard; switches, links, sizes, and where it stops."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.memory.page_table_entry import show

HERE = "aria-current"


def at(page: Page, fragment: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(fragment) + "$"))


def cells(page: Page) -> list[str]:
    return [cell.inner_text().split("\n")[0] for cell in page.locator(".pw tbody td").all()]


def drawn(page: Page) -> list[str]:
    """The parts of the drawing that the walk has reached."""
    return page.locator(".pw-wide .pw-read text").all_text_contents()


def test_it_walks_by_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk())
    said = page.get_by_role("status")
    expect(said).to_contain_text("The user write is made")
    assert drawn(page) == ["CR3", "PML4E 254", "PDPTE 437", "PDE 160", "PTE 311", "byte 0xabc"]
    page.get_by_role("button", name="page", exact=True).focus()
    page.keyboard.press("Home")
    expect(said).to_contain_text("CR3 has the physical address of the PML4")
    assert drawn(page) == ["CR3"]
    at(page, "#walk=7.7.7.f.s0")
    for entry in ("PML4E 254, picked by bits 47:39, stands 0x7f0 bytes", "PDPTE 437, picked by bits 38:30, stands 0xda8 bytes"):
        page.keyboard.press("ArrowRight")
        expect(said).to_contain_text(entry)
    assert drawn(page) == ["CR3", "PML4E 254", "PDPTE 437"]
    expect(page.get_by_role("button", name="PDPT", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="PDPT", exact=True)).to_have_attribute(HERE, "step")
    page.keyboard.press("End")
    at(page, "#walk=7.7.7.f")
    page.get_by_role("button", name="From CR3").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Back").click()
    at(page, "#walk=7.7.7.f.s0")


def test_it_stops_where_a_bit_is_missing_and_says_why(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk())
    said, verdict = page.get_by_role("status"), page.locator(".pw-wide .pw-verdict")
    assert cells(page) == ["allowed", "allowed", "#PF 0x11", "allowed", "allowed", "#PF 0x15"]
    page.get_by_role("button", name="PDE R/W", exact=True).click()
    at(page, "#walk=7.7.5.f")
    expect(said).to_contain_text("the user write is refused with #PF 0x7 (P|W/R|U/S): R/W is clear in PDE.")
    assert page.locator(".pw-wide .pw-guilty text").all_text_contents() == ["PDE 160"]
    expect(verdict).to_have_text("#PF 0x7")
    assert cells(page) == ["allowed", "#PF 0x3", "#PF 0x11", "allowed", "#PF 0x7", "#PF 0x15"]
    page.get_by_role("button", name="PDPTE P", exact=True).click()
    expect(said).to_contain_text("PDPTE 437, picked by bits 38:30")
    expect(said).to_contain_text("P is clear, and the walk ends here with #PF 0x6")
    assert drawn(page) == ["CR3", "PML4E 254", "PDPTE 437"]
    expect(page.get_by_role("button", name="PD", exact=True)).to_be_disabled()
    assert cells(page) == ["#PF 0x0", "#PF 0x2", "#PF 0x10", "#PF 0x4", "#PF 0x6", "#PF 0x14"]
    page.get_by_label("Address").fill("0x800000000000")
    page.get_by_label("Address").press("Enter")
    expect(said).to_contain_text("bits 63:48 do not repeat bit 47. The CPU raises #GP")
    assert set(cells(page)) == {"#GP"} and drawn(page) == ["CR3"]
    page.get_by_label("Address").fill("the moon")
    page.get_by_label("Address").press("Enter")
    expect(page.locator(".bf-note")).to_contain_text("This is not an address")


def test_memory_type_size_and_controls(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk(), fragment="#walk=7.7.7.17")
    expect(page.locator(".pw-list")).to_contain_text("WC, write combining (as Linux")
    page.get_by_label("Page").select_option("3")
    at(page, "#walk=7.7.17")
    expect(page.locator(".pw-row")).to_have_count(3)
    assert "byte 0x137abc" in drawn(page)
    page.get_by_label("CPU").select_option("guards")
    page.get_by_label("Access", exact=True).select_option("kernel read")
    at(page, "#walk=7.7.17.guards.kernel-read")
    expect(page.get_by_role("status")).to_contain_text("U/S is set in every entry, and the CPU has SMEP and SMAP too")
    assert cells(page)[:3] == ["#PF 0x1", "#PF 0x3", "#PF 0x11"]
    page.get_by_label("Page").select_option("4")
    at(page, "#walk=7.7.7.17.guards.kernel-read")


def test_a_link_has_all_that_is_seen(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk(), fragment="#walk=7.5.7.f.guards.user-fetch.0xffff888000000010.s2", width=360)
    expect(page.get_by_role("status")).to_contain_text("PDPTE 0")
    expect(page.get_by_role("status")).to_contain_text("R/W = 0, read-only: that is judged when all entries are known")
    expect(page.get_by_label("Address")).to_have_value("0xffff888000000010")
    expect(page.get_by_label("Access", exact=True)).to_have_value("user fetch")
    expect(page.get_by_label("CPU")).to_have_value("guards")
    assert page.locator(".pw-pic:visible").count() == 1, "one of the two layouts"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(show.walk())
    page.get_by_role("button", name="PML4E P", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    at(page, "#walk=7.5.7.f")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="PDPTE XD", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    "bad", ["", "7", "7.7.7.80", "7.7.1f.7", "7.7.7.7.7", "x.y", "%E0%A4%A", "7.7.7.f.s9x", "7.7.7.f.user-flight"]
)
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(show.walk(), fragment=f"#walk={bad}")
    expect(page.locator(".bf-note")).to_contain_text("is not a walk; this is the default")
    assert cells(page)[0] == "allowed"
    page.get_by_role("button", name="PTE XD", exact=True).click()
    expect(page.locator(".bf-note")).to_be_empty()
    at(page, "#walk=7.7.7.7")
