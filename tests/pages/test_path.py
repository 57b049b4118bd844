"""The front page, what stands after a chapter and beside its neighbours, and what a page tells those who link to it."""

from __future__ import annotations

import html
import re
import struct
import xml.etree.ElementTree as ET

from playwright.sync_api import expect

from tools.chapters import all_chapters, chapters_of, written_chapters
from tools.sphinx_ext.reading import minutes, told
from tools.sphinx_ext.sharing import CARD, CARD_SIZE

from .conftest import HOSTED, HTML, Site, Tabs

BASE = f"https://runnable-systems-notes.github.io{HOSTED}"
HIGH = 900  # px, the first screen


def page_text(name: str) -> str:
    return (HTML / f"{name}.html").read_text(encoding="utf-8")


def plain(markdown: str) -> str:
    return markdown.replace("`", "")


def test_the_first_screen(browse: Tabs) -> None:
    """Who it is for, three ways in, and something that works."""
    page = browse.open("index", width=1440)
    for shown in (".promise", ".ways", ".bf-bits"):
        box = page.locator(shown).bounding_box()
        assert box and box["y"] + box["height"] < HIGH, shown
    expect(page.locator(".promise")).to_contain_text("For engineers")
    ways = page.locator(".way")
    assert [ways.nth(i).locator("label, .whole").inner_text() for i in range(3)] == [
        "I have a crash log", "I write a hypervisor", "I want to understand",
    ]  # fmt: skip
    kvm = chapters_of("KVM from the inside")
    expect(ways.nth(1)).to_contain_text(f"{len(kvm)} chapters")
    ways.nth(1).click(position={"x": 20, "y": 100})  # the card, beside its words
    assert page.url.endswith(f"/{kvm[0].name}.html")


def test_a_crash_log_is_read(browse: Tabs) -> None:
    page = browse.open("index")
    field, said = page.get_by_label("I have a crash log"), page.locator("#paste [role=status]")
    field.fill("a.out[7]: segfault at 8 ip 0000000000401136 sp 00007ffd error 6 in a.out[401000+1000]")
    field.press("Enter")
    expect(said).to_contain_text("0x6, read as a segfault line")
    expect(said).to_contain_text("User-mode code tried to write to a page that is not present.")
    expect(page.locator(".bf-in")).to_have_value("0x00000006")
    assert page.url.endswith("#pfec=0x6")
    expect(field).to_be_in_viewport()
    field.fill("15")
    page.get_by_role("button", name="Read it").click()
    expect(said).to_contain_text("0x15, read as hex, as logs print it without 0x: ")
    said.get_by_role("link", name="0xf").click()
    expect(page.locator(".bf-in")).to_have_value("0x0000000f")
    for text, answer in (
        ("", "Paste something first."),
        ("traps: a.out[7] general protection fault ip:401136 sp:7ffd error:0", "another exception"),
        ("<b>hello</b>", "no page fault that the field knows"),
    ):
        field.fill(text)
        field.press("Enter")
        expect(said).to_contain_text(answer)
    assert page.locator(".bf-in").input_value() == "0x0000000f"
    search = said.get_by_role("link", name="look for it").get_attribute("href")
    assert search == "search.html?q=%3Cb%3Ehello%3C%2Fb%3E"


def test_every_chapter_is_on_the_front_page(browse: Tabs) -> None:
    page = browse.open("index", width=360)
    rows = page.locator(".map li")
    chapters = written_chapters()
    assert rows.count() == len(chapters)
    for row, chapter in zip(rows.all(), chapters, strict=True):
        expect(row.locator(".one")).to_have_text(plain(chapter.about["line"]))
        expect(row.locator("a")).to_have_attribute("href", f"{chapter.name}.html")
        assert row.locator("svg.art *").count() > 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator(".quiet")).to_contain_text("Planned: ")
    assert page.locator(".map").get_by_text("planned").count() == 0


