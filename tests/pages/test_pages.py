"""Every page: it is there, its widgets are drawn, it asks nothing of the network, its links lead somewhere."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tools.chapters import Chapter
from tools.environment import ROOT

from .conftest import HTML, Site, Tabs

VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]'
# what stands behind each view: "drawn", "needs kernel" or what is wrong with it
DRAWN = """views => views.map(view => {
  const box = view.nextElementSibling;
  if (box?.classList.contains("rsn-kernel")) return "needs kernel";
  const root = box?.querySelector(":scope > .rsn-w");
  return root && root.getBoundingClientRect().height > 40 && root.innerText.trim() ? "drawn" : box?.innerText || "nothing";
})"""


def test_opens_with_and_without_a_server(browse: Tabs, site: Site, name: str) -> None:
    """``browse`` sees to it that nothing fails and that nothing is asked of another host."""
    page = browse()
    for address in (site.local(name), site.url(name)):
        page.goto(address)
        page.evaluate("document.fonts.ready")
        expect(page.locator("h1:visible")).to_have_count(1)
        assert page.evaluate("document.fonts.check('16px \"Recursive RSN\"')")
    assert len(browse.requests) > 6
    if name != "search":
        has_title_and_widgets(page, site, Chapter(name))


def has_title_and_widgets(page: Page, site: Site, chapter: Chapter) -> None:
    """Its heading, every widget drawn, and what needs a kernel says so."""
    plain = re.sub(r"[`*]|\{\w+\}", "", chapter.title).replace("'", "’")
    expect(page.locator("article h1")).to_have_text(re.compile(re.escape(plain) + "#?$"))
    assert page.title().startswith(plain)
    drawn = page.locator(VIEW).evaluate_all(DRAWN)
    assert set(drawn) <= {"drawn", "needs kernel"}
    assert drawn.count("drawn") == len(site.widgets(chapter.name))
    # controls that need a kernel say so, and where to get one
    notebook = f"notebooks/{chapter.name}.ipynb"
    for box in page.locator(".rsn-kernel").all():
        expect(box).to_contain_text("need a kernel")
        links = [a.get_attribute("href") or "" for a in box.locator("a").all()]
        assert len(links) == 2
        assert re.fullmatch(rf"https://mybinder\.org/v2/gh/[^?]+/main\?urlpath=lab/tree/{re.escape(notebook)}", links[0])
        assert links[1] == f"http://localhost:8888/lab/tree/{chapter.name}.ipynb"
        assert (ROOT / notebook).is_file()


def test_readable_without_javascript(browse: Tabs, chapter: Chapter) -> None:
    page = browse.open(chapter.name, java_script_enabled=False)
    expect(page.locator("article h1")).to_be_visible()
    paragraphs = page.locator("article section > p, article .promise p")
    assert paragraphs.evaluate_all("all => all.filter(p => !p.checkVisibility({ visibilityProperty: true })).length") == 0
    assert paragraphs.count() > 0
    # buttons that would do nothing are not offered
    assert page.locator(".theme-switch-button:visible, .search-button:visible").count() == 0


class _Ids(HTMLParser):
    """Every id and anchor name of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note them."""
        self.found |= {value for key, value in attrs if value and (key == "id" or (tag == "a" and key == "name"))}


@cache
def ids(path: Path) -> set[str]:
    """The ids of a built page."""
    parser = _Ids()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found


# which of these fragments the page's widgets refuse, or do not know
REFUSED = """async fragments => {
  const refused = [];
  for (const fragment of fragments) {
    const changed = new Promise(done => addEventListener("hashchange", done, { once: true }));
    location.hash = fragment;
    await changed;
    if ([...document.querySelectorAll(".rsn-w")].some(w => w.textContent.includes("The link’s #"))) refused.push(fragment);
  }
  return refused;
}"""


def refused(browse: Tabs, page: str, fragments: set[str]) -> list[str]:
    """Those ``pfec=0x15`` that open no widget of that page."""
    states = browse.site.widgets(page)
    known = {layout["anchor"] for state in states for layout in state.get("layouts", [])} | {
        state.get("anchor") for state in states
    }
    unknown = sorted(f for f in fragments if f.partition("=")[0] not in known)
    return unknown + browse.open(page).evaluate(REFUSED, sorted(fragments - set(unknown)))


@pytest.mark.parametrize("path", sorted(p for p in HTML.rglob("*.html") if "_static" not in p.parts), ids=lambda p: p.stem)
def test_every_internal_link_resolves(browse: Tabs, site: Site, path: Path) -> None:
    name = path.relative_to(HTML).with_suffix("").as_posix()
    page = browse.open(name)
    links = page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(links) > 5
    broken: list[str] = []
    states: dict[str, set[str]] = {}
    for link in links:
        address, fragment = urldefrag(urljoin(site.url(name), link))
        if not address.startswith(site.root):
            continue
        target = HTML / unquote(urlsplit(address).path.lstrip("/") or "index.html")
        if not target.is_file():
            broken.append(link)
        elif fragment and unquote(fragment) not in ids(target):
            states.setdefault(target.relative_to(HTML).with_suffix("").as_posix(), set()).add(fragment)
    assert not broken
    assert [f"{there}#{fragment}" for there, fragments in states.items() for fragment in refused(browse, there, fragments)] == []
