"""The lookup in a browser: numbers, words, pasted lines, links."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.widgets import Lookup


def table() -> Lookup:
    """Three rows, one with a word that is not shown."""
    rows = [("VMX", "10", "CPUID"), ("SVM", "0x72", "CPUID"), ("SVM", "0x7b", "IOIO")]
    return Lookup(
        "exit", ["Vendor", "Number", "Name"], rows, words=["", "", "io"], readers=[r"reason ([\w ]+?) rip"], prompt="Find"
    )


def shown(page: Page) -> list[str]:
    """The number of each row in sight."""
    return page.locator("tbody tr:visible td:nth-child(2)").all_inner_texts()


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["10", "0x72", "0x7b"]),
        ("10", ["10"]),
        ("0xa", ["10"]),
        ("114", ["0x72"]),
        ("cpuid", ["10", "0x72"]),
        ("svm CPUID", ["0x72"]),
        ("io", ["0x7b"]),
        ("ioi", ["0x7b"]),
        ("kvm_exit: vcpu 0 reason io rip 0x20000 info1 0x10", ["0x7b"]),
        ("hlt", []),
        ("0x", ["0x72", "0x7b"]),
        ("(((", []),
    ],
)
def test_queries(standalone: Callable[..., Page], query: str, numbers: list[str]) -> None:
    page = standalone(table())
    page.get_by_role("searchbox").fill(query)
    assert shown(page) == numbers
    expect(page.get_by_role("status")).to_contain_text("3 rows." if not query else "of 3 rows." if numbers else "No row has")


def test_links(standalone: Callable[..., Page]) -> None:
    page = standalone(table(), fragment="#exit=0x72")
    assert shown(page) == ["0x72"]
    page.get_by_role("searchbox").fill("ioio")
    expect(page).to_have_url(re.compile("#exit=ioio$"))
    page.evaluate("location.hash = '#exit=svm%20cpuid'")
    expect(page.get_by_role("searchbox")).to_have_value("svm cpuid")
    assert shown(page) == ["0x72"]


@pytest.mark.parametrize("bad", ["nothing", "%E0%A4%A", "0x9999"])
def test_a_link_that_finds_nothing_is_said(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(table(), fragment=f"#exit={bad}")
    expect(page.locator(".bf-note")).to_contain_text("names no row here; this is the default")
    assert len(shown(page)) == 3
    page.get_by_role("searchbox").fill("10")
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(table(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
