"""The tables and the widget of the chapter on instruction fetch show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.cpu import instruction_fetch
from syslab.chapters.cpu.instruction_fetch import show
from syslab.evidence import recorded

TCG, KVM = (recorded(instruction_fetch.pages, witness) for witness in ("tcg-max", "kvm-pvm"))


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert show.modes([recorded(instruction_fetch.modes)])._repr_html_().count("vb-confirmed") == 9
    assert "#pfec=0x11" in show.pages(TCG)._repr_html_()
    assert "0xfffffff0" in repr(show.reset([recorded(instruction_fetch.reset)]))
    assert "#pfec=0x14" in show.host([recorded(instruction_fetch.host)])._repr_html_()
    assert show.disagreements(TCG, KVM) == 0


def test_witnesses_that_agree_are_one() -> None:
    assert show.pages([TCG, KVM]).caption == "The same from tcg-max and kvm-pvm"


def test_the_choice_table_is_whole_and_says_what_was_measured() -> None:
    table = show.table()
    assert len(table.outcomes) == 3 * 2 * 5 * 2
    found = {(r["mode"], r["page"], r["smep"]): r for r in TCG.data}
    for key, cell in table.outcomes.items():
        mode, cpl, page, smep = key.split("|")
        links = [line[2] for line in cell["lines"] if len(line) > 2]
        row = found["user" if cpl == "3" else "supervisor", page, smep == "on"]
        if mode != "long":
            assert cell["tone"] == "plain" and not links
        elif row["allowed"]:
            assert cell["tone"] == "good" and not links
        else:
            assert cell["tone"] == "bad" and links == [f"#pfec={row['error_code']:#x}"]
