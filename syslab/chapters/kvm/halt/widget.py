"""Flow: inputs to choose, and the path that they take through steps and decisions, to one of several ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

TONES = ("good", "bad", "plain")


@dataclass(frozen=True)
class End:
    """Where a path stops. ``tone`` is good, bad or plain. Text in `backquotes` is set as code, here and in the nodes."""

    title: str
    text: str = ""
    tone: str = "plain"


@dataclass(frozen=True)
class Step:
    """Something that happens; the node after it is next."""

    title: str
    text: str = ""


@dataclass(frozen=True)
class Decision:
    """A question. ``asks`` names the inputs it looks at, ``answers`` gives the answer for each of their values.

    An answer in ``ends`` stops the path there, one in ``skips`` leaves out so many nodes, any other goes to the node
    after it. Paths only go forward, so there are no loops.
    """

    title: str
    asks: tuple[str, ...]
    answers: Mapping[tuple[str, ...], str]
    ends: Mapping[str, End] = field(default_factory=dict)
    skips: Mapping[str, int] = field(default_factory=dict)
    text: str = ""


class Flow(Widget):
    """``inputs``: name -> (label, {value: label}), in order; ``nodes`` from top to bottom; ``value`` of each input.

    ``measured``: values -> what a machine did with them, shown below the end. ``anchor`` is the flow's name in links:
    ``#hlt=no.yes.nmi``. Inputs that no decision on the path looks at are marked.
    """

    becomes = "a flow whose inputs can be chosen, with the path they take"
    _esm = script(__file__)
    _css = style(__file__)
    anchor = traitlets.Unicode().tag(sync=True)
    inputs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    nodes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    measured: traitlets.Dict[str, str] = traitlets.Dict().tag(sync=True)
    value: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        anchor: str,
        inputs: Mapping[str, tuple[str, Mapping[str, str]]],
        nodes: Sequence[Step | Decision],
        value: tuple[str, ...] | None = None,
        measured: Mapping[tuple[str, ...], str] | None = None,
    ) -> None:
        """ValueError for a node that asks what is no input, lacks an answer, or leads beyond the last one."""
        start = value or tuple(next(iter(options)) for _, options in inputs.values())
        for values in (start, *(measured or {})):
            _check_values(anchor, inputs, values)
        super().__init__(
            anchor=anchor,
            inputs=[{"label": label, "options": [list(o) for o in options.items()]} for label, options in inputs.values()],
            nodes=[_node(anchor, inputs, nodes, at) for at in range(len(nodes))],
            measured={"|".join(values): text for values, text in (measured or {}).items()},
            value=list(start),
        )

    def path(self, value: Sequence[str] | None = None) -> tuple[list[tuple[str, str]], dict[str, str]]:
        """(title, answer) of each node that ``value`` (by default the present one) passes, and the end; steps answer ""."""
        values = list(self.value if value is None else value)
        at, passed = 0, []
        while True:
            node = self.nodes[at]
            answer = node["answers"]["|".join(values[i] for i in node["asks"])]
            passed.append((node["title"], answer))
            if answer in node["ends"]:
                return passed, node["ends"][answer]
            at += 1 + node["skips"].get(answer, 0)

    def in_words(self) -> str:
        """The inputs, the path and where it ends."""
        chosen = zip(self.inputs, self.value, strict=True)
        inputs = [f"{one['label']}: {dict(one['options'])[value]}" for one, value in chosen]
        passed, end = self.path()
        steps = [f"{title}{answer and f' {answer}'}" for title, answer in passed]
        measured = self.measured.get("|".join(self.value))
        lines = [f"{'; '.join(inputs)}.", f"{' → '.join(steps)} → {end['title']}. {end['text']}"]
        return "\n".join([*lines, *([f"Measured: {measured}"] if measured else [])]).replace("`", "")


def _check_values(anchor: str, inputs: Mapping[str, tuple[str, Mapping[str, str]]], values: Sequence[str]) -> None:
    if len(values) != len(inputs) or any(v not in options for v, (_, options) in zip(values, inputs.values(), strict=False)):
        raise ValueError(f"flow {anchor}: {tuple(values)} does not name one option of each of {', '.join(inputs)}")


def _node(
    anchor: str, inputs: Mapping[str, tuple[str, Mapping[str, str]]], nodes: Sequence[Step | Decision], at: int
) -> dict[str, Any]:
    node, names = nodes[at], list(inputs)
    if isinstance(node, Step):
        node = Decision(node.title, (), {(): ""}, text=node.text)
    where = f"flow {anchor}: “{node.title}”"
    unknown = [name for name in node.asks if name not in inputs]
    if unknown:
        raise ValueError(f"{where} asks {', '.join(unknown)}; the inputs are {', '.join(names)}")
    for values in product(*(inputs[name][1] for name in node.asks)):
        if values not in node.answers:
            raise ValueError(f"{where} has no answer for {', '.join(values)}")
    for answer in set(node.answers.values()) - set(node.ends):
        if at + 1 + node.skips.get(answer, 0) >= len(nodes):
            raise ValueError(f"{where} goes on after {answer or 'it'}, but no node is there")
    for end in node.ends.values():
        if end.tone not in TONES:
            raise ValueError(f"{where}: tone {end.tone!r} is none of {', '.join(TONES)}")
    texts = [node.title, node.text, *(t for end in node.ends.values() for t in (end.title, end.text))]
    if any(text.count("`") % 2 for text in texts):
        raise ValueError(f"{where} has a backquote without its partner")
    return {
        "title": node.title,
        "text": node.text,
        "asks": [names.index(name) for name in node.asks],
        "answers": {"|".join(values): answer for values, answer in node.answers.items()},
        "ends": {answer: {"title": end.title, "text": end.text, "tone": end.tone} for answer, end in node.ends.items()},
        "skips": dict(node.skips),
    }
