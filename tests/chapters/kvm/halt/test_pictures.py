"""The pictures of the chapter on HLT show what was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syslab.chapters.kvm.halt import ask as experiment
from syslab.chapters.kvm.halt import pictures
from syslab.chapters.kvm.halt.model import after_halt
from syslab.evidence import Evidence, recorded, records

from .test_show import each


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def answers(*afters: tuple[str, dict[str, int | None]]) -> list[Evidence[Any]]:
    """What witnesses could say to the question about a pending interrupt: where it came in, by guest."""
    base = recorded(experiment.events)
    return [
        replace(
            base,
            provenance=replace(base.provenance, witness=witness),
            data=[
                {
                    "code": code,
                    "first": "",
                    "after": after.get(code),
                    "then": "blocks" if after.get(code) == 2 else "behind HLT",
                    "state": 0,
                }
                for code in experiment.GUESTS
            ],
        )
        for witness, after in afters
    ]


def test_the_window_is_the_traced_one_and_the_rules() -> None:
    answer = recorded(experiment.polling)
    halts = answer.data[-1]["halts"]
    picture = pictures.window(answer, after_halt)
    assert f"the same after {len(halts)} of {len(halts)} halts" in picture.alt
    assert f"{len(halts)} of {len(halts)}" not in pictures.window(answer, lambda window, halted, p: 0).alt
    assert all(layout.body.count("<use") >= 2 * len(halts) for layout in picture.layouts())


def test_an_event_that_wakes_reaches_the_vcpu() -> None:
    woken, special = each(experiment.events), each(experiment.special)
    picture = pictures.woken(woken, special)
    awake = sum(f"state {state} afterwards" in said for said in picture.alt.split(";") for state in (0,))
    assert awake == 3  # an interrupt with IF 1, an NMI, and one that is blocked
    assert "Every machine" in picture.caption
    other = [woken[0], replace(woken[1], data=[{**row, "state": 0} for row in woken[1].data])]
    assert f"as {records.witnesses(experiment.events.name)[0]} says" in pictures.woken(other, special).caption


def test_an_interrupt_comes_in_where_each_witness_took_it() -> None:
    both = answers(("early", {"fb f4": 2, "fb 90 f4": 2}), ("late", {"fb f4": 2, "fb 90 f4": 3}))
    picture = pictures.shadow(both)
    assert "early: handled; then HLT, and the guest sleeps on" in picture.alt
    assert "late: handled; then the guest goes on" in picture.alt
    assert "early and late: never, and the guest sleeps" in picture.alt
    arrows = [layout.body.count('f-accent" d=') for layout in picture.layouts()]
    assert arrows == [3, 3]  # one where both took it, two where they differ
