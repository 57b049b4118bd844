"""The struct widget in a browser: typed and chosen members, links, and the same rules and sentences as Python's."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.files.bool_size.model import TYPES, lay_out
from syslab.chapters.files.bool_size.widget import StructLayout

PRESETS = {"An int": "bool,int", "Bits": "bool:1,bool:1,bool:1"}
BAD = [
    "", "packed", "int:0,char:0", "bool,", "int,Bool", "int:", "int:-1", "int:٣", "float", "int,packed", "bool:2", "long:65",
    "packed,int,double:3", "char[0]", "char[17]", ",".join(["bool"] * 25), "double[16],bool", "int:00000",
]  # fmt: skip


def widget() -> StructLayout:
    return StructLayout("struct", PRESETS)


def drawn(page: Page) -> dict[str, Any]:
    """What the widget shows, in one call."""
    found: dict[str, Any] = page.evaluate(
        """() => ({head: document.querySelector(".sl-head").textContent, c: document.querySelector(".sl-c").textContent,
            at: [...document.querySelectorAll(".sl-at")].map(x => x.textContent),
            bytes: [...document.querySelectorAll(".sl-byte")].map(b => [...b.querySelectorAll(".sl-run")].map(r => [r.textContent, +r.dataset.n]))})"""
    )
    return found


def expected(text: str) -> dict[str, Any]:
    """The same from Python's rules."""
    struct = lay_out(text)
    owner = [""] * (8 * struct.size)
    for placed in struct.members:
        owner[placed.at : placed.at + placed.member.bits] = [placed.name] * placed.member.bits
    rows = []
    for start in range(0, len(owner), 8):
        runs: list[list[Any]] = []
        for name in owner[start : start + 8]:
            if runs and runs[-1][0] == name:
                runs[-1][1] += 1
            else:
                runs.append([name, 1])
        rows.append(runs)
    inner = "".join(f"    {placed.member.c(placed.name)};\n" for placed in struct.members)
    c = f"struct s {{\n{inner}}}{' __attribute__((packed))' if struct.packed else ''};"
    return {"head": struct.sentence, "c": c, "at": [placed.where for placed in struct.members], "bytes": rows}


def some(seed: int, number: int) -> list[str]:
    """Random declarations, packed and not."""
    choose = random.Random(seed)
    found: list[str] = []
    while len(found) < number:
        items = []
        for _ in range(choose.randint(1, 7)):
            kind = choose.choice(list(TYPES.values()))
            bits = f":{choose.randint(0, kind.widest)}"
            items.append(kind.name + choose.choice(["", bits if kind.widest else "", f"[{choose.randint(1, 5)}]"]))
        text = ",".join((["packed"] if choose.random() < 0.25 else []) + items)
        try:
            lay_out(text)
        except ValueError:
            continue
        found.append(text)
    return found


def field(page: Page, text: str) -> None:
    page.get_by_label("Struct", exact=True).fill(text)
    page.get_by_label("Struct", exact=True).blur()


def test_the_same_rules_as_python(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    assert drawn(page) == expected("bool,int")
    for text in some(seed=3, number=80):
        field(page, text)
        assert drawn(page) == expected(text), text


def test_the_same_sentences_as_python(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    for text in BAD:
        field(page, "bool")
        field(page, text)
        try:
            lay_out(text)
        except ValueError as error:
            assert page.locator(".bf-note").inner_text() == str(error)
            assert drawn(page) == expected("bool"), "the last good struct stays"
        else:
            assert drawn(page) == expected(text)


def test_choosing(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    page.get_by_role("button", name="Add a member").click()
    expect(page.get_by_label("Type of member 3")).to_be_focused()
    page.get_by_label("Type of member 3").select_option("bool")
    assert drawn(page) == expected("bool,int,bool")
    page.get_by_label("Form of member 3").select_option(label="bit-field")
    assert page.get_by_label("Struct", exact=True).input_value() == "bool,int,bool:1"
    page.get_by_label("Form of member 2").select_option(label="array")
    page.get_by_label("Elements of member 2").fill("3")
    page.get_by_label("Elements of member 2").blur()
    assert drawn(page) == expected("bool,int[3],bool:1")
    page.get_by_label("Elements of member 2").fill("99")
    page.get_by_label("Elements of member 2").blur()
    expect(page.locator(".bf-note")).to_contain_text("an array has 1 to 16 elements")
    page.get_by_label("packed").check()
    assert drawn(page) == expected("packed,bool,int[3],bool:1")
    assert page.url.endswith("#struct=packed%2Cbool%2Cint%5B3%5D%2Cbool%3A1")
    page.get_by_label("Type of member 3").select_option("double")
    assert drawn(page) == expected("packed,bool,int[3],double")
    page.get_by_role("button", name="Bits").click()
    assert drawn(page) == expected("bool:1,bool:1,bool:1")
    expect(page.get_by_role("button", name="Bits")).to_have_attribute("aria-pressed", "true")


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), fragment="#struct=bool,int,char")
    page.get_by_role("button", name="Move up member 3").focus()
    page.keyboard.press("Enter")
    assert drawn(page) == expected("bool,char,int")
    expect(page.get_by_role("button", name="Move up member 2")).to_be_focused()
    page.get_by_role("button", name="Remove member 3").focus()
    page.keyboard.press("Space")
    assert drawn(page) == expected("bool,char")
    expect(page.get_by_role("button", name="Remove member 2")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Remove member 1")).to_be_disabled()


@pytest.mark.parametrize("bad", ["", "bool:2", "%E0%A4%A", "<b>"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(widget(), fragment=f"#struct={bad}")
    expect(page.locator(".bf-note")).to_contain_text("is no struct; this is the default.")
    assert drawn(page) == expected("bool,int")
    page.get_by_role("button", name="Bits").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), width=360)
    field(page, ",".join(["bool:1"] * 9 + ["pointer", "char[16]", "unsigned"][:2]))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
