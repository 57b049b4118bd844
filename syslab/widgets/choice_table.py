"""ChoiceTable: choose inputs, see the outcome that a machine gave for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import traitlets

from .base import Widget, script, style

TONES = ("good", "bad", "plain")


@dataclass(frozen=True)
class Outcome:
    """``title`` in a few words, ``lines`` of (name, text) or (name, text, link); ``tone`` good, bad or plain."""

    title: str
    lines: Sequence[tuple[str, ...]] = field(default_factory=tuple)
    tone: str = "plain"


class ChoiceTable(Widget):
    """``dimensions``: label -> {value: label} of each input, in order. ``outcomes``: values -> :class:`Outcome`.

    ``anchor`` is its name in links: ``#signals=INT.default.process``. A combination without an outcome says ``missing``.
    """

    becomes = "a choice of inputs, with what came out for each"
    _esm = script("choice_table")
    _css = style("choice_table")
    dimensions: traitlets.List[Any] = traitlets.List().tag(sync=True)
    outcomes: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    value: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode().tag(sync=True)
    missing = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        anchor: str,
        dimensions: Mapping[str, Mapping[str, str]],
        outcomes: Mapping[tuple[str, ...], Outcome],
        value: tuple[str, ...] | None = None,
        missing: str = "This combination was not tried.",
    ) -> None:
        for key, outcome in outcomes.items():
            if len(key) != len(dimensions) or any(v not in d for v, d in zip(key, dimensions.values(), strict=False)):
                raise ValueError(f"choice table {anchor}: {key} does not name one option of each of {list(dimensions)}")
            if outcome.tone not in TONES:
                raise ValueError(f"choice table {anchor}: tone {outcome.tone!r} is none of {', '.join(TONES)}")
        start = value or next(iter(outcomes))
        if start not in outcomes:
            raise ValueError(f"choice table {anchor}: there is no outcome for {start}")
        super().__init__(
            anchor=anchor,
            dimensions=[{"label": label, "options": [list(o) for o in options.items()]} for label, options in dimensions.items()],
            outcomes={
                "|".join(k): {"title": o.title, "tone": o.tone, "lines": [list(x) for x in o.lines]} for k, o in outcomes.items()
            },
            value=list(start),
            missing=missing,
        )

    def in_words(self) -> str:
        """The inputs and their outcome."""
        names = [dict(d["options"])[value] for d, value in zip(self.dimensions, self.value, strict=True)]
        inputs = "; ".join(f"{d['label']}: {name}" for d, name in zip(self.dimensions, names, strict=True))
        outcome = self.outcomes.get("|".join(self.value), {"title": self.missing, "lines": []})
        lines = [f"{name}: {text}" for name, text, *_ in outcome["lines"]]
        return "\n".join([f"{inputs}.", outcome["title"], *lines])
