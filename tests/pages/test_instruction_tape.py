"""The instruction tape, on a page of its own: mouse, keyboard, links, a phone, print, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.kvm.single_step.widget import InstructionTape, Mark, Tape


def tapes() -> InstructionTape:
    """Two programs, two lanes."""
    cells = [("Main", "nop"), ("Main", "ud2"), ("Main", "end"), ("Handler", "iret")]
    return InstructionTape(
        "tape",
        ["Rule", "Seen"],
        [
            Tape("plain", "Plain", cells[:3], [[Mark(1, "after nop"), Mark(2, "at the end")], [Mark(2, "at once", True)]]),
            Tape(
                "fault",
                "A fault",
                cells,
                [[Mark(3, "in the handler")], [Mark(2, "late"), Mark(2, "later"), Mark(2, "last")]],
                "A note.",
            ),
        ],
        prompt="Program",
    )


def at(page: Page, count: str, *said: str) -> None:
    """This stop is shown."""
    expect(page.locator(".it-count")).to_have_text(count)
    expect(page.locator(".it-said dd")).to_have_text(list(said))


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(tapes())
    at(page, "Stop 1 of 2", "after nop", "at once")
    assert "#" not in page.url
    page.get_by_role("button", name="Back").click(force=True)
    page.get_by_role("button", name="Next").click()
    at(page, "Stop 2 of 2", "at the end", "no more stops")
    assert page.url.endswith("#tape=plain.2")
    expect(page.get_by_role("status")).to_have_text("Stop 2. Rule: at the end. Seen: no more stops.")
    page.get_by_label("Program", exact=True).locator("visible=true").last.select_option("fault")
    at(page, "Stop 1 of 3", "in the handler", "late")
    assert page.url.endswith("#tape=fault.1")
    expect(page.locator(".it-group")).to_have_text(["Main", "Handler"])
    expect(page.locator(".it-about")).to_have_text("A note.")


def test_marks_stand_before_what_comes_next(standalone: Callable[..., Page]) -> None:
    page = standalone(tapes())
    row = page.locator("tbody tr").filter(has_text="end")
    expect(row.locator("td").nth(0)).to_have_text("2")
    expect(row.locator("td").nth(1).locator(".it-other")).to_have_text("1")
    expect(page.locator(".it-now")).to_have_text(["1", "1"])


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(tapes(), fragment="#tape=fault.1")
    page.get_by_role("button", name="Next").focus()
    for key, number in (("ArrowRight", 2), ("End", 3), ("ArrowRight", 3), ("ArrowLeft", 2), ("Home", 1), ("Enter", 2)):
        page.keyboard.press(key)
        expect(page.locator(".it-count")).to_have_text(f"Stop {number} of 3")
    expect(page.get_by_role("button", name="Next")).to_be_focused()


@pytest.mark.parametrize("value", ["plain", "plain.0", "plain.3", "x.1", "", "plain.1e0", "plain.01", "%zz", "9" * 500])
def test_a_bad_link_is_said(standalone: Callable[..., Page], value: str) -> None:
    page = standalone(tapes(), fragment=f"#tape={value}")
    at(page, "Stop 1 of 2", "after nop", "at once")
    expect(page.locator(".bf-note")).to_contain_text("names no stop here; this is the first. It takes one of plain, fault")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_link_opens_its_stop(standalone: Callable[..., Page]) -> None:
    page = standalone(tapes(), fragment="#tape=fault.3")
    at(page, "Stop 3 of 3", "no more stops", "last")
    page.evaluate("location.hash = '#tape=plain.2'")
    at(page, "Stop 2 of 2", "at the end", "no more stops")


def test_a_phone_and_print(standalone: Callable[..., Page]) -> None:
    page = standalone(tapes(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    expect(page.locator(".it-bar")).to_be_hidden()
    expect(page.locator(".it-chip:visible")).to_have_count(3)
