"""Quiz: an exercise's question with a field or choices, checked on the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from .base import Widget, script, style


class Quiz(Widget):
    """``accepts`` are right answers; ``near`` has what is said to wrong ones, and to right ones where ``why`` is not meant; numbers
    compare by value (0x15 is 21).

    ``why`` is said with a right answer, ``hint`` with a wrong one that ``near`` does not know. ``anchor`` names it in
    the browser's memory of what was solved.
    """

    becomes = "a question that says whether an answer is right, and why"
    _esm = script("quiz")
    _css = style("quiz")
    anchor = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    choices: traitlets.List[Any] = traitlets.List().tag(sync=True)
    accepts: traitlets.List[Any] = traitlets.List().tag(sync=True)
    near: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        anchor: str,
        question: str,
        accepts: Sequence[str],
        near: Mapping[str, str],
        why: str,
        hint: str = "Try again.",
        choices: Sequence[str] = (),
    ) -> None:
        if not accepts:
            raise ValueError(f"quiz {anchor}: no answer would be right")
        if choices and not set(accepts) <= set(choices):
            raise ValueError(f"quiz {anchor}: an accepted answer is not among the choices")
        super().__init__(
            anchor=anchor, question=question, accepts=list(accepts), near=dict(near), why=why, hint=hint, choices=list(choices)
        )

    def in_words(self) -> str:
        """The question and its choices."""
        return "\n".join([self.question, *(f"– {choice}" for choice in self.choices)])

    def fragment(self) -> str:
        """Answers are not in links."""
        return str(self.anchor)
