"""The text of two books compared: what readers read differs, or it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import compare_pages

PAGE = """<html><head><style>p{{}}</style></head><body><nav>menu</nav><article><h1>T<a class="headerlink">#</a></h1>
<div class="cell"><div class="cell_input"><pre>code {code}</pre></div><div class="cell_output"><table><tr><td>{cell}</td><td>b</td></tr></table>
<p class="provenance"><span class="vb vb-live">live</span> host · A CPU · 2026-01-{day:02} · {seconds} s</p>
<details class="asked"><summary>How it was asked</summary><pre>{code}</pre></details></div></div><img alt="x"><p>One
 line.</p></article></body></html>"""


def book(folder: Path, **values: object) -> Path:
    folder.mkdir()
    for name in ("index.html", "a.html"):
        (folder / name).write_text(PAGE.format(**{"cell": "x", "code": "1", "day": 1, "seconds": "0.5"} | values), encoding="utf-8")
    return folder


def test_only_what_is_read_counts(tmp_path: Path) -> None:
    old = book(tmp_path / "old")
    assert compare_pages.lines((old / "a.html").read_text()) == ["T", "x", "b", "live host · A CPU · DATE · SECONDS", "One line."]
    same = book(tmp_path / "same", code="2", day=2, seconds="under 0.01")
    assert compare_pages.compared(old, same, []) == []
    assert len(compare_pages.compared(old, same, ["a"], code=True)) > 0
    other = book(tmp_path / "other", cell="y")
    assert {"-x", "+y"} <= set(compare_pages.compared(old, other, ["a"]))


def test_a_page_that_is_gone_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = book(tmp_path / "old"), book(tmp_path / "new")
    (new / "a.html").unlink()
    assert "-One line." in compare_pages.compared(old, new, [])
    monkeypatch.setattr(sys, "argv", ["compare_pages", str(old), str(tmp_path)])
    assert compare_pages.main() == 2 and "has no built book" in capsys.readouterr().err


def test_facts_that_a_rewritten_page_lost(tmp_path: Path) -> None:
    said = "The SDM says 0x15 in 64 places. KVM_RUN and fault.c call do_fault(). Nothing else: `plain words`, Linux 6.12."
    assert compare_pages.facts([said]) == {"SDM", "0x15", "64", "KVM_RUN", "fault.c", "do_fault", "Linux", "6.12"}
    old = book(tmp_path / "old", cell=said)
    new = book(tmp_path / "new", cell="Linux 6.12: 0x15, in fault.c by do_fault(). The SDM")
    assert compare_pages.lost(old, new, ["a"]) == ["a.html: 64", "a.html: KVM_RUN"]
    assert compare_pages.lost(old, old, []) == []
