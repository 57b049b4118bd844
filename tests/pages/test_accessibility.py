"""axe-core, sizes, layout shift, and that neither print nor a reader's own settings hide anything."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.exhaustive import EXHAUSTIVE
from tools.chapters import Chapter

from .conftest import Site, Tabs

ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}  # nothing else differs between light and dark
WIDTHS = (360, 1440)
BY_AXE = ("index", "memory/page-fault-error-code")
"""Pages whose colours axe judges too. It takes ten times as long as CONTRAST and cannot judge what lies on a gradient."""
# Everything folded opened, the menu closed, the first choice of each prediction taken.
UNFOLD = """() => {
  for (const d of document.querySelectorAll("main details:not(.rsn-menu)")) d.open = true;
  for (const p of document.querySelectorAll("fieldset.predict")) p.querySelector("input").click();
}"""
# Of coloured code, one piece in each colour stays: axe would measure each of thousands alike.
PLAIN = """() => {
  const seen = new Set();
  for (const span of document.querySelectorAll(".highlight pre span[class]")) {
    if (seen.has(span.className)) span.replaceWith(...span.childNodes); else seen.add(span.className);
  }
  document.querySelectorAll(".highlight pre").forEach(pre => pre.normalize());
  return seen.size;
}"""
AXE = """async ([only, without]) => (await axe.run({ runOnly: only,
    rules: Object.fromEntries(without.map(rule => [rule, { enabled: false }])), resultTypes: ["violations"], iframes: false })).violations
  .map(v => `${v.id} (${v.impact}): ${v.nodes.slice(0, 4).map(n => n.target).join(" ; ")}`)"""
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1)
    .map(e => e.tagName + "." + e.className).slice(0, 5);
}"""
# Links inside sentences are exempt; a radio button is as large as its label.
SMALL = """() => [...document.querySelectorAll(":is(main, header) :is(button, summary, input, select, a)")]
  .filter(e => e.checkVisibility({ visibilityProperty: true }) && !(e.matches("a") && getComputedStyle(e).display === "inline"))
  .map(e => [e, (e.matches("input") && e.closest("label") || e).getBoundingClientRect()])
  .filter(([, r]) => r.width && (r.width < 24 || r.height < 24)).map(([e, r]) => `${e.outerHTML.slice(0, 90)} ${r.width}x${r.height}`)"""
SHIFTS = """window.shifts = [];
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) shifts.push(e.value); })
  .observe({ type: "layout-shift", buffered: true });"""
# fonts in, and two frames drawn: the observer has been told of everything until then
SETTLED = """async () => {
  await document.fonts.ready;
  for (let still = 0, before = -1; still < 3; before = scrollY) { await new Promise(requestAnimationFrame); still = scrollY === before ? still + 1 : 0; }
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return shifts.reduce((a, b) => a + b, 0);
}"""
SEEN = """() => [...document.querySelectorAll("body *")].map((e, i) => [e, i])
  .filter(([e]) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getBoundingClientRect().width)
  .map(([e, i]) => `${i} ${e.tagName}.${e.className}`)"""

# Text that stands out less than WCAG 2.2 asks for (1.4.3): 4.5 to 1, or 3 to 1 where it is large. Any CSS colour is one pixel.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const pixel = (color) => {
    if (!known.has(color)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(color, [r, g, b, a / 255]);
    }
    return known.get(color);
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
  const grounds = new Map();
  const ground = (element) => {
    if (!element) return pixel("Canvas").slice(0, 3);
    if (!grounds.has(element)) grounds.set(element, over(pixel(getComputedStyle(element).backgroundColor), ground(element.parentElement)));
    return grounds.get(element);
  };
  const seen = new Map();
  const opacity = (element) => {
    if (!element) return 1;
    if (!seen.has(element)) seen.set(element, getComputedStyle(element).opacity * opacity(element.parentElement));
    return seen.get(element);
  };
  const light = (color) => color.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const found = new Set();
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg, script, style, noscript, :disabled, [aria-disabled=true]")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), below = ground(element);
    texts += 1;
    const [r, g, blue, alpha] = pixel(style.color);
    const [a, b] = [light(over([r, g, blue, alpha * opacity(element)], below)), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), enough = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < enough) found.add(`${ratio.toFixed(2)}: ${element.tagName}.${element.className} "${walker.currentNode.data.trim().slice(0, 30)}"`);
  }
  return texts > 8 ? [...found].slice(0, 9) : [`${texts} texts`];
}"""
# the colour each icon or badge draws its shape with
SHAPES = """all => all.map(e => getComputedStyle(e, e.matches(".vb") ? "::before" : null)).map(c =>
  c.borderTopWidth !== "0px" ? c.borderTopColor : /rgb\\([^)]*\\)/.exec(c.backgroundImage)?.[0] ?? c.backgroundColor)"""


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's text."""
    spec = find_spec("axe_playwright_python")
    assert spec and spec.origin
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_layout_and_axe(browse: Tabs, site: Site, name: str, width: int, axe: str) -> None:
    page = browse(width, color_scheme="light")
    page.add_init_script(SHIFTS)
    registers = site.registers(name)
    if registers and width == WIDTHS[0]:
        page.goto(site.url(name, f"?slow#{registers[0]['anchor']}=0x15"))
        assert page.evaluate(SETTLED) < 0.05
    page.goto("about:blank")
    page.goto(site.url(name, "?slow"))
    assert page.evaluate(SETTLED) < 0.05
    page.evaluate(UNFOLD)
    expect(page.locator("h1:visible")).to_have_count(1)
    assert page.evaluate(WIDER) == []
    assert page.evaluate(SMALL) == []
    # colours take axe four of five seconds and are the same in each width; sizes take half of the rest, and SMALL has them
    colors = EXHAUSTIVE or (width == WIDTHS[-1] and name in BY_AXE)
    if colors or width == WIDTHS[len(name) % 2]:  # a sample: half of the pages on a phone, half on a screen
        page.evaluate(PLAIN)
        page.evaluate(axe)
        assert page.evaluate(AXE, [ALL, [] if colors else [*COLORS["values"], "target-size"]]) == []
    assert page.evaluate(CONTRAST) == []
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(CONTRAST) == []
    if colors:
        assert page.evaluate(AXE, [COLORS, []]) == []


