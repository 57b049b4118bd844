"""The tables and the widgets of the chapter on KVM_SET_CPUID2 show what was measured, all of it."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.guest_cpuid import ask as experiment
from syslab.chapters.kvm.guest_cpuid import show, stages
from syslab.chapters.kvm.guest_cpuid.cases import FEATURES, TABLES
from syslab.chapters.kvm.guest_cpuid.guest import OK, RAN
from syslab.chapters.kvm.guest_cpuid.show import BY_NAME
from syslab.evidence import Evidence, Experiment, recorded, records
from syslab.show.answer import view_of


def each(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in records.witnesses(which.name)]


@pytest.mark.parametrize(
    "question",
    [experiment.tables, experiment.life_cycle, experiment.echo, experiment.rewritten, experiment.qemu],
    ids=lambda e: e.name,
)
def test_the_answer_finds_its_table(question: Experiment) -> None:
    assert view_of(question) is getattr(show, question.function.__name__)


def test_the_tables_show_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    features = each(experiment.features)
    assert len(show.tables(each(experiment.tables)).shown_rows()) == len(TABLES)
    assert len(show.life_cycle(each(experiment.life_cycle)).shown_rows()) == len(stages.EVENTS)
    assert len(show.rewritten(each(experiment.rewritten)).shown_rows()) == len(each(experiment.rewritten)[0].data)
    assert len(show.used(features).shown_rows()) == len(FEATURES)
    assert {row["feature"] for row in features[0].data if row["given"]} >= set(show.ADVENTUROUS)
    for table in (show.unsupported(features), show.echo(each(experiment.echo)), show.told(each(experiment.tables), "empty")):
        assert table._repr_html_().count('class="provenance"') == len(table.answers) >= len(features)
        assert repr(table)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"given": [1, 2, 3, 10], "guest": [1, 2, 3, 10]}, "1 2 3 a"),
        ({"given": [1, 2, 3, 4], "guest": [1, 2, 3, 5]}, "1 2 3 5, changed"),
        ({"given": None, "guest": [0, 0, 0, 0]}, "zeros"),
        ({"given": None, "guest": [0, 0, 0, 1]}, "0 0 0 1, no such entry"),
    ],
)
def test_an_answer_says_where_it_is_from(row: dict[str, list[int] | None], text: str) -> None:
    assert show._seen(row) == text


def test_every_case_is_in_the_choice_table() -> None:
    answers = each(experiment.features)
    widget = show.cases(answers, recorded(experiment.qemu_features))
    assert len(widget.outcomes) == len(answers) * len(FEATURES) * 2
    for answer in answers:
        for row in answer.data:
            name = row["feature"].lower().replace(".", "").replace(" ", "-")
            shown = widget.outcomes[f"{answer.provenance.witness}|{name}|{'set' if row['given'] else 'clear'}"]
            assert [row["way"], row["outcome"]] in shown["lines"]
            assert ["KVM accepts the table?", "yes"] in shown["lines"]
            assert (shown["tone"] == "good") is (" all the same" not in shown["title"])
            if BY_NAME[row["feature"]].gate == "" and row["outcome"] == RAN:
                assert (shown["tone"] == "good") is row["guest"]


def test_the_state_machine_takes_the_measured_steps() -> None:
    answers = each(experiment.life_cycle)
    widget = show.machine(answers)
    names = [state["name"] for state in widget.states]
    ids = {event.name: f"e{number}" for number, event in enumerate(stages.EVENTS)}
    for answer in answers:
        table = widget.machines[answer.provenance.witness]["edges"]
        for row in answer.data:
            to, text = table[str(names.index(row["state"]))][ids[row["event"]]]
            said, why, refused = widget.texts[text]
            assert (said, refused) == (row["result"], row["result"] != OK)
            assert why
            assert not refused or names[to] == row["state"]
    who = answers[0].provenance.witness
    assert widget.replay(f"{who}.e1.e0.e3") == [stages.NEW, stages.SET, stages.RAN, stages.RAN]
    assert widget.replay(f"{who}.e0.e8")[-1] == stages.RAN_EMPTY
