"""What a widget shows is in its link and in the history: operate it, open the copied link, go back and forward."""

from __future__ import annotations

import random
import re
from functools import cache

import pytest
from playwright.sync_api import Locator, Page, expect

from tools.chapters import all_chapters

from .conftest import HTML, Site, Tabs

TRIALS, STEPS = 2, 5
FAULTS = "memory/page-fault-error-code"
MAP = "memory/address-space"
# what a reader can operate. Not "Undo": it leaves steps to take again, which a link does not say. A call is no state until it is made.
CONTROLS = (
    "button:not(.rsn-quiet,[disabled],[aria-disabled=true],:text-is('Undo')), input[type=radio], input[type=checkbox], .lu-field input, "
    "select:not(.lg select)"
)
SEEN = """root => {
  const clone = [...root.querySelectorAll("*")].filter(e => !e.closest(".rsn-link,.bf-note,.st-said,.it-heard,.fl-said,.lg-row:has(label)"));
  const own = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join("").trim();
  return clone.map(e => [e.tagName, own(e), e.className?.baseVal ?? e.className, e.value ?? "", e.checked ?? "", e.style.top, e.style.height,
    ...["pressed", "current", "disabled", "label"].map(name => (e.getAttribute("aria-" + name) ?? "").replace("false", ""))].join("|"));
}"""
COPIED = "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async text => { window.copied = text } } })"


@cache
def pages() -> dict[str, str]:
    """Module -> a page that has it in a link; the last of the book, as first ones are short."""
    found = {}
    site = Site("")
    for chapter in all_chapters():
        if (HTML / f"{chapter.name}.html").is_file():
            found |= {state["module"]: chapter.name for state in site.widgets(chapter.name) if state["module"] != "quiz"}
    return found


def modules() -> list[str]:
    return sorted(pages()) if (HTML / "index.html").is_file() else []


def widget(page: Page, anchor: str) -> Locator:
    return page.locator(f'.rsn-w[data-link~="{anchor}"]')


def copied(root: Locator) -> str:
    """The link that its button copies."""
    root.get_by_role("button", name="Copy link").click()
    expect(root.locator(".rsn-link [aria-live]")).to_have_text("Copied")
    return str(root.page.evaluate("copied"))


def operate(root: Locator, choose: random.Random) -> None:
    """One of its controls, by what a reader can do with it."""
    controls = root.locator(CONTROLS)
    visible = controls.evaluate_all(
        "all => all.flatMap((e, i) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length ? [i] : [])"
    )
    control = controls.nth(choose.choice(visible))
    if control.evaluate("e => e.tagName") == "SELECT":
        options = control.locator("option:not([disabled])")
        control.select_option(index=choose.randrange(options.count()))
    elif control.get_attribute("type") == "search":
        control.fill(choose.choice(root.locator("tbody th").all_text_contents()))
    else:
        control.evaluate("e => e.click()")


@pytest.mark.parametrize("module", modules())
def test_a_copied_link_opens_what_was_seen(browse: Tabs, module: str) -> None:
    name = pages()[module]
    choose = random.Random(module)
    page = browse(1000)
    page.add_init_script(COPIED)

    def opened(link: str) -> Locator:
        page.goto("about:blank")
        page.goto(link, wait_until="domcontentloaded")
        return widget(page, anchor).first if module == "bit_field" else widget(page, anchor).last

    anchors = [s.get("anchor") or s["layouts"][0]["anchor"] for s in browse.site.widgets(name) if s["module"] == module]
    moved = 0
    for _ in range(TRIALS):
        anchor = choose.choice(anchors)
        root = opened(browse.site.url(name))
        before = root.evaluate(SEEN)
        for _ in range(STEPS):
            operate(root, choose)
        link, seen = copied(root), root.evaluate(SEEN)
        moved += seen != before
        there = opened(link)
        assert there.evaluate(SEEN) == seen, link
        if module != "memory-address_space" or "va." in link:  # an address alone leads to the bits in front of the map
            expect(there).to_be_in_viewport()
    assert moved


def test_the_map_is_whole(browse: Tabs) -> None:
    page, other = browse.open(MAP), browse()
    page.get_by_role("combobox", name="Map").select_option(label="A process")
    page.get_by_role("button", name="Linear", exact=True).click()
    page.get_by_role("button", name="Its top", exact=True).click()
    page.locator(".am tbody button").nth(1).click()
    page.get_by_role("button", name="Zoom in").click()
    page.locator('.bf-bit[data-bit="0"]').click()  # the bits in front keep the map's part of the address
    seen = page.locator(".am").evaluate(SEEN)
    other.goto(page.url)
    assert other.locator(".am").evaluate(SEEN) == seen
    other.goto("about:blank")
    other.goto(browse.site.url(MAP, "#va=0x1000&va.map=nowhere&va.view=zz"))
    expect(other.locator(".am .bf-note")).to_contain_text("has no map “nowhere” here; there are levels-4, levels-5, process.")
    expect(other.locator(".am .bf-note")).to_contain_text("“zz” is no part of it")


