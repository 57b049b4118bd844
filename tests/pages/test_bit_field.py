"""The register of switches: by mouse, keyboard, text, link; and that its arithmetic is Python's."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.bits import Layout, anchors, get
from syslab.bits.bare import HEX
from syslab.widgets import BitField
from syslab.widgets.base import FOLDER
from tools.chapters import all_chapters
from tools.environment import ROOT
from tools.sphinx_ext.widgets import classic

from .conftest import UNFOLD, Site, Tabs

CHAPTER = "memory/page-fault-error-code"
PASTED = ROOT / "tests" / "bits" / "data" / "pasted.json"
PFEC = get("pfec")
START = PFEC.examples[0][1]
OOPS = """BUG: unable to handle page fault for address: ffffffff81000000
#PF: supervisor write access in kernel mode
#PF: error_code(0x0003) - permissions violation
PGD 2a0e067 P4D 2a0e067 PUD 2a0f063 PMD 10000e1
Oops: 0003 [#1] PREEMPT SMP NOPTI
CPU: 1 PID: 312 Comm: insmod Not tainted 6.12.117 #1"""
LINES = {  # each of the layout's readers, in their order, with a line as it is logged
    "#PF: error_code(0x0015) - permissions violation": 0x15,
    "a.out[512]: segfault at 10 ip 0000000000000000 sp 0000000000000000 error 15 in a.out[400000+1000]": 0x15,
    "     1: v=0e e=0007 i=0 cpl=3 IP=0033:0000000000401136 pc=0000000000401136 SP=002b:00007ffc CR2=0000000000404000": 0x7,
    "kvm_inj_exception: #PF (0x11)": 0x11,
    "kvm_exit: vcpu 0 reason PF excp rip 0x0 info1 0x0 info2 0x0 intr_info 0x80000b0e error_code 0x00000002": 0x2,
    "page_fault_user: address=0x7f3a10 ip=0x401136 error_code=0x6": 0x6,
    "Oops: 0002 [#1] SMP": 0x2,
    "Bad pagetable: 000d [#1] SMP PTI": 0xD,
    "kvm_mmu_walker_error: pferr 3 P|W": 0x3,
    "error code: 0000000000000010": 0x10,
    "kernel: page fault trap, code=2": 0x2,
}
OTHERS = (
    "traps: a.out[9] general protection fault ip:401136 sp:7ffc error:0 in a.out[401000+1000]",
    "invalid opcode: 0000 [#1] SMP",
    "     2: v=0d e=0000 i=0 cpl=0 IP=0010:ffffffff81000000",
)


def bit(page: Page | Locator, number: int) -> Locator:
    """The button of one bit."""
    return page.locator(f'.bf-bit[data-bit="{number}"]')


def focused(page: Page) -> int:
    """The bit that has the focus."""
    return int(page.evaluate("document.activeElement.dataset.bit ?? -1"))


def shows(page: Page, value: int, layout: Layout = PFEC, link: bool = True) -> None:
    """Bits, field, sentence, and address bar agree on ``value``."""
    expect(page.locator(".bf .bf-in")).to_have_value(layout.hex(value))
    expect(page.locator(".bf-say")).to_have_text(layout.sentence(value))
    pressed = page.locator(".bf-bit").evaluate_all("all => all.map(b => [b.dataset.bit, b.ariaPressed])")
    assert {int(n): word for n, word in pressed} == {n: str(bool(value >> n & 1)).lower() for n in range(layout.width)}
    assert page.locator('.bf-bit[tabindex="0"]').count() == 1
    if link:
        assert page.url.rpartition("#")[2].split("&")[-1] == f"{layout.anchor}={value:#x}"


def type_in(page: Page, text: str) -> None:
    """Fill the field and press Enter."""
    page.locator(".bf .bf-in").fill(text)
    page.locator(".bf .bf-in").press("Enter")


def test_mouse(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    shows(page, START, link=False)
    bit(page, 4).click()
    shows(page, START | 0x10)
    bit(page, 4).click()
    shows(page, START)
    bit(page, 31).click()
    shows(page, START | 1 << 31)
    page.get_by_role("button", name="NX fetch").click()
    shows(page, 0x15)
    expect(page.get_by_role("button", name="NX fetch")).to_have_attribute("aria-pressed", "true")
    expect(bit(page, 1)).to_have_accessible_name("bit 1 W/R")
    expect(bit(page, 9)).to_have_accessible_name("bit 9 reserved")


def test_looks_the_same_beside_other_widgets(browse: Tabs) -> None:
    look = """() => { const { fontSize, color, height } = getComputedStyle(document.querySelector(".bf-presets button:not([aria-pressed=true])"));
      return [fontSize, color, height]; }"""
    assert browse.open("index").evaluate(look) == browse.open(CHAPTER).evaluate(look)


def test_every_field_table_follows(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x15")
    page.locator(".bf-all > summary").click()
    rows = page.locator(".bf-all tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].slice(0, 3).map(c => c.textContent))")
    assert rows == [[f.bits, f.name, f.text(f.of(0x15))] for f in reversed(PFEC.fields)]


@pytest.mark.parametrize(("width", "columns"), [(1280, 16), (360, 8)])
def test_keyboard(browse: Tabs, width: int, columns: int) -> None:
    page = browse.open(CHAPTER, width=width)
    page.locator('.bf-bit[tabindex="0"]').focus()
    for key, to in (("End", 0), ("ArrowLeft", 1), ("ArrowUp", 1 + columns), ("ArrowRight", columns), ("ArrowDown", 0)):
        page.keyboard.press(key)
        assert focused(page) == to
    for key, to in (("ArrowRight", 31), ("ArrowLeft", 0), ("ArrowDown", 32 - columns), ("Home", 31), ("ArrowUp", columns - 1)):
        page.keyboard.press(key)  # round the ends
        assert focused(page) == to
    page.keyboard.press("End")
    page.keyboard.press("Space")
    shows(page, START ^ 1)
    assert focused(page) == 0
    page.keyboard.press("Enter")
    shows(page, START)
    page.keyboard.press("Tab")  # one stop, then the field
    expect(page.locator(".bf .bf-in")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x15", 0x15),
        ("21", 0x21),
        ("c0de", 0xC0DE),
        ("4294967295", (1 << 32) - 1),
        ("0b10101", 21),
        (" 0X1f ", 0x1F),
        ("0x8000_0000", 1 << 31),
    ],
)
def test_numbers(browse: Tabs, text: str, value: int) -> None:
    page = browse.open(CHAPTER)
    type_in(page, text)
    shows(page, value)


def test_log_lines(browse: Tabs) -> None:
    kinds = [reader.label for reader in PFEC.readers if reader.base == 16 and reader.label != HEX]
    assert len(kinds) == len(LINES)
    page = browse.open(CHAPTER)
    for label, (line, value) in zip(kinds, LINES.items(), strict=True):
        type_in(page, line)
        shows(page, value)
        expect(page.locator(".bf .bf-how")).to_have_text(f"read as {label}")


def test_whole_oops_pasted(browse: Tabs) -> None:
    page = browse.open(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", OOPS)
    page.locator(".bf .bf-in").focus()
    page.keyboard.press("Control+v")
    shows(page, 3)
    expect(page.locator(".bf .bf-how")).to_have_text("read as the #PF line of an oops")


def test_digits_alone_have_two_readings(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    how = page.locator(".bf .bf-how")
    type_in(page, "15")
    shows(page, 0x15)
    expect(how).to_have_text("read as hex, as logs print it without 0x; as decimal it is 0xf")
    how.get_by_role("button").press("Enter")
    shows(page, 15)
    expect(how).to_have_text("read as decimal; as hex it is 0x15")
    expect(how.get_by_role("button")).to_be_focused()
    type_in(page, "7")  # the same in both
    expect(how).to_have_text("read as hex, as logs print it without 0x")
    page.goto("about:blank")
    page.goto(browse.site.url(CHAPTER, "#pfec=15"))
    shows(page, 0x15, link=False)
    expect(how).to_have_text("read as hex, as logs print it without 0x; as decimal it is 0xf")


def test_decimal_where_logs_print_decimal(standalone: Callable[..., Page]) -> None:
    page = standalone(BitField(get("shell-status")))
    type_in(page, "137")
    expect(page.locator(".bf-how")).to_have_text("read as decimal")  # as hex it would not fit
    type_in(page, "15")
    expect(page.locator(".bf-how")).to_have_text("read as decimal; as hex it is 0x15")


def test_leaving_the_field_is_enough(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    page.locator(".bf .bf-in").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("0x4")
    page.keyboard.press("Tab")
    shows(page, 4)


def test_unreadable_text(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x15")
    how, field = page.locator(".bf .bf-how"), page.locator(".bf .bf-in")
    for text in ("zz", "0x", "-1", "1.5", "hello world", "<b>0x15</b>"):
        type_in(page, text)
        expect(how).to_have_text(f"page-fault error code (32 bits): cannot read “{text}”; accepted: {PFEC.accepts}")
        expect(field).to_have_value(text)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".bf-say")).to_have_text("Nothing was read; the bits are still those of 0x00000015.")
        assert page.url.endswith("#pfec=0x15")
    type_in(page, "")
    expect(how).to_contain_text("nothing to read; accepted: hex (0x15 or 15)")
    type_in(page, "0x3")
    shows(page, 3)
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(how).to_have_text("read as hex")


def test_too_wide(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    type_in(page, "0x1ffffffff")
    expect(page.locator(".bf .bf-how")).to_have_text("page-fault error code is 32 bits wide; 0x1ffffffff does not fit")
    type_in(page, "9" * 5000)
    expect(page.locator(".bf .bf-how")).to_have_text("page-fault error code (32 bits): a number of 5000 digits does not fit")
    type_in(page, "9" * 70_000)
    expect(page.locator(".bf .bf-how")).to_contain_text("70000 characters are too many to read")
    expect(page.locator(".bf-say")).to_have_text(f"Nothing was read; the bits are still those of {PFEC.hex(START)}.")


def test_a_refusal_takes_the_sentence_and_the_warning_away(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x8")
    expect(page.locator(".bf-warn")).to_be_visible()
    type_in(page, "kvm_page_fault: vcpu 5 rip 0x0 address 0x113600002 error_code 0x181")
    expect(page.locator(".bf .bf-how")).to_contain_text("EPT exit qualification")
    expect(page.locator(".bf-say")).to_have_text("Nothing was read; the bits are still those of 0x00000008.")
    expect(page.locator(".bf-warn")).to_be_hidden()
    bit(page, 0).click()  # a bit is flipped, and all speaks again
    shows(page, 0x9)


def test_what_else_a_text_holds_is_offered(standalone: Callable[..., Page]) -> None:
    page = standalone(BitField(get("sigmask")))
    type_in(page, "SigBlk:\t0000000000010000\nSigIgn:\t0000000000384004")
    how = page.locator(".bf-how")
    expect(how).to_contain_text("read as SigBlk of /proc/PID/status")
    how.get_by_role("button", name="as SigIgn of /proc/PID/status, ignored it is 0x384004").click()
    expect(page.locator(".bf-say")).to_have_text(get("sigmask").sentence(0x384004))
    expect(how.get_by_role("button", name="it is 0x10000")).to_be_focused()


def test_another_exceptions_line(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x15")
    for line in OTHERS:
        type_in(page, line)
        expect(page.locator(".bf .bf-how")).to_contain_text("this line reports another exception, not a page fault")
        expect(page.locator(".bf-say")).to_contain_text("Nothing was read")


def test_link_on_load_and_by_change(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x15")
    shows(page, 0x15)
    expect(page.locator(".bf")).to_be_in_viewport()
    page.evaluate("location.hash = '#pfec=0x7'")
    shows(page, 7)
    page.evaluate("location.hash = '#sources'")
    shows(page, 7, link=False)
    page.go_back()
    shows(page, 7)


def test_measured_codes_open_it(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    page.evaluate(UNFOLD)
    measured = '.measured a[href^="#pfec="]:visible'
    links = page.locator(measured).evaluate_all("all => [...new Set(all.map(link => link.getAttribute('href')))].sort()")
    assert len(links) > 3
    for link in links:
        page.locator(f'{measured}[href="{link}"]').first.click()
        shows(page, int(link.partition("=")[2], 16))
        expect(page.locator(".bf")).to_be_in_viewport()
    # also when it is in the address bar already
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    expect(page.locator(".bf")).not_to_be_in_viewport()
    page.locator(f'{measured}[href="{links[-1]}"]').first.evaluate("a => a.click()")
    expect(page.locator(".bf")).to_be_in_viewport()


@pytest.mark.parametrize("bad", ["zz", "", "%E0%A4%A", "0x1ffffffff", "%3Cimg%20src=x%3E"])
def test_malformed_fragment(browse: Tabs, bad: str) -> None:
    page = browse.open(CHAPTER, f"#pfec={bad}")
    note = re.compile(r"^The link’s #pfec=.*could not be read \(.*\)\. This is the default\.$")
    shows(page, START, link=False)
    expect(page.locator(".bf .bf-how")).to_have_text(note)
    expect(page.locator(".bf .bf-how")).to_be_visible()
    page.evaluate("location.hash = '#pfec=0x15'")
    shows(page, 0x15)
    expect(page.locator(".bf .bf-how")).to_be_empty()
    page.evaluate("bad => { location.hash = '#pfec=' + bad }", bad)
    expect(page.locator(".bf .bf-how")).to_have_text(note)
    shows(page, START, link=False)


def test_other_parts_of_the_fragment_are_kept(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#other=a%26b%&pfec=0x4")
    shows(page, 4)
    bit(page, 0).click()
    assert page.url.endswith("#other=a%26b%&pfec=0x5")


def test_impossible_combinations_are_named(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    warning = page.locator(".bf-warn")
    expect(warning).to_be_hidden()
    for case in PFEC.impossible:
        type_in(page, hex(case.equals))
        expect(warning).to_be_visible()
        expect(warning).to_contain_text(case.text)
        assert (warning.text_content() or "").startswith("This should not occur. ")
    type_in(page, "0x15")
    expect(warning).to_be_hidden()


def test_reserved_bits_are_named(browse: Tabs) -> None:
    page = browse.open(CHAPTER, "#pfec=0x300")
    expect(page.locator(".bf-say")).to_contain_text("Reserved bits set: 8, 9.")


def test_several_layouts(standalone: Callable[..., Page]) -> None:
    layouts = [PFEC, get("wait"), get("sigmask"), get("shell-status")]
    page = standalone(BitField(*layouts), fragment="#x=1")
    menu = page.get_by_label("Register", exact=True)
    for index, layout in [*enumerate(layouts), (0, PFEC)]:
        start = layout.examples[0][1]
        menu.select_option(str(index))
        assert page.locator(".bf-bit").count() == layout.width
        if page.url.endswith("#x=1"):  # the first was chosen already
            bit(page, 0).click()
            bit(page, 0).click()
        shows(page, start, layout)
        bit(page, layout.width - 1).click()
        shows(page, start ^ 1 << layout.width - 1, layout)
        assert page.url.endswith(f"#x=1&{layout.anchor}={start ^ 1 << layout.width - 1:#x}")  # one state of one widget
        page.reload()
        shows(page, start ^ 1 << layout.width - 1, layout)
        expect(menu).to_have_value(str(index))
    for _ in range(2):  # fewer bits than columns: the arrows stay inside
        menu.select_option("3")
        page.locator('.bf-bit[tabindex="0"]').focus()
        for key in ("ArrowUp", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp"):
            page.keyboard.press(key)
            assert 0 <= focused(page) < 8
        page.set_viewport_size({"width": 360, "height": 800})


def test_two_on_a_page_keep_both_states(standalone: Callable[..., Page]) -> None:
    page = standalone(BitField(PFEC), BitField(get("wait")), fragment="#wait=0x8b&pfec=0x15")
    first, second = page.locator(".bf").all()
    expect(first.locator(".bf-in")).to_have_value("0x00000015")
    expect(second.locator(".bf-in")).to_have_value("0x0000008b")
    bit(first, 0).click()
    bit(second, 7).click()
    assert page.url.endswith("#pfec=0x14&wait=0xb")


# ── the same arithmetic in both languages ──

# JSON both ways: Playwright's own encoding of this many values takes seconds
JAVASCRIPT = """given => {
  const [layouts, values, texts] = JSON.parse(given), js = rsn.layouts;
  return JSON.stringify(layouts.map((L, i) => ({
    values: values[i].map(s => { const v = BigInt(s); return [js.fullHex(L, v), js.sentence(L, v), js.reservedBits(L, v),
      L.impossible.filter(c => js.holds(c, v)).map(c => c[2]), L.fields.map(f => js.fieldText(f, js.fieldValue(f, v)))]; }),
    texts: texts.map(t => { const r = js.readWord(L, t); return r.error === undefined ? [r.value.toString(), r.how] : null; }),
  })));
}"""
TEXTS = (
    *LINES, *OTHERS, OOPS, "0", "1", "255", "256", "0x0", "0xF", "0X15", "0xffffffff", "0x100000000", "18446744073709551615",
    "18446744073709551616", "0b1", "0b102", "0b", "0x", "0x_", "_1", "1_000", "007", "08", "-1", "-15", "+1", "1e3", "1.0", "",
    " ", "\n", "0x15\n", "\t21\r\n", "zz", "15h", "0x15 0x16", "٢١", "２１", "a" * 70_000, "9" * 3000, "exit code 137", "Exited (137) 2 days ago",
    "exit status 143", "$?=143", "$? == 1", "make: *** [all] Error 143", "code=exited, status=143/n/a", "code=killed, status=15/TERM",
    "(1234, 35584)", "status=0x8b", "wstatus: 0x137f", "si_status=11", "SigBlk:\t0000000000010000", "SigIgn: 0000000001001000",
    "SigCgt:\t00000001800004ec", "ShdPnd:\t0000000000004000", "SigPnd:\t0000000000000000", "SigQ:\t0/31123", "SigBlk: 00ff", "0000000000004002",
    "1 (a) S " + " ".join("0" * 48) + " 139", "77 (a b) c) Z " + " ".join(["-1", *"0" * 47]) + " 256",
    *(line["text"] for line in json.loads(PASTED.read_text(encoding="utf-8"))), "Exited (137)", "SigCgt:\t00000001800004ec",
)  # fmt: skip


OFFERED = {
    "error_code= in decimal",
    *(f"what ps s shows as {column}" for column in ("PENDING", "IGNORED", "CAUGHT")),
}  # never the first reading


def interesting(layout: Layout) -> list[int]:
    """Edges of the word and of every field, named values, what cases test for, and random words."""
    top = (1 << layout.width) - 1
    values = {0, top, *(1 << i for i in range(layout.width)), *(top ^ 1 << i for i in range(layout.width))}
    values |= {value for _, value in layout.examples}
    values |= {case.equals & top for clause in (*layout.clauses, layout.impossible) for case in clause}
    for field in layout.fields:
        values |= {field.mask, *(own << field.bit for own in field.values)}
    rng = random.Random(layout.anchor)
    values |= {rng.getrandbits(layout.width) for _ in range(60)} | {
        rng.getrandbits(layout.width) & rng.getrandbits(layout.width) for _ in range(20)
    }
    return sorted(values)


def python_read(layout: Layout, text: str) -> list[str] | None:
    """What Layout.read makes of it, or None if it refuses."""
    try:
        reading = layout.read(text)
    except ValueError:
        return None
    return [str(reading.value), reading.how]


@pytest.fixture(scope="module")
def both(browser: Any) -> list[tuple[Layout, list[int], dict[str, Any]]]:
    """Every layout with its values and what JavaScript makes of them, in one go."""
    layouts = [get(anchor) for anchor in anchors()]
    values = [interesting(layout) for layout in layouts]
    page = browser.new_page()
    page.add_script_tag(content=classic(FOLDER / "layouts.js"))  # as pages have it
    given = [[layout.to_dict() for layout in layouts], [[hex(v) for v in each] for each in values], TEXTS]
    found = json.loads(page.evaluate(JAVASCRIPT, json.dumps(given)))
    page.close()
    return list(zip(layouts, values, found, strict=True))


def test_javascript_says_what_python_says(both: list[tuple[Layout, list[int], dict[str, Any]]]) -> None:
    for layout, values, found in both:
        assert len(values) > 80 or layout.width < 32
        for value, said in zip(values, found["values"], strict=True):
            decoded = layout.decode(value)
            words = [field.text(decoded.fields[field.name]) for field in layout.fields]
            expected = [layout.hex(value), decoded.sentence, list(decoded.reserved), list(decoded.impossible), words]
            assert said == expected, f"{layout.anchor} {value:#x}"


def test_javascript_reads_what_python_reads(both: list[tuple[Layout, list[int], dict[str, Any]]]) -> None:
    for layout, _, found in both:
        for text, read in zip(TEXTS, found["texts"], strict=True):
            assert read == python_read(layout, text), f"{layout.anchor} {text[:80]!r}"
    read = {how for layout, _, found in both for pair in found["texts"] if pair for how in [pair[1]]}
    for anchor in ("pfec", "wait", "shell-status", "sigmask"):
        assert {reader.label for reader in get(anchor).readers if reader.base} - OFFERED <= read


def test_pages_carry_the_layouts_as_they_are(site: Site) -> None:
    """What was compared above is what the pages have."""
    carried = [state for chapter in all_chapters() for state in site.widgets(chapter.name) if state.get("layouts")]
    assert carried
    for state in carried:
        assert state["module"] == "bit_field"
        for layout in state["layouts"]:
            assert layout == get(layout["anchor"]).to_dict() | {"start": layout["start"]}
