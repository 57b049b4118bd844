"""Linear addresses: canonical or not, indices, the sentence, and Linux's regions."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from syslab.bits.address import VA, WIDTHS, canonical, from_walk, half, hole, walk
from syslab.chapters.memory.address_space.regions import KINDS, REGIONS
from syslab.questions import access_matrix

EDGES = {  # address -> canonical with four levels, with five
    0x0: (True, True), 0x7FFF_FFFF_FFFF: (True, True), 0x8000_0000_0000: (False, True), 0xFF_FFFF_FFFF_FFFF: (False, True),
    0x0100_0000_0000_0000: (False, False), 1 << 63: (False, False), 0xFEFF_FFFF_FFFF_FFFF: (False, False),
    0xFF00_0000_0000_0000: (False, True), 0xFFFF_7FFF_FFFF_FFFF: (False, True), 0xFFFF_8000_0000_0000: (True, True),
    (1 << 64) - 1: (True, True),
}  # fmt: skip


@pytest.mark.parametrize("address", EDGES, ids=hex)
def test_canonical(address: int) -> None:
    assert (canonical(address, 4), canonical(address, 5)) == EDGES[address]
    assert access_matrix.canonical(address, 48) == EDGES[address][0]


@pytest.mark.parametrize("levels", WIDTHS)
def test_the_hole_is_what_is_not_canonical(levels: int) -> None:
    first, last = hole(levels)
    assert [canonical(a, levels) for a in (first - 1, first, last, last + 1)] == [True, False, False, True]
    assert [half(a, levels) for a in (0, first - 1, first, last, last + 1)] == ["lower", "lower", "hole", "hole", "upper"]
    assert (1 << 64) // ((1 << 64) - (last + 1 - first)) == {4: 65536, 5: 128}[levels]


def test_walk() -> None:
    assert walk(0x7F6D_5413_7ABC) == ([0, 254, 437, 160, 311], 0xABC)
    assert walk(0xFFFF_8880_0000_0000).indices[1] == 273
    assert walk(0x8000_0000_0000).indices[1:] == walk(0xFFFF_8000_0000_0000).indices[1:]


@pytest.mark.parametrize("levels", WIDTHS)
def test_walk_and_back(levels: int) -> None:
    chance = random.Random(levels)
    for _ in range(200):
        indices, offset = [chance.randrange(512) for _ in range(levels)], chance.randrange(4096)
        address = from_walk(indices, offset)
        assert canonical(address, levels)
        assert walk(address) == (walk(address).indices[: 5 - levels] + indices, offset)


@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (1 << 64, ValueError), (True, TypeError), ("0x0", TypeError)])
def test_what_is_no_address(value: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="address"):
        walk(value)
    with pytest.raises(error, match="address"):
        canonical(value)


@pytest.mark.parametrize(("indices", "offset"), [([0, 0, 0], 0), ([512, 0, 0, 0], 0), ([0, 0, 0, -1], 0), ([0, 0, 0, 0], 4096)])
def test_what_is_no_walk(indices: list[int], offset: int) -> None:
    with pytest.raises(ValueError, match=r"levels|an index is 0 to 511|the offset is 0 to 4095"):
        from_walk(indices, offset)


@pytest.mark.parametrize("address", EDGES, ids=hex)
def test_the_sentence_says_what_the_functions_say(address: int) -> None:
    text, four, five = VA.sentence(address), *EDGES[address]
    assert text.startswith(
        "Canonical with four levels and with five" if four else "Canonical with five levels only" if five else "In the hole"
    )
    assert ("lower half" in text.split("Indices")[0] and "upper half" in text) is False
    assert ("upper half" in text) == (five and bool(address >> 63))
    shown = [f"PML4 {walk(address).indices[1]},", f"PT {walk(address).indices[4]};", f"offset {walk(address).offset:#x}."]
    assert all(part in text for part in shown)


def test_the_fields_are_the_walk() -> None:
    fields = VA.decode(0x7F6D_5413_7ABC).fields
    assert [fields[name] for name in ("PML5", "PML4", "PDPT", "PD", "PT")] == walk(0x7F6D_5413_7ABC).indices
    assert VA.reserved_mask == 0


@pytest.mark.parametrize("levels", REGIONS)
def test_regions_agree_with_the_hole(levels: int) -> None:
    regions, (first, last) = REGIONS[levels], hole(levels)
    assert all(a.end < b.start for a, b in pairwise(regions))
    assert (regions[0].start, regions[-1].end) == (0, (1 << 64) - 1)
    holes = [r for r in regions if r.kind == "hole"]
    assert (holes[0].start, holes[-1].end) == (first, last)
    assert holes[0].end + 1 == holes[1].start == 1 << 63
    for region in regions:
        assert region.kind in KINDS
        assert (region.kind == "hole") == (not canonical(region.start, levels)) == (not canonical(region.end, levels))
        assert region.kind != "user" or not region.end >> 63
        assert region.kind != "kernel" or region.start >> 63


@pytest.mark.parametrize("address", [0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 1 << 63])
def test_an_address_in_the_hole_has_two_exceptions(address: int) -> None:
    """SDM volume 3A, Linear-Address Pre-Processing: #GP, and #SS where the stack segment is used, as with RSP and RBP."""
    assert "#GP, or #SS by RSP or RBP" in VA.sentence(address)
