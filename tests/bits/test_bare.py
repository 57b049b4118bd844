"""Digits alone: hex where logs print hex without 0x, decimal elsewhere, and the other reading is known."""

from __future__ import annotations

import pytest

from syslab.bits import anchors, get
from syslab.bits.bare import HEX, IN_HEX, InHex, as_logged, other_readings
from syslab.bits.page_fault import PFEC


@pytest.mark.parametrize(
    ("anchor", "text", "value", "other"),
    [
        ("pfec", "15", 0x15, 15),
        ("pfec", " 0002\n", 2, None),
        ("pfec", "1_5", 15, 0x15),  # as Python writes decimals
        ("pfec", "00000015", 0x15, 15),
        ("pfec", "c0de", 0xC0DE, None),
        ("pfec", "0x15", 0x15, None),
        ("pfec", "0b11", 3, None),
        ("pfec", "4294967295", 0xFFFF_FFFF, None),  # too many digits for hex
        ("cr0", "80050033", 0x8005_0033, 80_050_033),
        ("va", "7ffff7fc2000", 0x7FFF_F7FC_2000, None),
        ("cpuid-7-0-ebx", "80", 0x80, 80),
        ("wait", "139", 139, 0x139),
        ("shell-status", "137", 137, None),  # 0x137 does not fit
        ("shell-status", "15", 15, 0x15),
    ],
)
def test_both_readings(anchor: str, text: str, value: int, other: int | None) -> None:
    layout = get(anchor)
    assert layout.read(text).value == value
    found = other_readings(layout, text, value)
    assert [one.value for one in found] == ([] if other is None else [other])
    for one in found:  # and back again
        (back,) = other_readings(layout, text, one.value)
        assert back.value == value
        assert {one.how, back.how} == {"hex", "decimal"}


def test_it_says_which_was_taken() -> None:
    assert get("pfec").read("15").how == get("pfec").read("0").how == get("pfec").read("0002").how == HEX
    assert get("wait").read("15").how == "decimal"
    assert "hex (0x15 or 15)" in get("pfec").accepts and "decimal (21)" not in get("pfec").accepts
    assert "decimal (21)" in get("wait").accepts


def test_the_rest_of_the_layout_is_the_same() -> None:
    found = get("pfec")
    assert isinstance(found, InHex) and as_logged(found) is found and as_logged(PFEC) is found and get("pfec") is found
    assert found.fields == PFEC.fields and found.sentence(0x15) == PFEC.sentence(0x15)
    assert [reader for reader in found.readers if reader.label != HEX] == list(PFEC.readers)
    assert set(anchors()) >= IN_HEX
