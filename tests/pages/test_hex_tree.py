"""Hex grid and tree in a browser: linked both ways, edited by keys and field, and the twin of Python's reader."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.files.binary_formats import show as view


def at(page: Page, fragment: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(fragment) + "$"))


def test_both_ways(standalone: Callable[..., Page]) -> None:
    page = standalone(view.hex_tree())
    page.locator(".ht-b").nth(0x11).click()
    expect(page.locator(".ht-say")).to_contain_text("ehdr.e_type, uint16 at 0x10: 0x2")
    expect(page.locator(".ht-say")).to_contain_text("ET_EXEC")
    expect(page.locator(".ht-f[aria-current=true]")).to_contain_text("e_type")
    expect(page.locator(".ht-b.ht-on")).to_have_count(2)
    page.locator(".ht-f", has_text="e_machine").click()
    expect(page.locator(".ht-b.ht-cur")).to_have_attribute("aria-label", "0x12: 3e, ehdr.e_machine")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ht-f[aria-current=true]")).to_contain_text("e_version")
    expect(page.locator(".ht-f[aria-current=true]")).to_be_focused()


def test_digits_change_a_byte(standalone: Callable[..., Page]) -> None:
    page = standalone(view.hex_tree())
    page.locator(".ht-b").nth(0x0F).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("03")
    at(page, "#bytes=elf.10-03.at-11")
    expect(page.locator(".ht-b").nth(0x11)).to_be_focused()
    expect(page.locator(".ht-f", has_text="e_type")).to_contain_text("ET_DYN")
    page.locator(".ht-b").nth(0x10).click()
    page.keyboard.type("02")
    at(page, "#bytes=elf.at-11")
    page.keyboard.press("f")
    page.keyboard.press("ArrowLeft")  # half a byte is no byte
    at(page, "#bytes=elf.at-10")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(page.locator(".ht-b").nth(0x2F)).to_be_focused()


def test_the_field_and_what_is_wrong(standalone: Callable[..., Page]) -> None:
    page = standalone(view.hex_tree(), fragment="#bytes=elf.38-ff")
    expect(page.locator(".ht-bad")).to_contain_text("phdr[3] would be bytes 0xe8 to 0x11f, but there are only 0xe8 bytes here.")
    box = page.get_by_label("Byte at 0x38, hex")
    box.fill("xy")
    box.press("Enter")
    expect(page.locator(".bf-note")).to_contain_text("“xy” at 0x38 is no byte")
    box.fill("0x02")
    box.press("Enter")
    at(page, "#bytes=elf.38-02")
    expect(page.locator(".ht-bad")).to_be_hidden()
    page.get_by_role("button", name="Undo all edits").click()
    at(page, "#bytes=elf.at-38")
    page.locator(".ht select").select_option("1")
    at(page, "#bytes=efi")
    expect(page.locator(".ht-f", has_text="subsystem")).to_contain_text("EFI application")


@pytest.mark.parametrize("bad", ["", "nope", "elf.10", "elf.e8-00", "elf.10-ZZ", "elf.at-e8", "elf.at-", "%E0%A4%A"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(view.hex_tree(), fragment=f"#bytes={bad}")
    expect(page.locator(".bf-note")).to_contain_text("could not be read")
    expect(page.locator(".ht-b").nth(0x10)).to_have_text("02")


def test_a_narrow_page(standalone: Callable[..., Page]) -> None:
    page = standalone(view.hex_tree(), width=360)
    expect(page.locator(".ht-off").nth(1)).to_have_text("008")
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    page.locator(".ht-b").nth(0).click()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ht-b").nth(8)).to_be_focused()


def test_the_page_reads_as_python_does(standalone: Callable[..., Page]) -> None:
    """Random edits, told to the page through its address bar: names, values and problem."""
    tree = view.hex_tree()
    page = standalone(tree)
    rng = random.Random(5)
    spots = {"elf": [*range(0x40), 0x78, 0xB0], "efi": [0, 1, 0x3C, 0x3D, 0x3F, *range(0x80, 0x9A), 0x98, 0x188]}
    for _ in range(60):
        kind = rng.choice(sorted(spots))
        edits = sorted({rng.choice(spots[kind]): rng.choice((0, 1, 2, 3, 0x41, 0xFF)) for _ in range(rng.randint(1, 3))}.items())
        tree.value = ".".join([kind, *(f"{o:x}-{b:02x}" for o, b in edits)])
        known = tree.tree
        page.evaluate("f => { location.hash = f }", f"#bytes={tree.value}")
        expect(page.locator(".ht-bad")).to_have_text(known.problem)
        shown = page.locator(".ht-f").evaluate_all("all => all.map(e => [e.children[0].textContent, e.children[1].textContent])")
        assert [name for name, _ in shown] == [f.name.split(".")[-1] for f in known.found], tree.value
        numbers = [text for (_, text), f in zip(shown, known.found, strict=True) if isinstance(f.value, int)]
        assert numbers == [hex(f.value) for f in known.found if isinstance(f.value, int)], tree.value
