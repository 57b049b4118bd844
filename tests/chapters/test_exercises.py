"""Every exercise has a solution that passes, and wrong answers fail."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from syslab.widgets.exercise import Exercise, Feedback, Trial
from tools.chapters import Chapter, written_chapters

CHAPTERS = written_chapters()


def module(chapter: Chapter) -> ModuleType:
    return import_module(f"syslab.chapters.{chapter.name.replace('/', '.').replace('-', '_')}.exercises")


def exercises(chapter: Chapter) -> dict[str, Exercise | Trial]:
    return {name: e for name, e in vars(module(chapter)).items() if isinstance(e, Exercise | Trial)}


def solve(chapter: Chapter) -> dict[str, list[Feedback]]:
    """Run the folded solutions; the replies to each exercise."""
    replies: dict[str, list[Feedback]] = {}
    for fold in re.findall(r"^````\{dropdown\} Solution.*?^````$", chapter.text, re.MULTILINE | re.DOTALL):
        for code in re.findall(r"^```python\n(.*?)^```$", fold, re.MULTILINE | re.DOTALL):
            space: dict[str, Any] = {}
            for statement in ast.parse(code).body:
                source = ast.unparse(statement)
                if isinstance(statement, ast.Expr):
                    reply = eval(source, space)
                    if isinstance(reply, Feedback):
                        name = re.search(r"(\w+)\.check\(", source)
                        assert name
                        replies.setdefault(name[1], []).append(reply)
                else:
                    exec(source, space)
    return replies


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_solutions_pass(chapter: Chapter) -> None:
    replies = solve(chapter)
    assert set(replies) == set(exercises(chapter)) != set()
    for name, given in replies.items():
        assert all(reply.right for reply in given), f"{name}: {given}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_wrong_answers_fail_and_say_why(chapter: Chapter) -> None:
    for name, exercise in exercises(chapter).items():
        wrong = exercise.wrong if isinstance(exercise, Trial) else (*exercise.near, "something else entirely", "", None)
        assert wrong, name
        for answer in wrong:
            reply = exercise.check(answer)
            assert not reply.right, f"{name} accepted {answer!r}"
            assert len(reply.text) > 5


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_a_trial_offers_choices_where_no_python_is_behind_the_page(chapter: Chapter) -> None:
    for name, trial in exercises(chapter).items():
        if isinstance(trial, Trial):
            said = trial.outcomes()
            assert {reply.right for reply in said.values()} == {True, False}, f"{name}: {said}"
            assert all(len(reply.text) > 5 for reply in said.values())
            for label, answer in trial.choices.items():
                assert trial.check(answer).right == said[label].right, f"{name}: {label}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_they_are_on_the_page(chapter: Chapter) -> None:
    for name in exercises(chapter):
        assert any(re.search(rf"\.{name}\b", cell) for cell in chapter.cells), f"{name} is on no page"


def test_numbers_compare_by_value() -> None:
    exercise = Exercise("x", "?", ("0x15",), "so")
    assert all(exercise.check(answer).right for answer in (21, "21", "0x15", "0X15 ", "0b1_0101"))
    assert not exercise.check("15").right