def test_minutes_are_computed() -> None:
    """Each page says what its own article takes; the front page says the same, and their sum."""
    numbers = {}
    front = page_text("index")
    for chapter in written_chapters():
        article = page_text(chapter.name).split('<article class="bd-article">')[1].split("</article>")[0]
        numbers[chapter.name] = minutes(article)
        for text in (article, front):
            assert f'<span data-minutes="{chapter.name}">{told(numbers[chapter.name])}</span>' in text
    assert f'">{told(sum(numbers.values()))}</span> to read' in front
    assert len(set(numbers.values())) > 3


def test_after_a_chapter_and_beside_it(browse: Tabs, site: Site) -> None:
    names = [chapter.name for chapter in all_chapters()]
    for chapter in written_chapters():
        text = page_text(chapter.name)
        aside = text.split('<aside class="onward"')[1].split("</aside>")[0]
        assert plain(chapter.about["can"]) in re.sub(r"<[^>]+>", "", aside).replace("&quot;", '"')
        assert len(re.findall(r'<li><a href="[./\w-]+\.html">', aside)) == 2
    page = browse.open("kvm/halt")
    at = names.index("kvm/halt")
    for side, other in (("left-prev", all_chapters()[at - 1]), ("right-next", all_chapters()[at + 1])):
        expect(page.locator(f".{side} .prev-next-line")).to_have_text(plain(other.about["line"]))
    page.locator(".onward li a").first.click()
    assert page.url == site.url("kvm/vcpu-requests")


def test_what_a_link_shows_elsewhere() -> None:
    for chapter in all_chapters():
        head = page_text(chapter.name).split("</head>")[0]
        address = BASE if chapter.name == "index" else f"{BASE}{chapter.name}.html"
        assert re.findall(r'<link rel="canonical" href="([^"]+)"', head) == [address]
        assert f'<meta property="og:url" content="{address}">' in head
        assert f'<meta property="og:image" content="{BASE}{CARD}">' in head
        assert f'<meta property="og:description" content="{plain(chapter.about["line"])}"' in html.unescape(head)
        assert 'name="twitter:card" content="summary_large_image"' in head
        assert head.count('name="viewport"') == 1
    for name in ("search", "404"):
        head = page_text(name).split("</head>")[0]
        assert "noindex" in head and "canonical" not in head and head.count('name="viewport"') == 1
    data = (HTML / CARD).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == CARD_SIZE


def test_the_site_says_what_it_has() -> None:
    places = [
        element.text
        for element in ET.parse(HTML / "sitemap.xml").getroot().iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert places == [BASE if chapter.name == "index" else f"{BASE}{chapter.name}.html" for chapter in all_chapters()]
    feed = ET.parse(HTML / "feed.xml").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    assert feed.findtext(f"{atom}title") == "Runnable Systems Notes: changes"
    assert all(entry.findtext(f"{atom}content") for entry in feed.iter(f"{atom}entry"))
    assert f'href="{BASE}feed.xml"' in page_text("index").split("</head>")[0]


def test_no_page_at_this_address(browse: Tabs, site: Site) -> None:
    """As a host shows it: under an address that is deeper than the page itself."""
    page = browse()
    text = page_text("404")
    page.route("**/kvm/gone/away.html", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{site.root}{HOSTED}kvm/gone/away.html")
    expect(page.get_by_role("heading", level=1)).to_have_text("No page at this address")
    assert page.evaluate("document.fonts.check('16px \"Recursive RSN\"')")
    assert page.locator(".bd-links [data-chapter]").count() == len(written_chapters())
    page.get_by_role("link", name="0x4").click()
    expect(page.locator(".bf-in").first).to_have_value("0x00000004")


def test_a_shared_link_is_there_at_once(browse: Tabs) -> None:
    page = browse.open("memory/page-fault-error-code", "#sources", reduced_motion="no-preference")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    expect(page.locator("#sources h2")).to_be_in_viewport()
