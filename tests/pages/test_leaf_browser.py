"""The leaf browser: machine, leaf, fields, search, link; and that it says of every leaf what Python says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.bits.cpuid import REGISTERS, layouts
from syslab.chapters.cpu.cpuid import ask as cpuid
from syslab.chapters.cpu.cpuid.show import browser
from syslab.chapters.cpu.cpuid.widget import LeafBrowser, Machine
from syslab.evidence import Answer, recorded

from .conftest import Tabs

CHAPTER = "cpu/cpuid"
RECORD = Answer(cpuid.leaves, [recorded(cpuid.leaves)])
SEEN = """() => [...document.querySelectorAll(".lb-reg")].map(box => {
  const names = word => [...box.querySelectorAll(`[data-word=${word}] button`)].map(b => b.dataset.name);
  return {
    register: box.dataset.r,
    hex: box.querySelector("code").textContent,
    set: names("set"), clear: names("clear"),
    wide: [...box.querySelectorAll("[data-word=fields] button")].map(b => [b.dataset.name, b.querySelector(".lb-now").textContent]),
    odd: (box.querySelector(".lb-odd")?.textContent.match(/\\d+/g) ?? []).map(Number),
  };
})"""


def row(leaf: int, subleaf: int = 0, **registers: int) -> dict[str, int]:
    return {"leaf": leaf, "subleaf": subleaf, **dict.fromkeys(REGISTERS, 0), **registers}


ONE = Machine("machine one", [row(0, eax=7), row(1), row(7, eax=1, ebx=1 << 7), row(7, 1), row(0x1234, ecx=0xABC)], "line of one")
TWO = Machine("machine two", [row(0, eax=1), row(1), row(7, ebx=1 << 20)], "line of two")


@pytest.fixture
def two(standalone: Callable[..., Page]) -> Callable[..., Page]:
    """A page with two small machines."""

    def show(**options: Any) -> Page:
        return standalone(LeafBrowser({"one": ONE, "two": TWO}), **options)

    return show


def leaves(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Leaf and subleaf")


def expected(data: dict[str, int]) -> list[dict[str, Any]]:
    said = []
    known = layouts(data["leaf"], data["subleaf"])
    for r in REGISTERS:
        one: dict[str, Any] = {"register": r, "hex": f"0x{data[r]:08x}", "set": [], "clear": [], "wide": [], "odd": []}
        if r in known:
            decoded = known[r].decode(data[r])
            flags = [f for f in known[r].fields if f.width == 1]
            one["set"] = [f.name for f in flags if decoded.fields[f.name]]
            one["clear"] = [f.name for f in flags if not decoded.fields[f.name]]
            one["wide"] = [[f.name, f.text(decoded.fields[f.name])] for f in known[r].fields if f.width > 1]
            one["odd"] = list(decoded.reserved)
        said.append(one)
    return said


def test_every_leaf_of_the_record_decodes_as_in_python(standalone: Callable[..., Page]) -> None:
    page = standalone(browser(RECORD))
    for data in RECORD.data:
        leaves(page).select_option(f"{data['leaf']:x}.{data['subleaf']}")
        assert page.evaluate(SEEN) == expected(data), f"leaf {data['leaf']:#x}"


def test_every_bit_set_decodes_as_in_python(standalone: Callable[..., Page]) -> None:
    everything = [{**data, **dict.fromkeys(REGISTERS, 0xFFFF_FFFF)} for data in RECORD.data]
    page = standalone(LeafBrowser({"full": Machine("full", everything)}))
    for data in everything:
        leaves(page).select_option(f"{data['leaf']:x}.{data['subleaf']}")
        assert page.evaluate(SEEN) == expected(data), f"leaf {data['leaf']:#x}"


def test_find_smep(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#cpuid=0.0")
    find = page.get_by_label("Find a feature")
    find.fill("smep")
    hit = page.locator(".lb-found button").first
    expect(hit).to_contain_text("SMEP 7.0 EBX bit 7")
    for machine in page.get_by_label("Machine").locator("option").all():
        name = (machine.text_content() or "").removeprefix("record: ")
        expect(hit).to_contain_text(f"{'live' if 'ran this page' in name else name}: ")
    find.press("Enter")
    expect(leaves(page)).to_have_value("7.0")
    expect(page.locator(".lb-reg[data-r=ebx] [aria-current=true]")).to_have_attribute("data-name", "SMEP")
    expect(page.locator(".lb-reg[data-r=ebx] .lb-say")).to_contain_text("Leaf 7.0 EBX bit 7.")
    assert page.url.endswith("#cpuid=7.0.ebx.7")


def test_find_by_linux_name_and_meaning_and_nothing(two: Callable[..., Page]) -> None:
    page = two()
    find, hits, count = page.get_by_label("Find a feature"), page.locator(".lb-found button"), page.locator(".lb-count")
    for text, hit in (
        ("pni", "SSE3 1.0 ECX bit 0"),
        ("AVX512-VBMI2", "AVX512_VBMI2 7.0 ECX bit 6"),
        ("shadow stacks", "CET_SS 7.0 ECX bit 7"),
    ):
        find.fill(text)
        expect(hits.first).to_contain_text(hit)
    find.fill("avx512")
    expect(hits).to_have_count(8)
    expect(count).to_contain_text("8 of ")
    find.fill("<b>no such thing</b>")
    expect(hits).to_have_count(0)
    expect(count).to_contain_text("No field here has “<b>no such thing</b>”")
    find.fill("")
    expect(count).to_be_hidden()


def test_two_machines(two: Callable[..., Page]) -> None:
    page = two()
    expect(page.locator(".lb-line")).to_have_text("line of one")
    page.get_by_label("Find a feature").fill("lass")
    hit = page.locator(".lb-found button").first
    expect(hit).to_have_text("LASS 7.1 EAX bit 6 one: □ clear two: – leaf not answered")
    hit.click()
    expect(leaves(page)).to_have_value("7.1")
    page.get_by_label("Machine").select_option("machine two")
    expect(page.locator(".lb-line")).to_have_text("line of two")
    expect(page.locator(".bf-note")).to_contain_text("machine two does not answer leaf 7.1")
    expect(page.locator("[data-word=unknown] [data-name=LASS]")).to_be_visible()
    expect(page.locator(".lb-say").first).to_contain_text("machine one: □ clear")
    leaves(page).select_option("7.0")
    expect(page.locator("[data-word=set] button")).to_have_text(["SMAP 20"])
    expect(page.locator(".bf-note")).to_be_empty()
    assert page.url.endswith("#cpuid=7.0.two")


def test_a_leaf_that_only_one_machine_has_and_nobody_knows(two: Callable[..., Page]) -> None:
    page = two()
    leaves(page).select_option("1234.0")
    expect(page.locator(".lb-reg[data-r=ecx]")).to_contain_text("0x00000abc")
    expect(page.locator(".lb-reg[data-r=ecx]")).to_contain_text("raw answer")
    page.get_by_label("Machine").select_option("machine two")
    expect(page.locator(".bf-note")).to_contain_text("does not answer leaf 1234.0")
    expect(leaves(page)).to_have_value("0.0")


@pytest.mark.parametrize(
    ("fragment", "value", "machine"),
    [
        ("7.0", "7.0", "one"),
        ("7", "7.0", "one"),
        ("0x7.1", "7.1", "one"),
        ("7.0.two", "7.0", "two"),
        ("07.0.one", "7.0", "one"),
        ("1234", "1234.0", "one"),
        ("7.1.two", None, "two"),  # it does not answer, and that is shown
    ],
)
def test_links(two: Callable[..., Page], fragment: str, value: str | None, machine: str) -> None:
    page = two(fragment=f"#cpuid={fragment}")
    expect(page.locator(".lb-line")).to_have_text(f"line of {machine}")
    if value is None:
        expect(page.locator(".bf-note")).to_contain_text("machine two does not answer leaf 7.1")
        return
    expect(leaves(page)).to_have_value(value)
    expect(page.locator(".bf-note")).to_be_empty()


@pytest.mark.parametrize("fragment", ["7.0.ebx.7", "7.ebx.7", "7.0.two.EBX.7"])
def test_a_link_to_a_field(two: Callable[..., Page], fragment: str) -> None:
    page = two(fragment=f"#cpuid={fragment}")
    expect(page.locator(".lb-reg[data-r=ebx] [aria-current=true]")).to_have_attribute("data-name", "SMEP")
    expect(page.locator(".lb-say:not(:empty)")).to_contain_text("SMEP")
    expect(page.locator(".bf-note")).to_be_empty()


@pytest.mark.parametrize(
    "fragment", ["", "smep", "7.9", "7.0.three", "99999999999", "-1", "7.0.two.one", "7.0.ebx", "7.0.ebx.99", "%E0%A4%A", "<b>"]
)
def test_a_malformed_link_leaves_the_default_and_says_so(two: Callable[..., Page], fragment: str) -> None:
    page = two(fragment=f"#cpuid={fragment}")
    expect(leaves(page)).to_have_value("0.0")
    if fragment != "%E0%A4%A":  # no text at all
        expect(page.locator(".bf-note")).to_contain_text("names no leaf here; this is the default")


def test_the_link_follows_and_is_followed(two: Callable[..., Page]) -> None:
    page = two()
    leaves(page).select_option("7.0")
    assert page.url.endswith("#cpuid=7.0")
    page.evaluate("location.hash = '#cpuid=1.0.two'")
    expect(leaves(page)).to_have_value("1.0")
    expect(page.locator(".lb-line")).to_have_text("line of two")


def test_keyboard(two: Callable[..., Page]) -> None:
    page = two()
    leaves(page).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(leaves(page)).to_have_value("7.0")
    assert page.locator(".lb-reg[data-r=ebx] [tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    name = "document.activeElement.dataset.name"
    assert page.evaluate(name) == "SMEP"
    for key, to in (
        ("ArrowRight", "FSGSBASE"),
        ("ArrowDown", "TSC_ADJUST"),
        ("End", "AVX512VL"),
        ("ArrowRight", "SMEP"),
        ("ArrowLeft", "AVX512VL"),
        ("Home", "SMEP"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(name) == to
    page.keyboard.press("Enter")
    expect(page.locator(".lb-reg[data-r=ebx] .lb-say")).to_contain_text("SMEP: the kernel cannot execute user pages")
    assert page.evaluate(name) == "SMEP"


def test_set_and_clear_differ_in_shape(two: Callable[..., Page]) -> None:
    page = two(fragment="#cpuid=7.0")
    shape = "(e) => getComputedStyle(e, '::before').content.split('/')[0].trim()"
    assert page.locator("[data-name=SMEP]").evaluate(shape) == '"■"'
    assert page.locator("[data-name=SMAP]").evaluate(shape) == '"□"'
    expect(page.get_by_role("group", name="EBX set")).to_contain_text("set 1")
    expect(page.get_by_role("group", name="EBX clear")).to_contain_text("clear 30")


def test_it_fits_a_phone(two: Callable[..., Page]) -> None:
    page = two(fragment="#cpuid=7.0", width=360)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
