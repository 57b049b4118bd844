"""Exercises: a question, its right answers, and what to say to near misses.

Displayed, an exercise is a :class:`~syslab.widgets.quiz.Quiz` that works on the hosted page too; in a notebook
``exercise.check(answer)`` says the same. Some are checked by a machine instead: see :class:`Trial`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from syslab.evidence import Answer, CannotRunHere, Experiment, ExperimentFailed, ask

D = TypeVar("D")


@dataclass(frozen=True)
class Feedback:
    """The reply to an answer."""

    right: bool
    text: str

    def __repr__(self) -> str:
        return ("Yes. " if self.right else "Not quite. ") + self.text


def _norm(answer: object) -> str:
    """Numbers by value, words without case and extra space; as quiz.js does it."""
    text = str(answer).strip().lower().replace("_", "")
    try:
        return str(int(text, 0))
    except ValueError:
        return str(int(text)) if text.isdigit() else " ".join(text.split())


@dataclass(frozen=True)
class Exercise:
    """``accepts``: right answers; ``near``: wrong ones and why; ``choices`` where one is picked instead of typed."""

    anchor: str
    question: str
    accepts: tuple[str, ...]
    why: str
    near: Mapping[str, str] = field(default_factory=dict)
    hint: str = "Try again."
    choices: tuple[str, ...] = ()

    def check(self, answer: object) -> Feedback:
        """Right or not, and why."""
        given = _norm(answer)
        if any(given == _norm(a) for a in self.accepts):
            return Feedback(True, self.why)
        return Feedback(False, next((why for wrong, why in self.near.items() if given == _norm(wrong)), self.hint))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from .quiz import Quiz

        quiz = Quiz(self.anchor, self.question, self.accepts, self.near, self.why, self.hint, self.choices)
        return quiz._repr_mimebundle_(**kwargs)


def tried(
    question: Experiment[D],
    judge: Callable[[Answer[D]], Feedback],
    otherwise: Callable[[], Feedback] | None = None,
    /,
    **arguments: Any,
) -> Feedback:
    """Ask ``question`` and let ``judge`` say what the answer is worth; or why there is none.

    ``otherwise`` speaks where this machine cannot be asked, such as a model or a record.
    """
    try:
        answer = ask(question, **arguments)
    except CannotRunHere as reason:
        return otherwise() if otherwise else Feedback(False, f"Nothing was tried. {reason}")
    except (ExperimentFailed, TypeError) as error:  # TypeError: arguments that the question does not have
        return Feedback(False, f"That could not be run: {error}")
    return judge(answer)


def tried_with(question: Experiment[D], judge: Callable[[Answer[D]], Feedback], given: Any) -> Feedback:
    """As :func:`tried`, with the arguments that a reader has ``given`` as a dict."""
    if not isinstance(given, dict):
        name = question.function.__name__
        return Feedback(False, f"Give the arguments of {name} as a dict, not {type(given).__name__}.")
    return tried(question, judge, **given)


@dataclass(frozen=True)
class Trial:
    """An exercise that a machine or a model checks: ``judge`` runs the answer and returns :class:`Feedback`.

    ``wrong`` are answers that must fail; the tests try them. ``choices`` are answers to choose among where no Python is behind
    the page, by what is read there, such as ``{"b0 2a f4": "b0 2a f4"}``; ``outcome`` says what became of one of them. Where the
    judge asks a machine, it is a function that reads the recorded answers of a question which tries each; else the judge does.
    """

    anchor: str
    question: str
    judge: Callable[[Any], Feedback]
    wrong: tuple[Any, ...]
    choices: Mapping[str, Any] = field(default_factory=dict)
    outcome: Callable[[Any], Feedback] | None = None

    def check(self, answer: Any) -> Feedback:
        """Try ``answer`` on a machine."""
        return self.judge(answer)

    def outcomes(self) -> dict[str, Feedback]:
        """What is said to each of the choices."""
        return {label: (self.outcome or self.judge)(answer) for label, answer in self.choices.items()}

    def __repr__(self) -> str:
        return f"{self.question} Answer with {self.anchor}.check(...)."

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if not self.choices:
            return None
        from .quiz import Quiz

        said = self.outcomes()
        right = [label for label, reply in said.items() if reply.right]
        near = {label: reply.text for label, reply in said.items()}
        quiz = Quiz(self.anchor, self.question, right, near, near[right[0]] if right else "", choices=list(said))
        return quiz._repr_mimebundle_(**kwargs)
