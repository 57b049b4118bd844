"""The chapter's tables from rows made up for the purpose, and the browser from the records."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from syslab.chapters.kvm.supported_cpuid import ask as experiment
from syslab.chapters.kvm.supported_cpuid import show, show_fields
from syslab.chapters.kvm.supported_cpuid.pairs import found
from syslab.evidence import Evidence, Experiment, Provenance, recorded
from syslab.evidence.records import witnesses
from syslab.questions.kvm_capabilities import disable_exits
from syslab.show.answer import view_of

NAME = experiment.compared.name


def entry(leaf: int, host: list[int] | None, kvm: list[int] | None, subleaf: int = 0) -> dict[str, Any]:
    return {"leaf": leaf, "subleaf": subleaf, "flags": None if kvm is None else 0, "host": host, "kvm": kvm}


def answer(rows: list[dict[str, Any]], who: str, name: str = NAME) -> Evidence:
    like = recorded(experiment.compared).provenance
    return Evidence(name, rows, Provenance(**{**like.to_dict(), "witness": who, "install": ()}))


SAME = [entry(0, [7, 1, 2, 3], [7, 1, 2, 3]), entry(7, [0, 1 << 7, 0, 0], [0, 1 << 7, 0, 0])]
OTHER = [
    entry(0, [7, 1, 2, 3], [5, 1, 2, 3]),
    entry(7, [0, 1 << 7 | 1 << 20, 0, 0], [0, 1 << 7, 0, 1 << 29]),
    entry(0xB, [1, 2, 0x100, 5], None),
    entry(0x40000001, None, [0b1001, 0, 0, 0]),
]
BOTH = [answer(SAME, "kvm-one"), answer(OTHER, "kvm-two")]


def text(table: Any) -> list[str]:
    return [" ".join(line.split()) for line in repr(table).splitlines()]


def records_of(question: Experiment) -> list[Evidence]:
    return [recorded(question, who) for who in witnesses(question.name)]


@pytest.mark.parametrize(
    "question",
    [experiment.compared, experiment.room, experiment.emulated, experiment.readings, experiment.beyond],
    ids=lambda e: e.name,
)
def test_the_answer_finds_its_table(question: Experiment) -> None:
    view = view_of(question)
    assert view is getattr(show, question.function.__name__)
    assert view(records_of(question)).shown_rows()


def test_an_instruction_has_both_outcomes_in_one_row() -> None:
    answers = records_of(experiment.beyond)
    rows = [cells for _, cells in show.beyond(answers).shown_rows()]
    assert len(rows) == len(answers) * len(experiment.CASES)
    assert all(told and hidden for *_, told, hidden in rows)


def test_each_exit_is_offered_or_not_by_witness() -> None:
    answers = records_of(disable_exits)
    rows = [cells for _, cells in show.exits(answers).shown_rows()]
    assert [value for _, value, *_ in rows] == [1 << row["bit"] for row in answers[0].data]
    assert {cell for _, _, *cells in rows for cell in cells} <= {"offered", "not offered"}


def test_a_kvm_that_passed_everything_on_would_hold() -> None:
    lines = text(show.compared(BOTH))
    assert lines[1] == "kvm-one 2 0 0 and 0 holds: 0 masked, 0 added"
    assert lines[2].startswith("kvm-two 4 4 1 and 1 differs: 1 masked, 1 added")


def test_masked_added_and_values_have_a_column_a_witness() -> None:
    assert text(show_fields.masked(BOTH))[1] == "7.0 EBX none SMAP"
    added = text(show_fields.added(BOTH))
    assert added[1].startswith("ARCH_CAPABILITIES 7.0 EDX bit 29 0 → 0 clear in both 0 → 1 added")
    assert added[2].startswith("CLOCKSOURCE, CLOCKSOURCE2 40000001.0 EAX none 2 added")
    values = text(show_fields.values(BOTH))
    assert values[1] == "0.0 maker, highest leaf none MAX_LEAF 0x7 → 0x5"
    assert values[2].startswith("b.0 topology none")


def test_the_tally_counts_every_field_once() -> None:
    for one in BOTH:
        total = sum(each.leaf not in range(0x4000_0000, 0x5000_0000) for each in found(one.data))
        rows = text(show_fields.tally([one]))[1:8]
        assert sum(int(row.rsplit(" ", 1)[1]) for row in rows) == total


def test_leaves_of_two_hypervisors_are_not_compared() -> None:
    host, kvm = [1 << 5, 0, 0, 0], [1 << 5 | 1, 0, 0, 0]
    both = [answer([*SAME, entry(0x40000001, host, kvm)], "kvm-one"), BOTH[1]]
    assert "0 masked, 0 added" in text(show.compared(both))[1]
    assert text(show_fields.tally(both[:1]))[1] == text(show_fields.tally(BOTH[:1]))[1]
    assert "each hypervisor has its own 2 added" in " ".join(text(show_fields.added(both)))


def test_flags_count_the_entries_of_kvm_only() -> None:
    assert text(show.flags(BOTH))[1].endswith("0 of 2 0 of 3")


def test_readings_name_what_the_guest_reads_otherwise() -> None:
    row = {"leaf": 1, "subleaf": 0, "register": "ecx", "reported": 1, "result": "0"}
    rows = [
        {**row, "table": "t", "given": 0, "guest": 1 << 27},
        {**row, "table": "refused", "given": 3, "result": "EINVAL", "guest": None},
    ]
    lines = text(show.readings([answer(rows, "kvm-one")]))
    assert lines[1] == "kvm-one t ok 1 31 OSXSAVE"
    assert lines[2] == "kvm-one refused EINVAL 1 0 none"


def test_the_browser_has_every_witness_and_is_light() -> None:
    browser = show.browser([recorded(experiment.compared, who) for who in witnesses(NAME)])
    assert [m["key"] for m in browser.machines] == witnesses(NAME)
    assert browser.value == "7.0"
    carried = json.dumps([browser.machines, browser.words, browser.fields, browser.titles], separators=(",", ":")).encode()
    assert len(gzip.compress(carried, 9)) < 14_000
    for machine in browser.machines:
        rows = recorded(experiment.compared, machine["key"]).data
        assert sum(machine["totals"]) == len(list(found(rows)))
        browser.value = f"7.0.{machine['key']}" if machine is not browser.machines[0] else "7.0"
        row = next(r for r in rows if (r["leaf"], r["subleaf"]) == (7, 0))
        assert sum(p.first << p.field.bit for p in browser.compared["ebx"]) == row["host"][1]
        assert sum(p.second << p.field.bit for p in browser.compared["ebx"]) == row["kvm"][1]
