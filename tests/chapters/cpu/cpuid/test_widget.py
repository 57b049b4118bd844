"""The Python half of LeafBrowser: its state, what it carries, what it refuses."""

from __future__ import annotations

import gzip
import json
import re
from itertools import islice

import pytest

from syslab.bits.cpuid import BY_ANCHOR, LEAVES, layouts
from syslab.chapters.cpu.cpuid import ask as cpuid
from syslab.chapters.cpu.cpuid import show
from syslab.chapters.cpu.cpuid.widget import LeafBrowser, Machine
from syslab.evidence import Answer, recorded
from syslab.evidence.records import witnesses
from syslab.native.cpuid import Leaf
from syslab.widgets.base import FOLDER

RECORD = Answer(cpuid.leaves, [recorded(cpuid.leaves)])


def row(leaf: int, subleaf: int = 0, eax: int = 0, ebx: int = 0) -> Leaf:
    return {"leaf": leaf, "subleaf": subleaf, "eax": eax, "ebx": ebx, "ecx": 0, "edx": 0}


SMALL = Machine("small", [row(0, eax=7), row(7, ebx=1 << 7), row(0x1234, eax=5)], "made up")


def test_it_starts_with_the_first_row_of_the_first_machine() -> None:
    browser = LeafBrowser({"a": SMALL, "b": SMALL})
    assert browser.value == "0.0"
    assert browser.decoded["eax"].fields == {"MAX_LEAF": 7}
    assert [m["key"] for m in browser.machines] == ["a", "b"]
    assert browser.machines[0]["rows"][1] == [7, 0, 0, 1 << 7, 0, 0]
    assert LeafBrowser({"a": SMALL}, start=(7, 0)).value == "7.0"


def test_what_is_shown_decodes_in_python_too() -> None:
    browser = LeafBrowser({"a": SMALL, "b": Machine("other", [row(0), row(7)])}, start=(7, 0))
    assert browser.decoded["ebx"].set_names == ("SMEP",)
    browser.value = "7.0.b"
    assert browser.decoded["ebx"].set_names == ()
    browser.value = "1234.0"
    assert browser.decoded == {}
    browser.value = "9.0"
    assert browser.decoded == {}


@pytest.mark.parametrize(
    ("machines", "start", "why"),
    [
        ({}, None, "at least one machine"),
        ({"A b": SMALL}, None, "key 'A b'"),
        ({"7": SMALL}, None, "key '7'"),
        ({"a": Machine("empty", [])}, None, "answered no leaf"),
        ({"a": SMALL}, (1, 0), "no leaf 0x1 subleaf 0"),
    ],
)
def test_it_refuses(machines: dict[str, Machine], start: tuple[int, int] | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LeafBrowser(machines, start)


def fields(browser: LeafBrowser) -> dict[tuple[str, str], list[str]]:
    names = iter(browser.fields["name"])
    return {(leaf, r): list(islice(names, count)) for leaf, r, _, count in browser.registers}


def test_it_carries_each_layout_once_and_only_those_of_use() -> None:
    carried = fields(LeafBrowser({"a": SMALL}))
    assert carried["7.0", "ebx"] == [f.name for f in layouts(7)["ebx"].fields]
    assert ("7.1", "eax") in carried, "features can be found although no machine answers the leaf"
    assert ("4.n", "eax") not in carried and ("80000002.0", "eax") not in carried
    full = fields(show.browser(RECORD))
    occur = {(r["leaf"], r["subleaf"]) for r in RECORD.data}
    for (leaf, subleaf), found in LEAVES.items():
        key = f"{leaf:x}.{'n' if subleaf is None else subleaf}"
        if (leaf, subleaf) in occur:
            assert all((key, r) in full for r in found)
    assert len(full) <= len(BY_ANCHOR)


def test_every_witness_that_has_a_record_is_in_the_menu() -> None:
    assert [m["key"] for m in show.browser(RECORD).machines] == witnesses("cpuid.leaves")


def test_it_is_light() -> None:
    browser = show.browser(RECORD)
    carried = json.dumps([browser.machines, browser.registers, browser.fields, browser.titles], separators=(",", ":")).encode()
    assert len(gzip.compress(carried, 9)) < 16_000


def test_no_feature_is_named_in_javascript() -> None:
    text = (FOLDER.parent / "chapters/cpu/cpuid/widget.js").read_text(encoding="utf-8")
    names = {f.name for layout in BY_ANCHOR.values() for f in layout.fields if len(f.name) > 2} - {"INDEX", "SIZE", "TYPE"}
    assert not [name for name in names if re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", text)]
