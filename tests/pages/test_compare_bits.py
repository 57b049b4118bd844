"""The comparison of bits: machine, entry, fields, search, link; and that it says of every entry what Python says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.bits.cpuid import REGISTERS, layouts
from syslab.chapters.kvm.supported_cpuid import ask as experiment
from syslab.chapters.kvm.supported_cpuid.model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED
from syslab.chapters.kvm.supported_cpuid.show import browser
from syslab.chapters.kvm.supported_cpuid.widget import CompareBits, Side
from syslab.evidence import recorded
from syslab.evidence.records import witnesses

from .conftest import Tabs

CHAPTER = "kvm/supported-cpuid"
OUTCOMES = {BOTH: "passed", FIRST: "masked", SECOND: "added", NEITHER: "clear", SAME: "same", CHANGED: "another", ZEROED: "dropped"}
NUMBER = {NEITHER: 0, FIRST: 1, SECOND: 2, BOTH: 3, SAME: 4, CHANGED: 5, ZEROED: 6}
SEEN = """() => Object.fromEntries([...document.querySelectorAll(".cb-word")].map(box => [box.dataset.w, {
  hex: [...box.querySelectorAll("code")].map(c => c.textContent),
  bits: [...box.querySelectorAll(".cb-bits")].map(row => [...row.children].reduce((n, i) => n * 2 + (i.className === "on"), 0)),
  fields: Object.fromEntries([...box.querySelectorAll(".cb-group")].flatMap(g => [...g.querySelectorAll("button")].map(b => [b.dataset.name, Number(g.dataset.o)]))),
}]))"""

ROWS_ONE = [
    ("0.0", (7, 0, 0, 0), (7, 0, 0, 0)),
    ("7.0", (1, 1 << 7 | 1 << 9, 0, 0), (0, 1 << 9, 0, 1 << 29)),
    ("1234.0", (5, 0, 0, 0), None),
]
ROWS_TWO = [("0.0", (7, 0, 0, 0), (5, 0, 0, 0)), ("7.0", (0, 1 << 7, 0, 0), (0, 1 << 7, 0, 0))]


@pytest.fixture
def two(standalone: Callable[..., Page]) -> Callable[..., Page]:
    """A page with two small machines."""

    def show(**options: Any) -> Page:
        machines = {"one": Side("machine one", ROWS_ONE, "line of one"), "two": Side("machine two", ROWS_TWO, "line of two")}
        known = {"0.0": layouts(0), "7.0": layouts(7)}
        widget = CompareBits(
            machines, REGISTERS, ("host", "KVM"), OUTCOMES, layouts=known, titles={"7.0": "features"}, anchor="cmp"
        )
        return standalone(widget, **options)

    return show


def entries(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Entry")


def test_every_entry_of_every_record_compares_as_in_python(standalone: Callable[..., Page]) -> None:
    answers = [recorded(experiment.compared, who) for who in witnesses(experiment.compared.name)]
    widget = browser(answers)
    page = standalone(widget)
    page.get_by_label("only where they differ").uncheck()
    for answer, machine in zip(answers, widget.machines, strict=True):
        page.get_by_label("Machine").select_option(machine["label"])
        for row in answer.data:
            entry = f"{row['leaf']:x}.{row['subleaf']}"
            entries(page).select_option(entry)
            widget.value = entry if machine is widget.machines[0] else f"{entry}.{machine['key']}"
            seen = page.evaluate(SEEN)
            for i, name in enumerate(REGISTERS):
                words = [row[side][i] if row[side] else None for side in ("host", "kvm")]
                assert seen[name]["hex"] == ["no entry" if w is None else f"0x{w:08x}" for w in words], (entry, name)
                assert seen[name]["bits"] == [w or 0 for w in words], (entry, name)
                assert seen[name]["fields"] == {p.field.name: NUMBER[p.outcome] for p in widget.compared[name]}, (entry, name)


def test_find_in_the_chapter(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#kvmcpuid=1.0")
    find = page.get_by_label("Find a field")
    find.fill("smep")
    expect(page.locator(".cb-found button").first).to_contain_text("SMEP 7.0 EBX bit 7")
    find.press("Enter")
    expect(entries(page)).to_have_value("7.0")
    expect(page.locator(".cb-word[data-w=ebx] [aria-current=true]")).to_have_attribute("data-name", "SMEP")
    expect(page.locator(".cb-word[data-w=ebx] .cb-say")).to_contain_text("7.0 EBX bit 7.")
    assert page.url.endswith("#kvmcpuid=7.0.ebx.7")


def test_what_one_field_is_on_each_machine(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=7.0")
    page.locator("[data-name=SMEP]").click()
    expect(page.locator(".cb-say:not(:empty)")).to_contain_text("machine one: host ■, KVM □: masked")
    expect(page.locator(".cb-say:not(:empty)")).to_contain_text("machine two: host ■, KVM ■: passed")
    page.get_by_label("Machine").select_option("machine two")
    expect(page.locator(".cb-line")).to_have_text("line of two")
    assert page.url.endswith("#cmp=7.0.two.ebx.7")
    find = page.get_by_label("Find a field")
    find.fill("<b>nothing</b>")
    expect(page.locator(".cb-count")).to_contain_text("No field here has “<b>nothing</b>”")


def test_only_where_they_differ(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=7.0")
    expect(entries(page).locator("option")).to_have_text(["7.0  −1 +1 ↓1  features", "1234.0  ↓1"])
    page.get_by_label("only where they differ").uncheck()
    expect(entries(page).locator("option")).to_have_count(3)
    expect(page.locator(".cb-legend li")).to_contain_text(["clear", "masked 1", "added 1", "passed 1", "same", "dropped 2"])


def test_an_entry_that_one_side_lacks_or_nobody_knows(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=1234.0")
    expect(page.locator(".cb-words")).to_contain_text("No such entry: KVM. It counts as zeros.")
    expect(page.locator(".cb-word[data-w=eax]")).to_contain_text("0x5 → 0x0")
    page.get_by_label("Machine").select_option("machine two")
    expect(page.locator(".bf-note")).to_contain_text("machine two has no entry 1234.0")
    expect(entries(page)).to_have_value("0.0")


@pytest.mark.parametrize(
    ("fragment", "value", "machine"),
    [("7.0", "7.0", "one"), ("7", "7.0", "one"), ("0x7.0", "7.0", "one"), ("7.0.two", "7.0", "two"), ("0.0.one", "0.0", "one")],
)
def test_links(two: Callable[..., Page], fragment: str, value: str, machine: str) -> None:
    page = two(fragment=f"#cmp={fragment}")
    expect(entries(page)).to_have_value(value)
    expect(page.locator(".cb-line")).to_have_text(f"line of {machine}")
    expect(page.locator(".bf-note")).to_be_empty()


@pytest.mark.parametrize("fragment", ["smep", "7.9", "7.0.three", "99999999999", "-1", "1234.0.two", "%E0%A4%A", "<b>"])
def test_a_malformed_link_leaves_the_default_and_says_so(two: Callable[..., Page], fragment: str) -> None:
    page = two(fragment=f"#cmp={fragment}")
    expect(entries(page)).to_have_value("0.0")
    if fragment != "%E0%A4%A":  # no text at all
        expect(page.locator(".bf-note")).to_contain_text("names no entry here; this is the default")


def test_keyboard(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=7.0")
    box = page.locator(".cb-word[data-w=ebx]")
    assert box.locator("[tabindex='0']").count() == 1
    box.locator("[tabindex='0']").focus()
    name = "document.activeElement.dataset.name"
    assert page.evaluate(name) == "SMEP"
    for key, to in (
        ("ArrowRight", "ERMS"),
        ("ArrowDown", "FSGSBASE"),
        ("Home", "SMEP"),
        ("ArrowLeft", "AVX512VL"),
        ("End", "AVX512VL"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(name) == to
    page.keyboard.press("Enter")
    expect(box.locator(".cb-say")).to_contain_text("AVX512VL")


def test_outcomes_differ_in_shape_not_only_in_colour(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=7.0")
    border = "(e) => getComputedStyle(e).borderTopStyle + getComputedStyle(e).borderTopWidth"
    styles = [page.locator(f"[data-name={name}]").evaluate(border) for name in ("SMEP", "ARCH_CAPABILITIES", "ERMS")]
    assert len(set(styles)) == 3
    expect(page.get_by_role("group", name="EBX masked")).to_contain_text("−masked 1")


def test_it_fits_a_phone(two: Callable[..., Page]) -> None:
    page = two(fragment="#cmp=7.0", width=360)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
