"""The search: forty things that engineers type, what answers them at once, and the page that comes first; where links lead."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from syslab.bits import get
from tools.search import answers
from tools.search.words import tokens

from .conftest import HTML, Site, Tabs
from .test_accessibility import ALL, AXE, axe
from .test_weight import BUDGET, weight

__all__ = ["axe"]

PFEC, SIGNALS, CRON, CPUID, KVM = "memory/page-fault-error-code", "processes/signals", "processes/cron", "cpu/cpuid", "kvm/first-vm"
FETCH = "User-mode code tried to fetch an instruction from a present page that does not allow it."
# query, the page that comes first, the answer that stands above all pages: its link and what it says; "" for none
QUERIES = [
    ("pfec", PFEC, "desk.html#pfec=0x6", "Decoder for a page-fault error code"),
    ("page fault", PFEC, "", ""),
    ("137", SIGNALS, "desk.html#shell-status=0x89", "128 + 9: ended by SIGKILL (9)"),
    ("exit code 137", SIGNALS, "desk.html#shell-status=0x89", "ended by SIGKILL (9)"),
    ("hlt", "kvm/halt", "", ""),
    ("SIGXFSZ", SIGNALS, "desk.html#shell-status=0x99", "File size limit exceeded"),
    ("daylight saving", CRON, "", ""),
    ("DST", CRON, "", ""),
    ("kernel panic", PFEC, "", ""),
    ("#PF", PFEC, "", ""),
    ("cpuid leaf 7", CPUID, "cpu/cpuid.html#cpuid=7.0", "CPUID leaf 0x7"),
    ("constructor", "", "", ""),
    ("0x15", "", "desk.html#pfec=0x15", FETCH),
    ("error_code(0x0002)", PFEC, "desk.html#pfec=0x2", "Supervisor-mode code tried to write to a page that is not present."),
    ("SIGKILL", SIGNALS, "desk.html#shell-status=0x89", "SIGKILL, signal 9"),
    ("cron 2:30", CRON, "", ""),
    ("NX bit", "memory/page-table-entry", "desk.html#pte=0x8000000000000000", "PTE.XD, bit 63"),
    ("EFER", "memory/page-table-entry", "desk.html#efer=0xd01", "Decoder for EFER"),
    ("vmexit cpuid", "kvm/vm-exits", "kvm/vm-exits.html#exit=CPUID", "VM exit CPUID: VMX 10, SVM 0x72"),
    ("halt polling", "kvm/halt", "", ""),
    ("hard link directory", "files/links", "", ""),
    ("junction", "files/ntfs-links", "", ""),
    ("reparse point", "files/ntfs-links", "", ""),
    ("struct padding", "files/bool-size", "", ""),
    ("sizeof bool", "files/bool-size", "", ""),
    ("KVM_RUN", KVM, "files/ioctl.html#ioc=0xae80", "Run the guest until it needs us."),
    ("KVM_GET_MP_STATE", "kvm/mp-state", "files/ioctl.html#ioc=0x8004ae98", "KVM_GET_MP_STATE, 0x8004ae98"),
    ("INIT SIPI", "kvm/mp-state", "", ""),
    ("IPI", "kvm/vcpu-requests", "", ""),
    ("single step", "kvm/single-step", "", ""),
    ("MTF", "kvm/single-step", "", ""),
    ("smap stac", "memory/smep-smap", "", ""),
    ("text_poke", "memory/text-poking", "", ""),
    ("five-level paging", "memory/address-space", "", ""),
    ("canonical address", "memory/address-space", "", ""),
    ("reset vector", "cpu/instruction-fetch", "", ""),
    ("x86 emulator", "kvm/emulator", "", ""),
    ("_IOWR", "files/ioctl", "", ""),
    ("ctrl-c", SIGNALS, "", ""),
    ("core dumped", SIGNALS, "", ""),
    # and some that have an answer of another kind
    ("segfault error 15", PFEC, "desk.html#pfec=0x15", FETCH),
    ("CR4: 3406f0", "memory/smep-smap", "desk.html#cr4=0x3406f0", "SMEP, SMAP"),
    ("SigBlk: 0000000000004000", SIGNALS, "desk.html#sigmask=0x4000", "Set: SIGTERM."),
    ("0x5413", "", "desk.html#ioc=0x5413", "TIOCGWINSZ"),
    ("0xffff888000000000", "", "desk.html#va=0xffff888000000000", "in the upper half"),
    ("kill -9", SIGNALS, "desk.html#shell-status=0x89", "SIGKILL, signal 9"),
    ("avx512f", CPUID, "cpu/cpuid.html#cpuid=7.0", "512-bit vectors"),
    ("exit reason 48", "", "kvm/vm-exits.html#exit=EPT_VIOLATION", "EPT_VIOLATION"),
    ("30 2 * * * true", "", "processes/cron.html#cron=", "A line of a crontab"),
    ("kerberos", "ledger", "", ""),
]
ANSWERS = "#search-results .rs-answers > li"
PAGES = "#search-results ol.search > li"
# what every object has is no word of the index, and a number or a line that is about something else is no error code
NOTHING = ["constructor", "__proto__", "hasOwnProperty", "valueOf constructor", "<b>", "%"]
ELSEWHERE = [
    "traps: a.out[812] general protection fault ip:401136 sp:7ffd5000 error:15 in a.out",
    "0: v=0d e=0015 i=0 cpl=3 IP=0033:0000000000401136",
]


@pytest.fixture
def search(browse: Tabs, site: Site) -> Callable[[str], Page]:
    """Asks in the same tab; ready when it says how much was found, which is the last thing it does."""
    page = browse()

    def ask(query: str, local: bool = False) -> Page:
        page.goto((site.local("search") if local else site.url("search")) + f"?q={quote(query)}")
        expect(page.locator(".search-summary")).not_to_be_empty()
        return page

    return ask


def href(page: Page, selector: str) -> str:
    """Of the first link there; "" where there is none."""
    links = page.locator(f"{selector} a").first
    return links.get_attribute("href") or "" if links.count() else ""


def test_what_engineers_type(search: Callable[[str], Page]) -> None:
    wrong = []
    heaviest = 0
    for query, first, answer, said in QUERIES:
        page = search(query)
        found = href(page, PAGES).partition(".html")[0]
        shown = page.locator(ANSWERS).first.inner_text() if page.locator(ANSWERS).count() else ""
        answered = href(page, ANSWERS)
        if (first and found != first) or not answered.startswith(answer) or (not answer) != (not answered) or said not in shown:
            wrong.append(f"{query}: {found}; {answered} {shown}")
        loaded = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        paths = {urlsplit(url).path.lstrip("/") for url in [*loaded, page.url]}
        heaviest = max(heaviest, sum(map(weight, paths)))
    assert wrong == []
    assert len(QUERIES) >= 40
    assert 40_000 < heaviest <= BUDGET


def test_where_nothing_is_found_it_says_so(search: Callable[[str], Page]) -> None:
    for query in NOTHING:
        page = search(query)
        assert page.locator(".search-summary").inner_text().startswith("Nothing found."), query
        assert page.locator("#search-results li").count() == 0, query
        for token in tokens(query):
            expect(page.locator(".search-summary")).to_contain_text(f"“{token}”")
    for query in ELSEWHERE:
        page = search(query)
        assert page.locator(ANSWERS, has_text="page-fault error code").count() == 0, query


def test_words_are_found_where_they_stand(search: Callable[[str], Page]) -> None:
    """The index and the page cut words alike: any word of a chapter finds the chapter, with the word marked in its sentence."""
    text = (HTML / "processes/cron.html").read_text(encoding="utf-8")
    prose = re.sub(r"<[^>]+>", "", " ".join(re.findall(r"<p>(.*?)</p>", text, re.DOTALL)))
    words = sorted({word for word in tokens(prose) if len(word) > 5 and word.isascii()})
    assert len(words) > 100
    for word in words[:: len(words) // 12]:
        page = search(word)
        result = page.locator(PAGES, has_text="What cron does with a line")
        expect(result.first).to_be_attached()


@pytest.mark.parametrize("local", [False, True], ids=["http", "file"])
def test_excerpts_and_the_way_to_the_sentence(browse: Tabs, search: Callable[..., Page], local: bool) -> None:
    page = search("sanitize_error_code", local=local)
    result = page.locator(PAGES).first
    expect(result.locator("mark").first).to_have_text("sanitize_error_code")
    after = result.locator(".context").inner_text().partition("sanitize_error_code()")[2].split(".")[0].strip(" …")
    assert len(after) > 10
    link = result.locator("a").first
    expect(link).to_have_text(re.compile("^Page-fault error code › "))
    assert re.match(rf"{PFEC}\.html#[\w-]+:~:text=", link.get_attribute("href") or "")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{PFEC}.html*")
    expect(page.locator("article :is(p, li)", has_text=after).first).to_be_in_viewport()
    # the browser marks the sentence; the page itself is as it always is, and so is the next one
    assert page.locator("mark, .highlighted").count() == 0
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('highlight'))") == []


def test_no_excerpt_gives_an_answer_away() -> None:
    """Neither a prediction's choices and reasons nor an exercise's solution."""
    texts = "".join(path.read_text(encoding="utf-8") for path in (HTML / "_static/rsn/search").glob("texts-*.js"))
    page = (HTML / "kvm/halt.html").read_text(encoding="utf-8")
    told = [html.unescape(re.sub(r"<[^>]+>", "", why))[-60:] for why in re.findall(r'<p class="why" hidden>(.*?)</p>', page)]
    assert len(told) >= 3 and all(len(why) > 20 for why in told)
    assert [why for why in told if json.dumps(why, ensure_ascii=False)[1:-1] in texts] == []
    assert "exception 14" in texts, "what a chapter says is there"


def test_marks_are_whole_words(search: Callable[[str], Page]) -> None:
    page = search("page fault")
    marks = page.locator(f"{PAGES} mark").all_inner_texts()
    assert marks and all(
        re.fullmatch(r"(?i)(page|pages|paging|paged|fault|faults|faulting|faulted)|\w*_\w*", mark) for mark in marks
    )


def test_an_answer_opens_the_decoder_with_the_state(search: Callable[[str], Page]) -> None:
    page = search("0x15")
    expect(page.locator(ANSWERS).first).to_contain_text(FETCH)
    others = page.locator("#search-results details").first
    expect(others.locator("summary")).to_contain_text("other words that it could be")
    others.locator("summary").click()
    expect(others.locator("li", has_text="0x15 as CR4")).to_be_visible()
    page.locator(f"{ANSWERS} a").first.click()
    widget = page.locator(".bf").first
    expect(widget.locator(".bf-in")).to_have_value("0x00000015")
    expect(widget.locator(".bf-say")).to_have_text(FETCH)
    page.go_back()
    page = search("30 2 * * * true")
    page.locator(f"{ANSWERS} a").first.click()
    expect(page.locator(".cl-fires li").first).to_be_visible()
    page = search("cpuid leaf 7")
    page.locator(f"{ANSWERS} a").first.click()
    expect(page.get_by_text("more features").first).to_be_visible()


def test_every_answer_leads_to_a_widget_that_can_show_it(site: Site) -> None:
    pages = ["desk", *{decoder.chapter for decoder in answers.DECODERS}, CPUID, "files/ioctl"]
    states = {name: site.widgets(name) for name in pages}
    listed = answers.named(states)
    for kind, least in (("#exit=", 100), ("#cpuid=", 300), ("#ioc=", 100), ("#shell-status=", 20)):
        assert sum(kind in answer.href for answer in listed) > least, kind
    for answer in listed:
        name, _, (anchor, _, value) = (answer.href.partition(".html#")[0], "", answer.href.partition("#")[2].partition("="))
        layouts = {layout["anchor"] for state in states[name] for layout in state.get("layouts", [])}
        if anchor == "cpuid":
            leaves = {row[0].replace(".n", ".0") for state in states[CPUID] for row in state.get("registers", [])}
            assert value in leaves, answer
        elif anchor == "exit":
            rows = [row for state in states[name] if state.get("anchor") == "exit" for row in state["rows"]]
            assert any(row[2] == unquote(value) for row in rows), answer
        else:
            assert anchor in layouts, answer
            get(anchor).check(int(value, 16))
    for decoder in answers.DECODERS:
        layouts = {layout["anchor"] for state in states[decoder.page] for layout in state.get("layouts", [])}
        assert decoder.anchor in layouts, "the desk, or the chapter where it alone is"


@pytest.mark.parametrize("width", (360, 1280))
def test_results_are_accessible(browse: Tabs, width: int, axe: str) -> None:
    page = browse.open("search", "?q=0x15%20fault", width=width)
    expect(page.locator(".search-summary")).not_to_be_empty()
    page.goto(page.url.replace("%20fault", ""))
    expect(page.locator(".search-summary")).not_to_be_empty()
    page.locator("#search-results details").first.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(axe)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        assert page.evaluate(AXE, [ALL, []]) == []


def test_without_javascript_it_says_what_else_there_is(browse: Tabs) -> None:
    page = browse.open("search", java_script_enabled=False)
    told = page.locator("main noscript > p")
    expect(told).to_be_visible()
    assert "needs JavaScript" in told.inner_html()
    for name in ("glossary", "ledger"):
        expect(told.locator(f"a[href='{name}.html']")).to_be_visible()
