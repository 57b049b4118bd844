"""The tables and the widget of the chapter on binary formats show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.files.binary_formats import ask as experiment
from syslab.chapters.files.binary_formats import show as view
from syslab.chapters.files.binary_formats.parsers import FILES, by_struct
from syslab.evidence import recorded

LIBRARIES, POKE, FQ = recorded(experiment.libraries), recorded(experiment.poke), recorded(experiment.fq)


def test_members_show_what_is_not_there() -> None:
    table = view.members(LIBRARIES, POKE, FQ)
    cells = {(row.kind, row.member): row.values for row in table.rows}
    assert set(cells["elf", "ehdr.e_entry"].values()) == {"0x100035"}
    assert cells["elf", "phdr[2].p_type"] == dict.fromkeys(view.LIBRARIES, "0x1") | {"poke": "0x1", "fq": "nothing"}
    assert {values["fq"] for (kind, _), values in cells.items() if kind == "efi"} == {"no decoder"}


def test_agreement_names_what_is_missing() -> None:
    text = repr(view.agreement(LIBRARIES, POKE, FQ))
    assert text.count("holds") == 5
    assert "ehdr.ei_mag, ehdr.ei_pad, phdr[2]" in text


def test_a_lie_would_be_shown() -> None:
    data = {**POKE.data, "elf": POKE.data["elf"] | {"ehdr.e_type": 9}}
    bent = type(POKE)(POKE.name, data, POKE.provenance)
    assert "differs: ehdr.e_type" in repr(view.agreement(LIBRARIES, bent, FQ))


def test_every_row_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    html = view.edited(recorded(experiment.edited))._repr_html_()
    assert html.count("<tr") == 1 + 5 and "#bytes=elf.78-00" in html and "then it stops" in html
    assert view.refusals(recorded(experiment.refusals))._repr_html_().count("<tr") == 1 + len(experiment.broken())
    assert view.system_files(recorded(experiment.system_files))._repr_html_().count("<tr") == 1 + 3
    assert view.probes(FQ)._repr_html_().count("<tr") == 1 + 2


def test_the_widget_begins_with_the_whole_heads() -> None:
    tree = view.hex_tree()
    assert not tree.tree.problem
    assert tree.tree.values == by_struct.elf(FILES["elf"].read_bytes())
    tree.value = "efi"
    assert not tree.tree.problem
    assert tree.tree.values == by_struct.efi(FILES["efi"].read_bytes())
    tree.value = f"elf.{experiment.NOTE:x}-00"
    assert tree.tree.values["phdr[1].p_type"] == 0
