"""The encoder in a browser: mouse, keyboard, links, and the same bytes and sentences as Python's."""

from __future__ import annotations

import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.files.ntfs_links.model import KINDS, BadReparse, decode, encode, read_hex
from syslab.chapters.files.ntfs_links.widget import ReparseBuffer

from .conftest import Tabs

PRESETS = {"Junction": "junction:C:\\target", "Relative": "relative:..\\target"}


def widget() -> ReparseBuffer:
    """A junction, and a relative link."""
    return ReparseBuffer("reparse", PRESETS)


def said(page: Page) -> str:
    return page.locator(".rb-say").inner_text()


def test_typing_a_target(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    assert said(page) == "A junction to \\??\\C:\\target. 64 bytes."
    page.get_by_label("Target").fill("..\\t")
    assert "absolute path on a local volume" in said(page)
    expect(page.get_by_label("Target")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".rb-dump")).to_be_hidden()
    page.get_by_label("Kind").select_option("relative")
    assert said(page) == "A relative symbolic link to ..\\t. 36 bytes."
    assert page.get_by_label("Bytes, in hex").input_value() == encode("relative", "..\\t").hex(" ")
    assert page.url.endswith("#reparse=relative%3A..%5Ct")
    page.get_by_role("button", name="Junction").click()
    assert said(page).endswith("64 bytes.")
    expect(page.get_by_role("button", name="Junction")).to_have_attribute("aria-pressed", "true")


