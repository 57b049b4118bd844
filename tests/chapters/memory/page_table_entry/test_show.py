"""Tables of the chapter on page-table entries, and the page walk's Python half."""

from __future__ import annotations

import random
from typing import Any

import pytest

from syslab.bits import get
from syslab.bits.memory_type import LINUX, POWER_ON, index, memory_type
from syslab.chapters.memory import page_table_entry
from syslab.chapters.memory.page_table_entry import pictures, show
from syslab.chapters.memory.page_table_entry.ask import FULL, TAKEN, WALK
from syslab.chapters.memory.page_table_entry.widget import PageWalk, entry_bits
from syslab.evidence import recorded
from syslab.qemu.bare_metal_protocol import Request
from syslab.questions.access_combinations import modes
from syslab.questions.access_matrix import predict


def test_kinds_shows_every_difference() -> None:
    rows = {row[0]: row[1:] for _, row in show.kinds().shown_rows()}
    assert list(rows) == ["6", "7", "8", "12", "20:13", "29:21", "62:59"]
    assert rows["7"] == ["PAT", "PS", "PS", "PS"]
    assert rows["12"] == ["frame", "PAT", "PAT", "frame"]
    assert rows["20:13"] == ["frame", "reserved", "reserved", "frame"]
    assert rows["29:21"] == ["frame", "frame", "reserved", "frame"]


def test_the_picture_of_the_bits_is_the_layouts() -> None:
    for layout in (get("pte"), get("pde-2m"), get("pdpte-1g"), get("paging-table")):
        parts = pictures.parts(layout)
        assert sum(part.places for part in parts) == len(pictures.SPANS)
        for part in parts:
            high, low = pictures.SPANS[part.first][0], pictures.SPANS[part.first + part.places - 1][1]
            names = {show.name_of(layout, bit) for bit in range(low, high + 1)}
            assert len(names) == 1, "no border within a part"
            assert part.name in ("", *names)
        written = [part.name for part in parts if part.owner == "written"]
        assert written == (["A"] if layout.anchor == "paging-table" else ["D", "A"])


def test_the_picture_of_what_the_cpu_wrote_names_where_witnesses_differ() -> None:
    both = [recorded(page_table_entry.accessed_dirty, witness) for witness in ("tcg-max", "kvm-pvm")]
    words = repr(pictures.written(both))
    assert "4 KByte, user write, PTE read-only" in words.partition("differ in: ")[2].partition("\n")[0]
    assert "The witnesses agree" in repr(pictures.written(both[:1]))


def test_software_bits() -> None:
    rows = {row[0]: row[1:] for _, row in show.software_bits().shown_rows()}
    assert set(rows) == {9, 10, 11, 57, 58}
    assert "DEVMAP" in rows[58][0]
    assert "SAVED_DIRTY" in rows[58][1]
    assert rows[57][0] == "–"
    assert "DEVMAP" in rows[57][1]
    assert "DEVMAP" not in "".join(row[2] for row in rows.values())


def test_memory_types() -> None:
    assert [memory_type(POWER_ON, n).split(",")[0] for n in range(8)] == ["WB", "WT", "UC-", "UC"] * 2
    assert [memory_type(LINUX, n).split(",")[0] for n in range(8)] == ["WB", "WC", "UC-", "UC", "WB", "WP", "UC-", "WT"]
    assert index(get("pte"), 0x80000001234560E7) == 4
    assert index(get("pde-2m"), 0xE7) == 0  # bit 7 is PS there
    assert index(get("pde-2m"), 0xE7 | 1 << 12 | 0x18) == 7
    assert index(get("paging-table"), 0x1F) == 3


def test_values_of_the_chapter() -> None:
    pte = get("pte")
    assert pte.decode(0x8000000000000067).set_names == ("XD", "D", "A", "U/S", "R/W", "P")
    decoded = pte.decode(0x80000001234560E7)
    assert (decoded.fields["PAT"], decoded.fields["FRAME"]) == (1, 0x123456)
    decoded = pte.decode(0x8000000123456867)
    assert (decoded.fields["FRAME"], decoded.value >> 9 & 7) == (0x123456, 4)
    assert pte.decode(0x8000000000000163).set_names == ("XD", "G", "D", "A", "R/W", "P")


def test_tables_have_their_rows() -> None:
    rights = show.rights(recorded(page_table_entry.rights, "tcg-max"))
    assert len(rights.shown_rows()) == len(TAKEN)
    assert "any\u00a0level" in repr(rights)
    assert "A D" in repr(show.accessed_dirty(recorded(page_table_entry.accessed_dirty, "tcg-max")))
    assert "ordinary user" in repr(show.pagemap([recorded(page_table_entry.pagemap)]))
    assert "<th" in show.kinds()._repr_html_()


def test_both_witnesses_in_one_table() -> None:
    both = [recorded(page_table_entry.accessed_dirty, witness) for witness in ("tcg-max", "kvm-pvm")]
    table = show.accessed_dirty(both)
    refused = [mark for mark, row in table.shown_rows() if mark]
    assert table.caption == "A and D after the access" and set(refused) == {"differs"}
    assert (
        "the same from tcg-max and kvm-pvm"
        in show.rights([recorded(page_table_entry.rights, one) for one in ("tcg-max", "kvm-pvm")]).caption
    )


def test_and_and_or_are_what_the_model_says() -> None:
    """The walk combines the levels; the model walks them one by one. Both must agree."""
    walk, chosen = show.walk(), random.Random(3)
    for _ in range(400):
        entries = [chosen.randrange(16) | chosen.choice((0, 1)) for _ in range(4)]
        key = chosen.choice(list(show.CONTROLS))
        walk.value = ".".join(f"{e:x}" for e in entries) + ("" if key == "plain" else f".{key}")
        told = walk.outcomes[key][walk.combined]
        raw: dict[str, Any] = {level: FULL[level] & ~7 | entry_bits(entry) for level, entry in zip(WALK, entries, strict=True)}
        for code, (_, _, way) in zip(told, modes(), strict=True):
            model = predict(Request(**raw, **way, **show.CONTROLS[key][1])).error_code
            assert code == (-1 if model is None else model), walk.value


def test_page_walk_takes_what_links_say() -> None:
    walk = PageWalk({"plain": ("x", [[-1] * 6 for _ in range(16)])}, "7.7.5.1f.plain.user-fetch.0x1000.s2")
    assert walk.combined == 0b1101
    assert (walk.tables, walk.lows, walk.address) == (["PML4", "PDPT", "PD", "PT"], [39, 30, 21, 12], "0x7f6d54137abc")


def test_page_walk_refuses() -> None:
    table = [[-1] * 6 for _ in range(16)]
    for value in ("7", "7.7.7.7.7", "7.7.7.80", "7.7.1f.7", "7.7.7.7.other", "7.7.7.7.s", "7.7.7.7.0x", ""):
        with pytest.raises(ValueError, match="two to four entries"):
            PageWalk({"plain": ("x", table)}, value)
    with pytest.raises(ValueError, match="16 rows"):
        PageWalk({"plain": ("x", table[:3])})
