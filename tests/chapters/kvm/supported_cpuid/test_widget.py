"""The Python half of CompareBits: its state, what it carries, what it refuses."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import pytest

from syslab.bits.cpuid import BY_ANCHOR, REGISTERS, layouts
from syslab.chapters.kvm.supported_cpuid.model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED
from syslab.chapters.kvm.supported_cpuid.widget import CompareBits, Side
from syslab.widgets.base import FOLDER

OUTCOMES = {BOTH: "passed", FIRST: "masked", SECOND: "added", NEITHER: "clear", SAME: "same", CHANGED: "another", ZEROED: "dropped"}
ROWS = [
    ("0.0", (7, 0, 0, 0), (7, 0, 0, 0)),
    ("4.0", (1 << 5, 0, 0, 0), (1 << 5, 0, 0, 0)),
    ("4.1", None, (2 << 5, 0, 0, 0)),
    ("7.0", (2, 0b1000_1001, 0, 0x10), (0, 0b0000_0011, 0, 0x2000_0000)),
    ("99.0", (5, 0, 0, 0), None),
]
LAYOUTS = {"0.0": layouts(0), "4.0": layouts(4, 0), "4.1": layouts(4, 1), "7.0": layouts(7)}


def make(machines: dict[str, Side] | None = None, **options: Any) -> CompareBits:
    given = {"layouts": LAYOUTS, "titles": {"7.0": "more features", "4.0": ""}, "anchor": "cmp"} | options
    return CompareBits(
        machines or {"a": Side("A", ROWS, "who"), "b": Side("B", ROWS[:2])}, REGISTERS, ("host", "KVM"), OUTCOMES, **given
    )


def test_what_is_shown_is_compared_in_python_too() -> None:
    widget = make(start="7.0")
    assert widget.value == "7.0"
    assert {p.field.name: p.outcome for p in widget.compared["ebx"] if p.outcome != NEITHER} == {
        "FSGSBASE": BOTH,
        "TSC_ADJUST": SECOND,
        "BMI1": FIRST,
        "SMEP": FIRST,
    }
    assert [p.outcome for p in widget.compared["eax"]] == [ZEROED]
    widget.value = "0.0.b"
    assert [(p.field.name, p.outcome) for p in widget.compared["eax"]] == [("MAX_LEAF", SAME)]
    widget.value = "99.0"
    assert [(p.first, p.second, p.known, p.outcome) for p in widget.compared["eax"]] == [(5, 0, False, ZEROED)]
    assert widget.compared["ebx"] == []


def test_the_menu_says_how_each_entry_differs() -> None:
    rows = {row[0]: row for row in make().machines[0]["rows"]}
    assert rows["0.0"][3] == "" and rows["7.0"][3] == "−3 +2 ↓1"
    assert rows["4.1"][1] is None and rows["99.0"][2] is None
    totals = dict(zip((NEITHER, FIRST, SECOND, BOTH, SAME, CHANGED, ZEROED), make().machines[0]["totals"], strict=True))
    assert (totals[FIRST], totals[SECOND], totals[BOTH], totals[ZEROED]) == (3, 2, 1, 2)


def test_zeros_and_repeated_layouts_are_sent_once() -> None:
    widget = make({"a": Side("A", [*ROWS, ("7.1", (0, 0, 0, 0), None)])}, layouts={**LAYOUTS, "7.1": layouts(7, 1)})
    assert widget.machines[0]["rows"][-1] == ["7.1", 0, None, ""]
    names = iter(widget.fields["name"])
    carried = {(entry, word): list(islice(names, count)) for entry, word, _, _, count in widget.words}
    assert "7.1" not in {*widget.same, *(entry for entry, _ in carried)}
    assert widget.same["4.1"] == "4.0"
    assert carried["7.0", "ebx"] == [f.name for f in layouts(7)["ebx"].fields]


@pytest.mark.parametrize(
    ("machines", "options", "why"),
    [
        ({"A b": Side("x", ROWS)}, {}, "key 'A b'"),
        ({"7": Side("x", ROWS)}, {}, "key '7'"),
        ({"a": Side("empty", [])}, {}, "has no rows"),
        (None, {"start": "8.0"}, "no entry 8.0"),
        ({"a": Side("x", [("0.0", (1, 2), None)])}, {}, "2 words; there are 4 names"),
        ({"a": Side("x", [("0.0", (1 << 32, 0, 0, 0), None)])}, {}, "32 bits wide"),
    ],
)
def test_it_refuses(machines: dict[str, Side] | None, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make(machines, **options)


def test_it_refuses_no_machine_and_a_missing_word() -> None:
    with pytest.raises(ValueError, match="at least one machine"):
        CompareBits({}, REGISTERS, ("a", "b"), OUTCOMES, layouts={}, titles={}, anchor="x")
    with pytest.raises(ValueError, match="no word for zeroed"):
        fewer = {k: v for k, v in OUTCOMES.items() if k != ZEROED}
        CompareBits({"a": Side("A", ROWS)}, REGISTERS, ("a", "b"), fewer, layouts={}, titles={}, anchor="x")


def test_no_flag_and_no_outcome_is_named_in_javascript() -> None:
    text = (FOLDER.parent / "chapters/kvm/supported_cpuid/widget.js").read_text(encoding="utf-8")
    names = {f.name for layout in BY_ANCHOR.values() for f in layout.fields if len(f.name) > 2} - {"INDEX", "SIZE", "TYPE"}
    assert not [name for name in names if re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", text)]
    assert not re.search(r"masked|added|passed|\bcpuid\b|\bebx\b", text, re.IGNORECASE)