def test_pasting_bytes(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    field = page.get_by_label("Bytes, in hex")
    field.fill(encode("relative", "..\\x").hex(":"))
    assert said(page) == "A relative symbolic link to ..\\x. 36 bytes."
    expect(page.get_by_label("Kind")).to_have_value("relative")
    expect(page.get_by_label("Target")).to_have_value("..\\x")
    cells = page.locator(".rb tbody tr").all_inner_texts()
    assert len(cells) == 10 and "SubstituteName" in cells[8]
    field.fill("0c 00 00 a0 zz")
    assert said(page) == "Character 13 of the bytes, “z”, is no hex digit."
    expect(field).to_have_attribute("aria-invalid", "true")


def test_keyboard_reaches_everything(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    page.get_by_role("button", name="Junction").focus()
    for locator in (
        page.get_by_role("button", name="Relative"),
        page.get_by_label("Kind"),
        page.get_by_label("Target"),
        page.get_by_label("Bytes, in hex"),
    ):
        page.keyboard.press("Tab")
        expect(locator).to_be_focused()


def test_links(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), fragment="#reparse=symlink:" + quote("\\\\server\\share\\x", safe=""))
    assert said(page).startswith("A symbolic link to \\??\\UNC\\server\\share\\x.")
    page.evaluate("s => { location.hash = s }", "#reparse=bytes:" + encode("relative", "t").hex())
    expect(page.locator(".rb-say")).to_have_text("A relative symbolic link to t. 24 bytes.")


@pytest.mark.parametrize("bad", ["", "junction", "junction:x", "bytes:0", "bytes:zz", "hard:x", "%E0%A4%A"])
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(widget(), fragment=f"#reparse={bad}")
    expect(page.locator(".bf-note")).to_contain_text("cannot be shown; this is the default")
    assert said(page) == "A junction to \\??\\C:\\target. 64 bytes."
    page.get_by_role("button", name="Relative").click()
    expect(page.locator(".bf-note")).to_be_empty()


def answer(given: str) -> tuple[str, list[str], str]:
    """What Python says of a state: the sentence, the notes, the bytes in hex."""
    key, _, rest = given.partition(":")
    try:
        data = read_hex(rest) if key == "bytes" else encode(key, rest)
    except BadReparse as wrong:
        return str(wrong), [], ""
    try:
        found = decode(data)
    except BadReparse as wrong:
        return str(wrong), [], data.hex()
    return f"{found.sentence} {len(data)} bytes.", list(found.notes), data.hex()


def targets(choose: random.Random, count: int) -> list[str]:
    """States: targets of every form, good and bad, and buffers with a few bytes changed."""
    fronts = [
        "C:\\",
        "z:\\",
        "C:",
        "\\\\server\\share\\",
        "\\\\?\\Volume{1}\\",
        "\\\\?\\C:\\",
        "\\\\.\\x",
        "..\\",
        ".\\",
        "\\",
        "",
        "",
        "\\??\\C:\\",
    ]
    names = [
        "a",
        "target",
        "..",
        ".",
        "été",
        "目标",
        "\U0001f600",
        "x y",
        "a/b",
        "n\0",
        "CON",
        "a:b",
        ".hidden",
        "",
        "\ufeff",
        "w" * 300,
    ]
    found = []
    for _ in range(count):
        kind = choose.choice(KINDS).key
        target = choose.choice(fronts) + "\\".join(choose.choice(names) for _ in range(choose.randint(0, 4)))
        found.append(f"{kind}:{target}")
        try:
            data = bytearray(encode(kind, target))
        except BadReparse:
            data = bytearray(encode(kind, {"junction": "C:\\a", "symlink": "C:\\b", "relative": "c"}[kind]))
        for _ in range(choose.randint(0, 3)):
            at = choose.randrange(min(len(data), choose.choice([8, 20, 64])))
            data[at] = choose.choice([0, 1, 2, 4, 8, 0xD8, 0xDC, 255, choose.randrange(256)])
        cut = bytes(data[: choose.choice([len(data)] * 5 + [choose.randrange(len(data))])])
        found.append("bytes:" + cut.hex(choose.choice([" ", ":", ",", "-"])))
        lines = [cut[at : at + 16] for at in range(0, len(cut), 16)]
        if choose.random() < 0.3:
            dump = "\n".join(
                f"{16 * n:04x}:  {line[:8].hex(' '):<23}  {line[8:].hex(' '):<23}  ab.." for n, line in enumerate(lines)
            )
            above = f"Reparse Tag Value : 0xa000000c\nReparse Data Length: {len(cut):#x}\n" if choose.random() < 0.3 else ""
            found.append(f"bytes:{above}{dump}")
    return found


def test_the_same_as_python(standalone: Callable[..., Page]) -> None:
    page, states = standalone(widget()), targets(random.Random(5), 700)
    shown = page.evaluate(
        """states => {
          const [kind, target, bytes] = [".rb select", ".rb input", ".rb textarea"].map(s => document.querySelector(s));
          const type = (field, text) => { field.value = text; field.dispatchEvent(new Event("input")); };
          return states.map(s => {
            const i = s.indexOf(":"), key = s.slice(0, i), rest = s.slice(i + 1);
            if (key === "bytes") type(bytes, rest);
            else { kind.value = key; type(target, rest); }
            return [document.querySelector(".rb-say").textContent, [...document.querySelectorAll(".rb-odd li")].map(x => x.textContent), bytes.value.replace(/[^0-9a-f]/g, "")];
          });
        }""",
        states,
    )
    kept = [(given, tuple(got)) for given, got in zip(states, shown, strict=True)]
    for given, (text, notes, digits) in kept:
        expected = answer(given)
        assert (text, notes) == expected[:2], given
        assert given.startswith("bytes:") or digits == expected[2], given
    assert len({got[0] for _, got in kept}) > 200
    assert sum("bytes." in got[0] for _, got in kept) > 300


def test_on_the_page_as_the_build_wrote_it(browse: Tabs) -> None:
    page = browse.open("files/ntfs-links")
    found = dict(cells.split("\t")[2:] for cells in page.locator(".rb tbody tr").all_inner_texts())
    rows = {field.split("\n")[0]: value for field, value in found.items()}
    assert (rows["SubstituteName"], rows["PrintName"], rows["Unused"]) == ("\\??\\C:\\target", "C:\\target", "00 00")


def test_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
