"""The masked register in a browser: mouse, keyboard, links, and the same arithmetic as Python's."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.kvm.vm_exits.model import CLTS, LMSW, MOV_CR0, WRITES, after, guest_reads, leaves, refused
from syslab.chapters.kvm.vm_exits.widget import MaskedRegister, state

START = state(MOV_CR0, mask=0x80000021, shadow=0x21, real=0x31, operand=0x80000021)


def widget() -> MaskedRegister:
    """Paging is turned on, and a CLTS."""
    return MaskedRegister("crmask", WRITES, {"Paging on": START, "CLTS": state(CLTS, 0, 0, 0x3B)})


def said(page: Page) -> tuple[str, list[str]]:
    """The headline and the values below it."""
    return page.locator(".mr-head").inner_text(), page.locator(".mr-lines dd").all_inner_texts()


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    assert said(page)[0] == "MOV to CR0 leaves the guest: PG would not match the shadow."
    page.get_by_role("button", name="Operand, bit 31 PG").click()
    assert said(page) == ("MOV to CR0 stays in the guest.", ["0x31", "0x21", "0x21"])
    assert page.url.endswith("#crmask=mov-cr0.80000021.21.31.21")
    page.get_by_role("button", name="Guest/host mask, bit 0 PE").click()
    page.get_by_role("button", name="Operand, bit 0 PE").click()
    assert said(page) == ("MOV to CR0 stays in the guest.", ["0x31", "0x20", "0x20"])
    page.get_by_role("button", name="CLTS").click()
    assert said(page) == ("CLTS stays in the guest.", ["0x3b", "0x33", "0x33"])
    expect(page.get_by_label("Operand", exact=True)).to_be_disabled()


def test_fields_and_menu(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    field = page.get_by_label("Read shadow", exact=True)
    field.fill("0x80000021")
    field.press("Enter")
    assert said(page)[0] == "MOV to CR0 stays in the guest."
    field.fill("0x1ffffffffffffffff")
    field.press("Enter")
    expect(page.locator(".bf-note")).to_contain_text("64 bits wide")
    assert said(page)[0] == "MOV to CR0 stays in the guest.", "the last good state stays"
    page.get_by_label("Instruction").select_option(label="MOV to CR4")
    expect(page.locator(".mr-bits")).to_have_attribute("aria-label", re.compile("^CR4"))
    expect(page.get_by_role("button", name="Guest/host mask, bit 20 SMEP")).to_be_visible()


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    page.get_by_role("button", name="Guest/host mask, bit 31 PG").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert said(page)[0] == "MOV to CR0 stays in the guest."
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Read shadow, bit 0 PE")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Guest/host mask, bit 0 PE")).to_be_focused()
    assert page.locator(".mr-key[tabindex='0']").count() == 1


@pytest.mark.parametrize("bad", ["", "mov-cr0", "mov-cr0.1.2.3", "none.1.2.3.4", "mov-cr0.g.2.3.4", "%E0%A4%A"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(widget(), fragment=f"#crmask={bad}")
    expect(page.locator(".bf-note")).to_contain_text("this is the default. It takes an instruction")
    assert said(page)[0].startswith("MOV to CR0 leaves")
    page.get_by_role("button", name="Operand, bit 31 PG").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_the_same_arithmetic_as_python(standalone: Callable[..., Page]) -> None:
    page, choose = standalone(widget()), random.Random(4)
    for _ in range(60):
        write = choose.choice([*WRITES, LMSW])
        mask, shadow, real, operand = (choose.getrandbits(64) for _ in range(4))
        if choose.random() < 0.6:
            operand = (operand & ~mask) | (shadow & mask)  # one that stays
        page.evaluate("s => { location.hash = s }", f"#crmask={state(write, mask, shadow, real, operand)}")
        expect(page.get_by_label("Guest/host mask", exact=True)).to_have_value(hex(mask))
        head, values = said(page)
        assert head.startswith(f"{write.name} {'leaves' if leaves(write, mask, shadow, operand) else 'stays in'} the guest")
        assert values[0] == hex(guest_reads(mask, shadow, real))
        if not refused(write, mask, shadow, operand):
            became = after(write, mask, shadow, real, operand)
            assert values[1:] == [hex(became), hex(guest_reads(mask, shadow, became))]


def test_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
