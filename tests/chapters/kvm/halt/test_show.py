"""The tables and the flow of the chapter on HLT show what was measured; the page's rule is the library's."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from syslab.chapters.kvm.halt import ask as experiment
from syslab.chapters.kvm.halt import show as view
from syslab.chapters.kvm.halt import widget
from syslab.chapters.kvm.halt.flow import INPUTS
from syslab.chapters.kvm.halt.model import Parameters, after_halt, keeps_out, wakes
from syslab.chapters.kvm.halt.widget import Flow
from syslab.evidence import Evidence, recorded, records
from syslab.questions import show as questions
from syslab.questions.kvm_capabilities import disable_exits
from tests.chapter_functions import functions

from .test_model import random_cases


def each(which: Any) -> list[Evidence]:
    """The record of each witness."""
    return [recorded(which, witness) for witness in records.witnesses(which.name)]


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def test_the_rules_on_the_page_are_the_librarys() -> None:
    rules = functions("kvm/halt")
    for window, halted, p in random_cases():
        assert rules["next_window"](window, halted, p) == after_halt(window, halted, p), (window, halted, p)
    for event, flag in product(("none", "interrupt", "nmi"), (False, True)):
        assert bool(rules["counts"](event, flag)) == wakes(event, flag)
    for instructions in product(("sti", "cli", "nop", "hlt"), repeat=3):
        assert rules["keeps_out"](instructions) == keeps_out(instructions), instructions


def test_every_table_shows_every_row() -> None:
    for table, which in (
        (view.hlt, experiment.hlt),
        (questions.disable_exits, disable_exits),
        (view.events, experiment.events),
        (view.special, experiment.special),
        (view.nmi_first, experiment.nmi_first),
        (view.parameters, experiment.parameters),
        (view.per_vm, experiment.per_vm),
    ):
        shown = table(each(which))._repr_html_()
        assert shown.count("<tr") >= 1 + len(recorded(which).data), which.name
        assert shown.count('class="provenance"') == 2
    assert view.functions(recorded(experiment.functions))._repr_html_().count("<tr") == 1 + len(experiment.WAITING)


def test_a_wrong_rule_is_shown_to_be_wrong() -> None:
    answer = recorded(experiment.polling)
    assert "differs" not in view.score(answer, after_halt)._repr_html_()
    assert "differs" in view.score(answer, lambda window, halted, p: 0)._repr_html_()
    assert "differs" in view.events(each(experiment.events), lambda event, flag: event != "none")._repr_html_()


def test_changes_are_those_of_the_trace() -> None:
    answer = recorded(experiment.polling)
    traced = sum(bool(halt["change"]) for halt in answer.data[-1]["halts"])
    assert view.changes(answer, after_halt, most=1000)._repr_html_().count("<tr") == 1 + traced
    assert view.changes(answer, after_halt, most=3)._repr_html_().count("<tr") == 1 + 3


def the_flow() -> Flow:
    return view.flow(*(each(which) for which in (experiment.hlt, experiment.events, experiment.special, experiment.nmi_first)))


def test_an_event_before_hlt_wakes_nobody_unless_the_shadow_of_sti_held_it() -> None:
    flow = the_flow()
    for event, flag, window in product(("none", "interrupt", "nmi"), "01", ("0", "open")):
        assert flow.path(("on", "kernel", event, flag, "before", window))[1]["title"] == "Asleep."
    assert flow.path(("on", "kernel", "interrupt", "1", "shadow", "0"))[1]["title"] == "It goes on at once."
    for key in ("on|kernel|nmi|0|before|0", "on|kernel|nmi|1|before|0"):
        assert "NMI handler, then blocks, state 3" in flow.measured[key]
    assert "interrupt handler, state 0" in flow.measured["on|kernel|interrupt|1|shadow|0"]


def test_titles_of_ends_are_sentences() -> None:
    ends = [end for node in the_flow().nodes for end in node["ends"].values()]
    assert ends and all(end["title"].endswith(".") for end in ends)
    assert "${end.title}." not in Path(widget.__file__).with_suffix(".js").read_text(encoding="utf-8")


def test_every_path_of_the_flow_ends_where_the_rule_says() -> None:
    flow = the_flow()
    for values in product(*(options for _, options in INPUTS.values())):
        exits, apic, event, flag, when, window = values
        passed, end = flow.path(values)
        titles = " ".join(title for title, _ in passed)
        if exits == "off" or apic == "none":
            assert len(passed) <= 4
        elif wakes(event, flag == "1") and when != "before":
            assert end["tone"] == "good"
            assert ("polling" in end["title"]) == (when == "soon" and window == "open")
        else:
            assert end["title"] == "Asleep."
            assert ("Poll." in titles) == (window == "open")


def test_what_was_measured_is_what_the_flow_says() -> None:
    flow = the_flow()
    for key, text in flow.measured.items():
        _, end = flow.path(key.split("|"))
        if end["title"] == "Asleep.":
            assert text.count("blocks, state 3") == 2, (key, text)
        elif "KVM_EXIT_HLT" in end["title"]:
            assert text.count("KVM_EXIT_HLT") == 2
        elif "sleep" in end["title"]:
            assert text.count("handler, state 0") == 2, (key, text)


def test_transitions_take_the_parameters_of_their_run() -> None:
    halts = [{"halted": 50_000, "slept": True, "change": "grow", "old": 0, "new": 10_000}]
    names = {"halt_poll_ns": 200_000, "halt_poll_ns_grow": 2, "halt_poll_ns_grow_start": 10_000, "halt_poll_ns_shrink": 2}
    (found,) = view.transitions({"parameters": names, "halts": halts}, after_halt)
    assert (found["before"], found["after"], found["said"], found["agrees"]) == (0, 10_000, 10_000, True)
    assert Parameters.of(names).maximum == 200_000
