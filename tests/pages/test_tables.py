"""Tables on the built pages: none wider than its page, rows to choose, the heat map by keyboard, print, forced colours."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import ElementHandle, Page, expect

from tests.exhaustive import EXHAUSTIVE

from .conftest import HTML, Tabs

PAGE = "memory/page-fault-error-code"
A4 = 657  # pixels between the margins of rsn.css
WIDTHS = (360, 700, 992, 1184, 1440) if EXHAUSTIVE else (360, 992, 1440)
PAGES = sorted(path.relative_to(HTML).with_suffix("").as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
WHOLE = """() => {
  dispatchEvent(new Event("beforeprint"));
  for (const all of document.querySelectorAll('.rows [value="all"]')) all.checked = true;
}"""
# tables that reach beyond the column of text, unless their box scrolls
BEYOND = """() => [...document.querySelectorAll("main table")].filter(table => table.checkVisibility()).filter(table => {
  let box = table.parentElement;
  while (getComputedStyle(box).overflowX === "visible" && box !== document.body) box = box.parentElement;
  const edge = box === document.body ? document.querySelector(".bd-article-container") : box.parentElement;
  return Math.min(table.getBoundingClientRect().right, box.getBoundingClientRect().right) > edge.getBoundingClientRect().right + 1;
}).map(table => table.innerText.slice(0, 60))"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ON = (
    "main :is([aria-pressed=true], [aria-checked=true], [aria-selected=true], [aria-current]:not([aria-current=false])),"
    " main label:has(input:checked)"
)
# of each kind of control on the page that is not among those known: one that is on, and a neighbour that is not
PAIRS = """([on, known]) => {
  const kinds = new Map();
  for (const here of document.querySelectorAll(on)) {
    const kind = here.tagName + (here.getAttribute("class") ?? here.parentElement.className);
    if (known.includes(kind)) continue;
    const off = [...here.parentElement.children].find(other => other.tagName === here.tagName && !other.matches(on) && other.checkVisibility());
    if (here.checkVisibility() && off && !kinds.has(kind)) kinds.set(kind, [here, off]);
  }
  return [[...kinds.keys()], ...kinds.values()].flat();
}"""


def test_no_table_is_wider_than_its_page(browse: Tabs) -> None:
    """On a phone, beside the sidebar, on a desktop, and on paper, whichever rows are chosen and whatever is unfolded."""
    page = browse()
    wrong: list[tuple[str, int | str, object]] = []
    seen = 0
    for name in PAGES:
        page.emulate_media(media="screen")
        page.goto(browse.site.url(name))
        page.evaluate(WHOLE)
        seen += page.locator("main table").count()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(SIDEWAYS) > 0 or page.evaluate(BEYOND):
                wrong.append((name, width, page.evaluate(BEYOND)))
        page.emulate_media(media="print")
        page.set_viewport_size({"width": A4, "height": 900})
        wide = page.evaluate(BEYOND)
        cut = page.locator("main table").evaluate_all(
            "all => all.filter(t => t.parentElement.scrollWidth > t.parentElement.clientWidth + 1).map(t => t.innerText.slice(0, 60))"
        )
        if wide or cut or page.evaluate(SIDEWAYS) > 0:
            wrong.append((name, "print", wide + cut))
    assert wrong == []
    assert seen > 150


def test_a_table_that_is_too_wide_is_found(browse: Tabs) -> None:
    page = browse.open(PAGE, width=1440)
    assert page.evaluate(BEYOND) == []
    page.evaluate("document.querySelector('.measured:not(details *) td').style.cssText = 'min-width: 90rem; display: inline-block'")
    assert page.evaluate(BEYOND) != []


def rows(page: Page) -> int:
    """Rows of the truth table that can be seen."""
    return page.locator(".heat tbody tr:visible").count()


def test_the_reader_chooses_the_rows(browse: Tabs) -> None:
    page = browse.open(PAGE, width=1440)
    heat = page.locator("figure.heat")
    assert rows(page) == 8
    heat.get_by_label("The 8 that tell").focus()
    page.keyboard.press("ArrowRight")
    expect(heat.get_by_label("Only where they differ")).to_be_checked()
    differing = rows(page)
    assert 0 < differing < 50
    assert heat.locator("tbody tr:visible:not(:has(td.odd))").count() == 0
    page.keyboard.press("ArrowRight")
    assert rows(page) == 50
    # under the page's own bar, while the table passes
    page.evaluate("document.querySelectorAll('.heat tbody tr')[30].scrollIntoView()")
    head = page.locator(".heat thead th").first
    bar = page.locator(".bd-header-article").bounding_box()
    box = head.bounding_box()
    assert bar and box and abs(box["y"] - bar["height"]) < 2

    # all of it is printed, whatever is chosen
    heat.get_by_label("The 8 that tell").check()
    page.emulate_media(media="print")
    assert rows(page) == 50
    expect(heat.locator(".rows")).to_be_hidden()


def test_what_is_searched_or_linked_is_shown(browse: Tabs) -> None:
    page = browse.open(PAGE)
    row = page.locator(".heat tbody tr", has_text="PML4E with bit 8")
    expect(row).to_be_hidden()
    # a link to something in it
    row.evaluate("row => (row.querySelector('th').id = 'somewhere')")
    page.evaluate("location.hash = 'somewhere'")
    expect(row).to_be_visible()
    assert rows(page) == 9
    page.evaluate("location.hash = ''")
    expect(row).to_be_hidden()
    # the browser's own search finds only what is shown
    page.keyboard.press("Control+f")
    expect(row).to_be_visible()
    assert rows(page) == 50
    # and a link with a text in it
    other = browse()
    other.goto(browse.site.url(PAGE, "#:~:text=PML4E%20with%20bit%208"))
    expect(other.locator(".heat tbody tr", has_text="PML4E with bit 8")).to_be_visible()