@pytest.mark.parametrize(
    ("style", "found"),
    [
        ("color: #888", 1),
        ("color: #666", 0),
        ("color: #888; font-size: 24px", 0),
        ("color: #000; opacity: 0.4", 1),
        ("opacity: 0", 0),
    ],
)
def test_contrast_is_measured(browse: Tabs, style: str, found: int) -> None:
    """The test above can fail. #888 on white is 3.5 to 1, #666 is 5.7 to 1."""
    page = browse.open("index", color_scheme="light")
    page.evaluate(
        "style => document.querySelector('article').insertAdjacentHTML('afterbegin', `<p style='background: #fff; ${style}'>grey</p>`)",
        style,
    )
    assert len(page.evaluate(CONTRAST)) == found


def test_layout_shift_is_measured(browse: Tabs, site: Site) -> None:
    """The test above can fail."""
    page = browse(360)
    page.add_init_script(SHIFTS)
    page.goto(site.url("index"))
    page.evaluate(SETTLED)
    page.evaluate(
        "document.querySelector('article').prepend(Object.assign(document.createElement('div'), {style: 'height: 300px'}))"
    )
    assert page.evaluate(SETTLED) > 0.05


def seen(page: Page) -> list[str]:
    """The elements that can be seen."""
    found: list[str] = page.evaluate(SEEN)
    assert len(found) > 50
    return found


def test_reader_settings_hide_nothing(browse: Tabs, name: str) -> None:
    page = browse.open(name, reduced_motion="no-preference")
    page.evaluate(UNFOLD)
    before = seen(page)
    page.emulate_media(reduced_motion="reduce")
    assert seen(page) == before
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(forced_colors="active")
    assert seen(page) == before
    # icons and badges' shapes are backgrounds, which forced colours would paint like the page
    shapes = page.locator("[class^=fa-]:visible, .vb:visible").evaluate_all(SHAPES)
    assert shapes and set(shapes) == {page.evaluate("getComputedStyle(document.body).color")}
    keys = page.locator(".bf-key").evaluate_all(
        "all => all.map(k => [k.parentElement.getAttribute('aria-pressed'), getComputedStyle(k).backgroundColor])"
    )
    on, off = ({color for pressed, color in keys if pressed == word} for word in ("true", "false"))
    assert not on & off


def test_a_real_print(browse: Tabs) -> None:
    """It fires the event that unfolds what is folded, once."""
    page = browse.open("memory/page-fault-error-code")
    page.evaluate("window.printed = 0, addEventListener('beforeprint', () => printed++)")
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("printed") == 1
    assert page.locator("main details:not(.rsn-menu, .asked)").evaluate_all("all => all.filter(d => !d.open).length") == 0


def test_print(browse: Tabs, site: Site, chapter: Chapter) -> None:
    registers = site.registers(chapter.name)
    page = browse.open(chapter.name, f"#{registers[0]['anchor']}=0x15" if registers else "")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # as Ctrl+P does; test_a_real_print says so
    page.emulate_media(media="print")
    for gone in (
        "nav",
        "dialog",
        ".bd-sidebar-primary",
        ".bd-header-article",
        ".copybtn",
        ".rsn-menu",
        ".asked",
        ".prev-next-footer",
    ):
        assert page.locator(gone).locator("visible=true").count() == 0, gone
    folded = page.locator("main details:not(.rsn-menu, .asked, .numbers, [hidden])")
    assert folded.evaluate_all("all => all.filter(d => !d.open).length") == 0
    assert folded.evaluate_all("all => all.filter(d => !d.querySelector(':scope > summary ~ *')?.checkVisibility()).length") == 0
    expect(page.locator("article h1")).to_be_visible()
    if registers:
        width = registers[0]["width"]
        widget = page.locator(".bf").first
        expect(widget.locator(".bf-in")).to_have_value(f"0x{0x15:0{width // 4}x}")
        expect(widget.locator(".bf-say")).to_be_visible()
        assert widget.locator(".bf-bit:visible").count() == width
        assert widget.locator(".bf-bit[aria-pressed=true]").count() == 3
