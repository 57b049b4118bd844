"""What surrounds the text: colour mode, search, navigation on a phone, the menu, the ledger's filter, the head."""

from __future__ import annotations

import html
import re

from playwright.sync_api import Page, expect

from tools.chapters import VERDICTS, Chapter, topics, written_chapters
from tools.environment import ROOT

from .conftest import HTML, Site, Tabs

CHAPTER = "memory/page-fault-error-code"
MODE = "() => [document.documentElement.dataset.mode, document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"


def test_color_mode_cycles_and_stays(browse: Tabs) -> None:
    page = browse.open("index", color_scheme="dark")
    button = page.get_by_role("button", name="Color mode")
    assert page.evaluate(MODE)[:2] == ["auto", "dark"]
    seen = {}
    for _ in range(3):
        button.focus()
        page.keyboard.press("Enter")
        mode, theme, color = page.evaluate(MODE)
        seen[mode] = (theme, color)
        expect(page.locator(f".theme-switch[data-mode={mode}]")).to_be_visible()
        assert page.locator(".theme-switch:visible").count() == 1
        page.reload()
        assert page.evaluate(MODE) == [mode, theme, color]
    assert {mode: theme for mode, (theme, _) in seen.items()} == {"light": "light", "dark": "dark", "auto": "dark"}
    assert seen["light"][1] != seen["dark"][1] == seen["auto"][1]


def test_no_flash_of_the_other_theme(browse: Tabs, site: Site) -> None:
    page = browse(color_scheme="dark")
    page.add_init_script("""new MutationObserver((_, me) => {
      if (document.body) { window.themeAtBody = document.documentElement.dataset.theme; me.disconnect(); }
    }).observe(document, { childList: true, subtree: true })""")
    page.goto(site.url("index"))
    assert page.evaluate("themeAtBody") == "dark"


def test_search(browse: Tabs) -> None:
    page = browse.open("index")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.get_by_role("button", name="Search").first.click()
    field.fill("fault")
    field.press("Enter")
    page.wait_for_url("**/search.html?q=fault*")
    result = page.locator("#search-results li", has_text="Page-fault error code").first
    # the excerpt is the article's, not the toolbar's
    expect(result.locator(".context")).to_contain_text(re.compile("fault", re.IGNORECASE))
    expect(result.locator(".context")).not_to_contain_text("Run or edit")
    result.locator("a").first.click()
    page.wait_for_url(f"**/{CHAPTER}.html*")
    expect(page.locator("article h1")).to_be_visible()


def test_navigation_on_a_phone(browse: Tabs) -> None:
    page = browse.open(CHAPTER, width=360)
    for button, inside in (("Site navigation", ".bd-docs-nav"), ("On this page", "#pst-page-toc-nav")):
        expect(page.locator(inside)).to_be_hidden()
        page.get_by_role("button", name=button).click()
        expect(page.locator("dialog[open]").locator(inside)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator(inside)).to_be_hidden()
    page.get_by_role("button", name="On this page").click()
    page.locator("dialog[open] a", has_text="Exercises").click()
    assert page.url.endswith("#exercises")
    expect(page.locator("#exercises > h2")).to_be_in_viewport()
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_navigation_on_a_desk(browse: Tabs) -> None:
    page = browse.open(CHAPTER, width=1440)
    nav, contents = page.locator(".bd-docs-nav"), page.locator("#pst-page-toc-nav")
    expect(nav.locator("a.current")).to_have_text("Page-fault error code")
    expect(nav).to_be_visible()
    # nothing to open: both are there already
    expect(page.locator(".sidebar-toggle:visible")).to_have_count(0)
    contents.locator("a", has_text="Exercises").click()
    expect(page.locator("#exercises > h2")).to_be_in_viewport()
    expect(contents.locator("a.active")).to_have_text("Exercises")


def test_head_and_menu(browse: Tabs, chapter: Chapter) -> None:
    page = browse.open(chapter.name)
    icon = page.locator("link[rel=icon]").evaluate("e => e.href")
    assert page.request.get(icon).headers["content-type"] == "image/svg+xml"
    assert page.evaluate("async src => { const i = new Image(); i.src = src; await i.decode(); return i.width > 0; }", icon)
    if "{promise}" in chapter.text:
        promise = " ".join(page.locator(".promise").inner_text().split())
        described = page.locator("meta[name=description]").get_attribute("content") or ""
        assert " ".join(described.split()) == promise
    menu, summary = page.locator(".rsn-menu"), page.locator(".rsn-menu > summary")
    links = menu.locator("a")
    expect(links.first).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(links.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    expect(links.first).to_be_visible()
    page.locator("article h1").click()
    expect(links.first).to_be_hidden()
    found = {a.text_content(): a.get_attribute("href") or "" for a in links.all()}
    assert found["Suggest edit"].endswith(f"/edit/main/book/{chapter.name}.md")
    assert ("Run on Binder" in found) == ("Open in JupyterLab (make lab)" in found) == chapter.runs
    if chapter.runs:
        notebook = f"notebooks/{chapter.name}.ipynb"
        assert found["Run on Binder"].endswith(f"/main?urlpath=lab/tree/{notebook}")
        assert found["Open in JupyterLab (make lab)"].endswith(f"/lab/tree/{chapter.name}.ipynb")
        assert (ROOT / notebook).is_file()


def visible_topics(page: Page) -> list[str]:
    """Ids of the ledger's rows that are shown."""
    found: list[str] = page.locator(".ledger tbody tr:visible").evaluate_all("rows => rows.map(r => r.id)")
    return [row.removeprefix("topic-") for row in found]


def test_ledger(browse: Tabs) -> None:
    page = browse.open("ledger")
    listed = topics()
    assert len(listed) == 57
    assert visible_topics(page) == [topic.id for topic in listed]
    for word in (*VERDICTS, "planned"):
        page.locator(".ledger-filter label", has_text=word).click()
        assert visible_topics(page) == [t.id for t in listed if (t.verdict if t.written else "planned") == word]
    page.keyboard.press("ArrowRight")  # the radio group goes round
    assert len(visible_topics(page)) == 57
    for topic in listed:
        row = page.locator(f"#topic-{topic.id}")
        expect(row.locator(".vb")).to_have_count(int(topic.written))
        if topic.written:
            expect(row.locator(".vb")).to_have_text(topic.verdict)
            assert (row.locator("a").get_attribute("href") or "").endswith(f"{topic.chapter}.html")


def test_the_front_page_lists_every_chapter_in_order() -> None:
    block = (HTML / "index.html").read_text(encoding="utf-8").split('<div class="map">', 1)[1].split("</article>", 1)[0]
    linked = re.findall(r'<a class="whole" data-chapter="[^"]+" href="([^"]+)\.html">', block)
    assert linked == [chapter.name for chapter in written_chapters()]


def test_description_is_escaped_once() -> None:
    text = (HTML / "index.html").read_text(encoding="utf-8")
    described = re.findall(r'<meta name="description" content="([^"]*)"', text)
    assert len(described) == 1
    assert "&amp;#" not in described[0] and html.unescape(described[0])
