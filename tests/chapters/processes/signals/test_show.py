"""The tables and the choice table of the chapter on signals show what was measured, all of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from syslab.bits import get
from syslab.chapters.processes import signals
from syslab.chapters.processes.signals import pictures, show
from syslab.chapters.processes.signals.ask import Core
from syslab.chapters.processes.signals.cases import DISPOSITIONS, NAMESPACED, SIGNALS, TARGETS, TITLES, Observed
from syslab.evidence import Answer, Evidence, Experiment, recorded
from syslab.show.table import Link, Table


def of_record(question: Experiment[Any]) -> Answer[Any]:
    """The record, as an answer."""
    return Answer(question, [recorded(question)])


ANSWER = of_record(signals.outcomes)
KEY = re.compile(r"#signals=(\w+)\.(\w+)\.([\w-]+)$")


def cells(table: Table) -> list[list[Any]]:
    return [shown for _, shown in table.shown_rows()]


def links(table: Table) -> list[Link]:
    return [cell for row in cells(table) for cell in row if isinstance(cell, Link)]


def row_of(link: Link) -> Observed:
    """The measured row that a cell opens."""
    found = KEY.match(link.href)
    assert found, link.href
    rows: list[Observed] = ANSWER.data
    return next(r for r in rows if (r["signal"], r["disposition"], r["target"]) == found.groups())


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        (show.dispositions(ANSWER), [(name, how, "process") for name in SIGNALS for how in DISPOSITIONS]),
        (show.targets(ANSWER), [(name, "default", target) for target in TARGETS for name in SIGNALS]),
    ],
    ids=["dispositions", "targets"],
)
def test_the_grids_show_their_rows_and_open_them(table: Table, shown: list[tuple[str, str, str]]) -> None:
    opened = [row_of(link) for link in links(table)]
    assert [(r["signal"], r["disposition"], r["target"]) for r in opened] == shown
    for link, row in zip(links(table), opened, strict=True):
        assert {"died": "ended"}.get(row["outcome"], row["outcome"]) in link.text
        assert ("EINVAL" in link.text) == (table.columns[1].heading == "default" and row["refused"] == "EINVAL")


def test_a_grid_says_what_the_process_said() -> None:
    for link in links(show.dispositions(ANSWER)):
        row = row_of(link)
        assert ("handler ran" in link.text) == bool(row["said"] and row["outcome"] != "died")
        assert ("pending" in link.text) == bool(row["pending"])


def test_every_key_and_process_is_shown() -> None:
    answer = of_record(signals.keyboard)
    table = show.keyboard(answer)
    headings = [column.heading for column in table.columns]
    shown = cells(table)
    assert len(shown) * (len(headings) - 2) == len(answer.data)
    for row in answer.data:
        where = next(
            line for line in shown if line[0].startswith(row["process"]) and ("prompt" in line[0]) == (row["situation"] == "prompt")
        )
        text = str(where[headings.index(row["key"])])
        assert text.startswith("got it, " if row["got_it"] else "not reached")
        assert {"died": "ended"}.get(row["outcome"], row["outcome"]) in text or (row["outcome"], text) == (
            "survived",
            "not reached",
        )
        assert (f"($?\u00a0{row['shell_status']})" in text) == (row["shell_status"] is not None)
        assert where[1] == ("yes" if row["in_foreground_group"] else "no")


@pytest.mark.parametrize(
    ("experiment", "table"),
    [(signals.core_flag, show.core_flag), (signals.clean_up, show.clean_up), (signals.shell_says, show.shell_says)],
    ids=["core_flag", "clean_up", "shell_says"],
)
def test_every_row_and_every_status_is_shown(experiment: Any, table: Any) -> None:
    answer = of_record(experiment)
    shown = cells(table(answer))
    assert len(shown) == len(answer.data)
    for line, row in zip(shown, answer.data, strict=True):
        text = [str(cell) for cell in line]
        if row["wait_status"] is not None:
            assert f"{row['wait_status']:#x}" in text
        assert str(row.get("shell_status", "")) in text or "shell_status" not in row
    assert table(answer)._repr_html_()


def test_a_case_that_was_not_tried_is_said_so() -> None:
    row: Core = {
        "core_pattern": "|/bin/collect %p",
        "rule": "piped",
        "limit": "the hard limit",
        "raised": None,
        "wait_status": None,
        "core": None,
        "tried": False,
    }
    table = show.core_flag(Answer(signals.core_flag, [Evidence("signals.core_flag", [row], ANSWER.provenance)]))
    assert [str(cell) for cell in cells(table)[0]] == ["the hard limit", "not tried", "it would leave a core behind"]
    assert table.caption == "core_pattern: |/bin/collect %p"


@pytest.mark.parametrize("table", [show.keyboard(of_record(signals.keyboard)), show.shell_says(of_record(signals.shell_says))])
def test_numbers_open_their_decoder(table: Table) -> None:
    for link in links(table):
        anchor, _, value = link.href.removeprefix("#").partition("=")
        assert link.text.rstrip(")").endswith((value, str(int(value, 16))))
        get(anchor).check(int(value, 16))


def test_a_blocked_signal_that_is_ignored_once_more_is_dropped() -> None:
    """POSIX lets SIG_IGN discard what is pending, quotes do_sigaction() in kernel/signal.c; readline sets it at each prompt."""
    rows = [r for r in ANSWER.data if r["disposition"] == "blocked" and "ignored" in r["stands"] and not r["pending"]]
    assert {(r["target"], r["signal"]) for r in rows} == {("interactive-bash", "TERM"), ("interactive-bash", "QUIT")}
    assert all("drops it" in show.reason(r) for r in rows)


def test_the_choice_table_has_every_outcome_and_agrees() -> None:
    table = show.table(ANSWER)
    assert len(table.outcomes) == len(ANSWER.data) == 196
    assert not re.search(r"[.|&=]", "".join(value for d in table.dimensions for value, _ in d["options"]))
    for row in ANSWER.data:
        shown = table.outcomes["|".join((row["signal"], row["disposition"], row["target"]))]
        title, told = shown["title"], [line[:2] for line in shown["lines"]]
        assert shown["tone"] == {"died": "bad", "survived": "good"}.get(row["outcome"], "plain")
        if row["wait_status"] is not None:
            assert title == get("wait").sentence(row["wait_status"])
            assert ["wait status:", f"{row['wait_status']:#x}"] in told
        begins = {"died": ("Ended", "Exited"), "survived": "Survived", "stopped": "Stopped", "continued": "Continued"}
        assert title.startswith(begins[row["outcome"]])
        everything = title + str(told)
        assert row["refused"] in everything
        for word in filter(None, row["stands"].split(", ")):
            assert any(name == "before the signal:" and text.startswith(word) for name, text in told)
        assert ("pending" in everything) == bool(row["pending"])
        assert ("handler ran" in everything or ["the handler:", "ran"] in told) == any(s.startswith("handler") for s in row["said"])
        if row["atexit_ran"] is not None:
            assert ["atexit functions:", "ran" if row["atexit_ran"] else "did not run"] in told
        if row["shell_status"] is not None:
            assert ["a shell's $?:", str(row["shell_status"])] in told


def test_links_of_the_choice_table_lead_to_a_layout() -> None:
    for outcome in show.table(ANSWER).outcomes.values():
        for anchor, value in (line[2].removeprefix("#").split("=") for line in outcome["lines"] if len(line) > 2):
            get(anchor).check(int(value, 16))


def test_a_refused_namespace_is_no_outcome() -> None:
    refused = "unshare: unshare failed: Operation not permitted"
    rows = [
        row
        | (
            {"outcome": "not possible here", "why": refused, "stands": "", "wait_status": None, "atexit_ran": None, "pending": None, "said": [], "refused": ""}
            if row["target"] in NAMESPACED
            else {}
        )
        for row in ANSWER.data
    ]  # fmt: skip
    answer = Answer(signals.outcomes, [Evidence("signals.outcomes", rows, ANSWER.provenance)])
    assert repr(show.targets(answer)).count("not possible") == len(SIGNALS) * len(NAMESPACED)
    shown = show.table(answer).outcomes["TERM|default|pid-1"]
    assert shown == {
        "title": "This could not be tried on the machine that made this page.",
        "tone": "plain",
        "lines": [["why:", refused]],
    }


def test_every_target_has_its_names() -> None:
    assert set(show.SHORT) == set(TITLES) == set(TARGETS)


def test_the_picture_of_the_keys_has_every_process_in_its_group() -> None:
    pressed = of_record(signals.keyboard).data
    front, *others = pictures.groups(pressed, "jobs", "^C")
    assert len(front) == 2 and all(row["got_it"] for row in front)
    assert [[row["process"] for row in group] for group in others] == [["job behind"], ["the shell"]]
    assert not any(row["got_it"] for group in others for row in group)
    assert [[row["process"] for row in group] for group in pictures.groups(pressed, "prompt", "^C")] == [["the shell"]]
    assert "the shell: gets SIGINT, goes on" in pictures.keys(of_record(signals.keyboard)).alt
