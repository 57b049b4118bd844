"""The tables and the widget of the chapter on instruction fetch show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.cpu.instruction_fetch import ask as experiment
from syslab.chapters.cpu.instruction_fetch import show as view
from syslab.evidence import recorded


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    assert view.modes(recorded(experiment.modes))._repr_html_().count("vb-confirmed") == 9
    assert "#pfec=0x11" in view.pages(recorded(experiment.pages_tcg))._repr_html_()
    assert "0xfffffff0" in repr(view.reset(recorded(experiment.reset)))
    assert "#pfec=0x14" in view.host(recorded(experiment.host))._repr_html_()
    assert view.disagreements(recorded(experiment.pages_tcg), recorded(experiment.pages_kvm)) == 0


def test_the_choice_table_is_whole_and_says_what_was_measured() -> None:
    table = view.table()
    assert len(table.outcomes) == 3 * 2 * 5 * 2
    found = {(r["mode"], r["page"], r["smep"]): r for r in recorded(experiment.pages_tcg).data}
    for key, shown in table.outcomes.items():
        mode, cpl, page, smep = key.split("|")
        links = [line[2] for line in shown["lines"] if len(line) > 2]
        row = found["user" if cpl == "3" else "supervisor", page, smep == "on"]
        if mode != "long":
            assert shown["tone"] == "plain" and not links
        elif row["allowed"]:
            assert shown["tone"] == "good" and not links
        else:
            assert shown["tone"] == "bad" and links == [f"#pfec={row['error_code']:#x}"]
