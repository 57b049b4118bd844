"""The tables of the chapter, from records and from made-up answers; and that its widgets can be made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syslab.chapters.kvm.vcpu_requests import ask as experiment
from syslab.chapters.kvm.vcpu_requests import show as view
from syslab.evidence import recorded
from syslab.show.table import Link, Table


@pytest.mark.parametrize(
    ("kernel", "numbers"),
    [
        ("Linux 6.1.192", "6.1"),
        ("Linux 6.18.44", "6.12"),
        ("Linux 7.2.13", "7.2"),
        ("Linux 9.0", "7.2"),
        ("Linux 5.4", "6.1"),
        ("?", "6.1"),
    ],
)
def test_numbers_of(kernel: str, numbers: str) -> None:
    assert view.numbers_of(kernel) == numbers


def cells_of(table: Table) -> list[list[Any]]:
    return [cells for _, cells in table.shown_rows()]


def test_asked() -> None:
    table = view.asked(recorded(experiment.asked))
    cells = cells_of(table)
    assert ["KVM_X86_SET_MSR_FILTER", "KVM_REQ_MSR_FILTER_CHANGED", Link("0x25", "#kvm-req-6-1=0x25")] in cells
    assert ["KVM_IRQ_LINE: line 0 raised", "kvm_vcpu_kick() from pic_unlock()", ""] in cells


def test_a_number_that_is_not_known() -> None:
    answer = replace(recorded(experiment.asked), data=[{"cause": "page", "request": 0x233, "kicked_by": None}])
    assert cells_of(view.asked(answer))[0][1] == "number 51, unknown here"


def test_race() -> None:
    answer = recorded(experiment.reordering)
    rows = {row[0]: row[1:] for row in cells_of(view.reordering(answer))}
    assert rows["no barrier"] == [80, Link("18", "#race=none.rrvvRV"), "seen"]
    assert rows["a barrier in both"] == [70, 0, "never seen"]
    assert rows["no barrier, on a machine without store buffers"][2] == "not tried"
    alone = replace(answer, data=[row | {"overlapped": False} for row in answer.data])
    assert cells_of(view.reordering(alone))[0][3] == "the threads never ran at once"


def test_links_of_the_race_are_runs_of_the_widget() -> None:
    widget = view.interleaving()
    for row in cells_of(view.reordering(recorded(experiment.reordering))):
        if isinstance(row[2], Link):
            state = widget.state(row[2].href.removeprefix("#race="))
            key = row[2].href.removeprefix("#race=").partition(".")[0]
            assert dict(widget.graphs)[key]["states"][state][3] == "lost"


def test_kicks_side_by_side() -> None:
    answers = [recorded(experiment.kicks, witness) for witness in ("kvm-pvm", "kvm-svm-tcg")]
    assert view.kicks(answers).differing == 0
    assert "still in the guest" in repr(view.kicks(answers))
    assert "agree" in repr(view.rounds([recorded(experiment.rounds, w) for w in ("kvm-pvm", "kvm-svm-tcg")]))


def test_decoder() -> None:
    assert [layout["anchor"] for layout in view.decoder().layouts] == [
        "kvm-req", "kvm-req-6-12", "kvm-req-6-1", "kvm-requests", "kvm-requests-6-12", "kvm-requests-6-1",
    ]  # fmt: skip
