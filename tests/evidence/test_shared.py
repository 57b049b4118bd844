"""One run asks a machine once; what is asked otherwise, what fails, and what a test declares is not shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syslab.chapters.files import links
from syslab.evidence import Answer, Evidence, ExperimentFailed, ask, experiment, shared
from syslab.evidence import run as bounded
from tests.anew import anew


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A run with shared answers: what was really asked, by name."""
    names: list[str] = []

    def run(which: Any, arguments: Any) -> Any:
        names.append(which.name)
        return bounded(which, arguments)

    monkeypatch.setenv("SYSLAB_EVIDENCE", "strict")
    monkeypatch.setenv(shared.FOLDER, str(tmp_path))
    monkeypatch.setattr("syslab.evidence.run", run)
    return names


def test_a_machine_is_asked_once(asked: list[str], tmp_path: Path) -> None:
    first, second = ask(links.chain), ask(links.chain)
    assert asked == ["links.chain"]
    assert (first.data, first.provenance) == (second.data, second.provenance)
    assert isinstance(second, Answer) and repr(second) == repr(first)
    assert anew(links.chain).data == first.data
    assert len(asked) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_other_arguments_are_another_question(asked: list[str]) -> None:
    for calls in ("create-a", "create-a.unlink-a", "create-a"):
        ask(links.one, calls=calls)
    assert len(asked) == 2


def test_a_failure_is_not_kept(asked: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(ExperimentFailed):
            ask(links.one, calls="chmod-a")
    assert len(asked) == 2


@experiment()
def conversions() -> int:
    """A question of the tests."""
    return 1


def test_what_a_test_declares_is_asked_each_time(asked: list[str], tmp_path: Path) -> None:
    ask(conversions)
    ask(conversions)
    assert len(asked) == 2 and not list(tmp_path.iterdir())


def test_what_a_test_makes_of_a_question_is_asked_each_time(asked: list[str], tmp_path: Path) -> None:
    ask(links.chain)
    ask(replace(links.chain, timeout=5))
    assert len(asked) == 2 and len(list(tmp_path.iterdir())) == 1


def test_without_a_folder_every_ask_asks(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(shared.FOLDER)
    ask(links.chain)
    ask(links.chain)
    assert len(asked) == 2


def test_provenance_survives(asked: list[str]) -> None:
    def answers() -> list[Evidence[Any]]:
        return list(ask(links.chain))

    first, second = answers(), answers()
    assert [one.provenance for one in first] == [one.provenance for one in second]
    assert [one.experiment for one in second] == [links.chain]
