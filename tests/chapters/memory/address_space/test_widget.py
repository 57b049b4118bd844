"""The Python half of AddressMap: what it carries and what it refuses."""

from __future__ import annotations

import re

import pytest

from syslab.chapters.memory.address_space.regions import REGIONS
from syslab.chapters.memory.address_space.widget import AddressMap, Space
from syslab.widgets.base import FOLDER

GOOD = Space("good", [(0, 9, "a", "user"), (16, 31, "b", "kernel")], {"All": (0, 255)}, "made up")


def test_it_carries_hex_text() -> None:
    made = AddressMap({"one": GOOD}, value=20, width=8)
    assert made.value == "0x14"
    assert made.spaces[0]["regions"] == [["0x0", "0x9", "a", "user"], ["0x10", "0x1f", "b", "kernel"]]
    assert made.spaces[0]["views"] == [["All", "0x0", "0xff"]]


@pytest.mark.parametrize(
    ("spaces", "why"),
    [
        ({}, "at least one"),
        ({"A b": GOOD}, "key 'A b'"),
        ({"a": Space("x", [(0, 9, "a", "user"), (9, 12, "b", "user")], {})}, "b .* overlaps"),
        ({"a": Space("x", [(0, 256, "a", "user")], {})}, "leaves 8 bits"),
        ({"a": Space("x", [(5, 4, "a", "user")], {})}, "out of order"),
        ({"a": Space("x", [(0, 4, "a", "blue")], {})}, "'blue', none of"),
        ({"a": Space("x", [], {"All": (4, 256)})}, "the view All"),
    ],
)
def test_it_refuses(spaces: dict[str, Space], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AddressMap(spaces, width=8)


def test_an_address_has_to_fit() -> None:
    with pytest.raises(ValueError, match="does not fit in 8 bits"):
        AddressMap({"a": GOOD}, value=256, width=8)


def test_no_region_and_no_border_is_named_in_javascript() -> None:
    path = FOLDER.parent / "chapters/memory/address_space/widget.js"
    text = path.read_text(encoding="utf-8")
    assert not [r.name for regions in REGIONS.values() for r in regions if r.name not in ("unused",) and r.name in text]
    assert not re.search(r"0x[0-9a-f]{12,}(?!\))", text.replace("0x7fff00000000", ""))