def test_back_and_forward(browse: Tabs) -> None:
    page = browse.open(FAULTS)
    field = page.locator(".bf .bf-in")
    first = field.input_value()
    length = page.evaluate("history.length")
    codes = page.locator('.measured a[href="#pfec=0x4"]')
    codes.first.click()
    expect(field).to_have_value("0x00000004")
    page.locator('.bf-bit[data-bit="4"]').click()
    page.evaluate("location.hash = '#sources'")
    page.locator('.bf-bit[data-bit="5"]').click()
    assert page.evaluate("history.length") == length + 2, "what a reader changes makes no entry"
    for step, value in (("back", "0x00000014"), ("back", first), ("forward", "0x00000014"), ("forward", "0x00000034")):
        page.evaluate(f"history.{step}()")
        expect(field).to_have_value(value)
    page.evaluate("history.go(-2)")
    expect(field).to_have_value(first)
    codes.first.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    codes.first.click()
    expect(page.locator(".bf")).to_be_in_viewport()
    page.go_back()
    expect(field).to_have_value(first)
    page.wait_for_function("place => Math.abs(scrollY - place) < 50", arg=place)
    page.goto(browse.site.url("index"))
    page.go_back()
    expect(field).to_have_value(first)


def test_a_section_leaves_the_widget_alone(browse: Tabs) -> None:
    page = browse.open(FAULTS, "#pfec=0x15")
    page.evaluate("location.hash = '#sources'")
    expect(page.locator(".bf .bf-in")).to_have_value("0x00000015")
    page.reload()
    expect(page.locator(".bf .bf-in")).to_have_value("0x00000015")
    assert page.url.endswith("#sources")
    expect(page.locator(".rsn-astray")).to_have_count(0)


def test_a_name_in_capitals_is_the_same_name(browse: Tabs) -> None:
    page = browse.open(FAULTS, "#PFEC=0x15")
    expect(page.locator(".bf .bf-in")).to_have_value("0x00000015")
    expect(page.locator(".rsn-astray")).to_have_count(0)
    page.locator('.bf-bit[data-bit="0"]').click()
    assert page.url.endswith("#pfec=0x14")


def test_what_is_not_here_is_said(browse: Tabs) -> None:
    page = browse.open(FAULTS, "#nope=1&pfec=0x4")
    said = page.locator(".rsn-astray")
    expect(said).to_have_text("The link asks for “nope”, but this page has nothing of that name.")
    for fragment, words in (
        ("#sources", ""),
        ("#no-such-section", "The link leads to “no-such-section”, but this page has no section of that name."),
        ("#pfec=0x7", ""),
        ("#<b>=1", "The link asks for “%3Cb%3E”"),
        ("#%E0%A4%A", "The link leads to “%E0%A4%A”"),
        ("#", ""),
    ):
        page.evaluate("hash => { location.hash = hash }", fragment)
        if words:
            expect(said).to_contain_text(words)
        else:
            expect(said).to_have_count(0)
    page.evaluate("location.hash = '#pfec=zz'")
    expect(page.locator(".bf-how")).to_contain_text("The link’s #pfec=zz could not be read")


def test_where_the_clipboard_is_closed_the_link_can_be_taken_by_hand(browse: Tabs) -> None:
    page = browse()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(browse.site.url(FAULTS, "#pfec=0x15"))
    page.get_by_role("button", name="Copy link").first.click()
    field = page.get_by_label("Link to what is shown")
    expect(field).to_be_focused()
    expect(field).to_have_value(re.compile(r"#pfec=0x15$"))
    assert page.evaluate("getSelection().toString() || document.activeElement.selectionEnd") != 0


def test_without_javascript_each_place_says_what_is_seen_first(browse: Tabs) -> None:
    for name in (FAULTS, "cpu/cpuid"):
        page = browse.open(name, java_script_enabled=False)
        said = page.locator("noscript .rsn-kernel").all_inner_texts()
        shown = [state["module"] for state in browse.site.widgets(name)]
        assert len([text for text in said if text.startswith("With JavaScript this becomes ")]) == len(shown) >= 3
        assert all(page.locator("noscript .rsn-kernel").nth(n).is_visible() for n in range(len(said)))
        if name == FAULTS:
            assert any("0x00000006: User-mode code tried to write to a page that is not present." in text for text in said)
    with_it = browse.open(FAULTS)
    assert "With JavaScript" not in with_it.locator("main").inner_text()


IN_A_NOTEBOOK = """() => {
  const models = JSON.parse(document.querySelector("script[type$='widget-state+json']").textContent);
  const { state } = Object.values(models).find(one => one.module === "bit_field");
  const traits = { ...state, _page: "https://book.example/x.html" };
  const model = { get: name => traits[name], set: (name, value) => { traits[name] = value }, save_changes() {}, on() {}, off() {} };
  const el = document.body.appendChild(document.createElement("div"));
  el.id = "notebook";
  rsn.bit_field.render({ model, el });
}"""


def test_in_a_notebook_the_link_leads_to_the_hosted_page(browse: Tabs) -> None:
    page = browse()
    page.add_init_script(COPIED)
    page.goto(browse.site.url(FAULTS))
    page.evaluate(IN_A_NOTEBOOK)
    before = page.url
    page.locator('#notebook .bf-bit[data-bit="0"]').click()
    assert copied(page.locator("#notebook .rsn-w")) == "https://book.example/x.html#pfec=0x7"
    assert page.url == before, "the address bar is the application's"
