"""The address map: regions, zoom, keys, links; and that it finds for every address the region that Python finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.chapters.memory import address_space
from syslab.chapters.memory.address_space import show as view
from syslab.chapters.memory.address_space.regions import FOUR_LEVELS
from syslab.chapters.memory.address_space.widget import AddressMap, Space
from syslab.evidence import recorded

from .conftest import Tabs

CHAPTER = "memory/address-space"
TOP = (1 << 64) - 1
SMALL = Space(
    "small",
    [(0, 0xFFF, "first", "user"), (0x1000, 0x1FFF, "second", "hole"), (TOP - 0xFFF, TOP, "last", "kernel")],
    {"All": (0, TOP)},
)


@pytest.fixture
def whole(standalone: Callable[..., Page]) -> Callable[..., Page]:
    """A page with the chapter's map alone."""

    def show(**options: object) -> Page:
        return standalone(view.address_map([recorded(address_space.mappings)]), **options)

    return show


def says(page: Page) -> Locator:
    return page.locator(".am-say")


def shown(page: Page) -> list[str]:
    return page.locator(".am tbody button").all_text_contents()


def test_every_region_is_found_at_both_ends(whole: Callable[..., Page]) -> None:
    page = whole()
    field = page.get_by_label("Address")
    for region in FOUR_LEVELS:
        for address in (region.start, region.end):
            field.fill(f"{address:#x}")
            field.press("Enter")
            expect(says(page)).to_contain_text(f"{address:#018x}: {region.name}, ")
    field.fill("0xffffffffff700000")
    field.press("Enter")
    expect(says(page)).to_contain_text("nothing is listed")


def test_keys_move_and_zoom(whole: Callable[..., Page]) -> None:
    page = whole()
    assert shown(page) == [r.name for r in FOUR_LEVELS]
    page.locator(".am tbody button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".am tbody button:focus")).to_have_text("not canonical, top bit 0")
    page.keyboard.press("+")
    assert shown(page) == ["not canonical, top bit 0"]
    expect(page.locator(".am-win")).to_contain_text("0x0000800000000000 to 0x7fffffffffffffff, ~8 EiB. 1 region.")
    for _ in range(3):
        page.keyboard.press("-")
    assert shown(page) == [r.name for r in FOUR_LEVELS]
    page.keyboard.press("End")
    assert page.locator(".am tbody tr").last.locator("[aria-current=true]").count() == 1


def test_a_view_and_the_two_scales(whole: Callable[..., Page]) -> None:
    page = whole()
    heights = "[...document.querySelectorAll('.am-r')].map(e => e.getBoundingClientRect().height)"
    page.get_by_role("button", name="Linear", exact=True).click()
    linear = page.evaluate(heights)
    assert linear[0] < 2 and linear[2] > 150 and abs(linear[2] - linear[3]) < 2, "two holes and nothing else"
    page.get_by_role("button", name="Log", exact=True).click()
    assert page.evaluate(heights)[0] > 100
    page.get_by_role("button", name="Kernel half", exact=True).click()
    assert shown(page) == [r.name for r in FOUR_LEVELS if r.start >= 0xFFFF_8000_0000_0000]


def test_the_other_maps(whole: Callable[..., Page]) -> None:
    page = whole()
    page.get_by_role("combobox", name="Map").select_option(label="A process")
    assert "stack" in shown(page)
    page.get_by_role("button", name="Its top", exact=True).click()
    assert "stack" in shown(page) and "program" not in shown(page)


def test_a_link_opens_an_address_and_the_address_bar_follows(whole: Callable[..., Page]) -> None:
    page = whole(fragment="#va=0xffff888000000000")
    expect(says(page)).to_contain_text("direct mapping")
    page.get_by_label("Address").fill("ffffffff80000000")
    page.get_by_label("Address").press("Enter")
    expect(says(page)).to_contain_text("kernel text")
    assert page.url.endswith("#va=0xffffffff80000000")


@pytest.mark.parametrize("bad", ["#va=hello", "#va=", "#va=0x1ffffffffffffffff", "#va=%E0%A4%A"])
def test_a_bad_link_is_named_and_the_default_shown(whole: Callable[..., Page], bad: str) -> None:
    page = whole(fragment=bad)
    expect(page.locator(".am .bf-note")).to_contain_text("could not be read")
    expect(says(page)).to_contain_text("0x00007f6d54137abc")


def test_what_cannot_be_read_stays_in_the_field(whole: Callable[..., Page]) -> None:
    page = whole()
    page.get_by_label("Address").fill("the moon")
    page.get_by_label("Address").press("Enter")
    expect(page.locator(".am [aria-invalid]")).to_have_value("the moon")
    expect(page.locator(".am .bf-note")).to_contain_text("cannot read")


def test_zoom_ends_at_both_ends(standalone: Callable[..., Page]) -> None:
    page = standalone(AddressMap({"small": SMALL}))
    zoom_in, zoom_out = (page.get_by_role("button", name=name) for name in ("Zoom in", "Zoom out"))
    expect(zoom_out).to_be_disabled()
    for _ in range(40):
        if zoom_in.is_disabled():
            break
        zoom_in.click()
    assert shown(page) == ["first"]
    for _ in range(40):
        if zoom_out.is_disabled():
            break
        zoom_out.click()
    assert shown(page) == ["first", "second", "last"]


def test_on_the_chapter_it_follows_the_bits(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    page.locator(".bf-bit[data-bit='63']").click()
    expect(says(page)).to_contain_text("not canonical, top bit 1")
    page.get_by_role("button", name="First of the kernel half").click()
    expect(says(page)).to_contain_text("guard hole")
    page.get_by_role("button", name="direct mapping of all physical memory").click()
    says(page).get_by_role("link").click()
    expect(page.locator(".bf-say")).to_contain_text("PML4 273")


def test_it_fits_a_phone(browse: Tabs) -> None:
    page = browse.open(CHAPTER, width=360)
    page.locator(".am").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".am-views button").evaluate_all("bs => bs.every(b => b.getBoundingClientRect().height >= 24)")