def test_without_javascript_the_choice_works(browse: Tabs) -> None:
    page = browse.open(PAGE, java_script_enabled=False)
    assert rows(page) == 8
    page.get_by_label("All 50").check()
    assert rows(page) == 50


def test_the_heat_map_is_one_tab_stop(browse: Tabs) -> None:
    page = browse.open(PAGE)
    focused = page.locator(":focus")
    page.locator("figure.heat .scroll").focus()
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("href", "#pfec=0x0")
    for key, code in (("ArrowRight", "0x2"), ("ArrowDown", "0x3"), ("End", ""), ("Home", "0x0")):
        page.keyboard.press(key)
        if code:
            expect(focused).to_have_attribute("href", f"#pfec={code}")
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.heat table')")
    page.keyboard.press("Shift+Tab")
    expect(focused).to_have_attribute("href", "#pfec=0x0")
    # other rows: the stop is among those that are shown
    page.get_by_label("Only where they differ").check()
    page.locator("figure.heat .scroll").focus()
    page.keyboard.press("Tab")
    expect(focused).to_be_visible()
    code = focused.get_attribute("href") or ""
    page.keyboard.press("Enter")
    expect(page.locator(".bf .bf-in")).to_have_value(f"0x{int(code.removeprefix('#pfec='), 16):08x}")


def roles(page: Page) -> dict[str, int]:
    """How often each role stands in the tree that a screen reader gets."""
    client = page.context.new_cdp_session(page)
    found: dict[str, int] = {}
    for node in client.send("Accessibility.getFullAXTree")["nodes"]:
        role = "" if node["ignored"] else node["role"]["value"]
        found[role] = found.get(role, 0) + 1
    return {role: found.get(role, 0) for role in ("table", "row", "rowheader", "columnheader", "cell")}


def test_on_a_phone_a_row_is_a_card_and_still_a_row(browse: Tabs) -> None:
    page = browse.open("kvm/single-step", width=1440)
    wide = roles(page)
    assert all(wide.values())
    page.set_viewport_size({"width": 360, "height": 800})
    assert roles(page) == wide
    row = page.locator(".cards tr.differs:visible").first
    name, verdict = row.locator("th").first.bounding_box(), row.locator(".v").bounding_box()
    value = row.locator("td:not(.v)").first
    assert name and verdict and abs(name["y"] - verdict["y"]) < 16, "the verdict beside the row's name"
    assert verdict["x"] + verdict["width"] <= 360
    assert value.evaluate("td => getComputedStyle(td, '::before').content") == f'"{value.get_attribute("data-h")}"'


def words(page: Page) -> Iterator[str]:
    """The text of each printed page."""
    if not shutil.which("pdftotext"):
        pytest.skip("no pdftotext in PATH")
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=page.pdf(format="A4"), capture_output=True, check=True)
    yield from text.stdout.decode().split("\f")[:-1]


@pytest.mark.parametrize("printed_page", [PAGE, "kvm/emulator"])
def test_printed_pages_are_whole(browse: Tabs, printed_page: str) -> None:
    printed = list(words(browse.open(printed_page)))
    lines = [sum(bool(line.strip()) for line in one.splitlines()) for one in printed]
    assert min(lines[:-1]) >= 12, "no near-empty page"
    assert "How it was asked" not in "".join(printed)
    if printed_page == PAGE:
        table = [one for one in printed if "PDE not present" in one or "LA57" in one or "user, SMEP" in one]
        assert len(table) > 1
        assert all("user fetch" in one for one in table), "the last column's head on each page"


def test_set_bits_are_printed(browse: Tabs) -> None:
    page = browse.open(PAGE, "#pfec=0x15")
    page.emulate_media(media="print")
    shown = page.locator(".bf-key").evaluate_all("all => all.map(key => getComputedStyle(key, '::before').content)")
    assert shown.count('"1"') == 3
    for part in (".bf-key", ".heat td > *", ".bf-bit"):
        assert page.locator(part).first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
    assert page.locator(".vb").first.evaluate("e => getComputedStyle(e, '::before').printColorAdjust") == "exact"


def ground(element: ElementHandle) -> object:
    """The colour that most of it has."""
    image = Image.open(io.BytesIO(element.screenshot(animations="disabled"))).convert("RGB")
    return max(image.getcolors(1 << 20) or [(0, None)])[1]


def test_forced_colours_show_what_is_chosen(browse: Tabs) -> None:
    """By pixels: computed styles are those that the author wished for."""
    page = browse(1100, 1400, forced_colors="active")
    same: list[tuple[str, str]] = []
    known: list[str] = []
    pairs = 0
    for name in PAGES:
        page.goto(browse.site.url(name))
        for first in page.locator("fieldset.predict").all():
            first.locator("input").first.check()
        found = page.evaluate_handle(PAIRS, [ON, [] if EXHAUSTIVE else known]).get_properties().values()
        elements = [one for one in (handle.as_element() for handle in found) if one]
        known += [str(handle.json_value()) for handle in found if not handle.as_element()]
        for on, off in zip(elements[::2], elements[1::2], strict=True):
            pairs += 1
            if ground(on) == ground(off):
                same.append((name, on.evaluate("e => e.outerHTML.slice(0, 90)")))
    assert same == []
    assert pairs > 15
