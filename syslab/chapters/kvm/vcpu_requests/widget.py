"""Interleaving: the reader is the scheduler. Programs side by side, their store buffers, and every step that can come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style


class Interleaving(Widget):
    """``graphs``: key -> what a model's ``graph()`` gives: ``title``, ``programs`` (a list of lines for each lane), ``states``
    (each: lines done in each lane, buffers in words, memory, outcome or None, letter -> number of the next state), ``runs``
    (outcome and the letters that lead there). State 0 is the start.

    ``moves``: letter -> lane, label of its button, what the list of steps says: ``{}`` in it is the lane's next line, ``[]`` its
    oldest buffered store. ``outcomes``: name -> tone (good, bad) and sentence.
    ``value`` is what links say: a key, a dot, and the letters of the steps so far, such as ``#race=none.rrvv``.
    """

    becomes = "programs whose every step the reader chooses"
    _esm = script(__file__)
    _css = style(__file__)
    anchor = traitlets.Unicode().tag(sync=True)
    lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    memory: traitlets.List[Any] = traitlets.List().tag(sync=True)
    moves: traitlets.List[Any] = traitlets.List().tag(sync=True)
    outcomes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    graphs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        anchor: str,
        lanes: Sequence[str],
        memory: Sequence[str],
        moves: Mapping[str, tuple[int, str, str]],
        outcomes: Mapping[str, tuple[str, str]],
        graphs: Mapping[str, Mapping[str, Any]],
        value: str | None = None,
    ) -> None:
        """By default the first graph, nothing done. ValueError for a graph that does not fit the lanes, moves or outcomes, or
        a ``value`` that it does not have."""
        if not graphs:
            raise ValueError(f"interleaving {anchor}: it needs at least one graph")
        for key, graph in graphs.items():
            if not key.isalnum() or len(graph["programs"]) != len(lanes):
                raise ValueError(f"interleaving {anchor}: graph {key!r} needs a plain key and {len(lanes)} programs")
            for _, _, cells, outcome, after in graph["states"]:
                known = set(after) <= set(moves) and (outcome is None or outcome in outcomes)
                if not known or len(cells) != len(memory) or not all(0 <= n < len(graph["states"]) for n in after.values()):
                    raise ValueError(f"interleaving {anchor}: graph {key!r} has a state with a move, memory or outcome not told of")
        value = f"{next(iter(graphs))}." if value is None else value
        super().__init__(
            anchor=anchor,
            lanes=list(lanes),
            memory=list(memory),
            moves=[[letter, *move] for letter, move in moves.items()],
            outcomes=[[name, *said] for name, said in outcomes.items()],
            graphs=[[key, dict(graph)] for key, graph in graphs.items()],
        )
        self.value = value

    def state(self, value: str) -> int:
        """The number of the state that ``value`` leads to; ValueError if a step of it cannot be."""
        key, dot, letters = value.partition(".")
        graphs = dict(self.graphs)
        if key not in graphs or not dot:
            raise ValueError(f"interleaving {self.anchor}: {value!r} is not one of {', '.join(graphs)}, a dot, and steps")
        at = 0
        for letter in letters:
            after = graphs[key]["states"][at][4]
            if letter not in after:
                raise ValueError(
                    f"interleaving {self.anchor}: step {letter!r} of {value!r} cannot be; {', '.join(after) or 'none'} can"
                )
            at = int(after[letter])
        return at

    @traitlets.validate("value")
    def _can_be(self, proposal: Any) -> str:
        try:
            if proposal["value"]:
                self.state(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return str(proposal["value"])

    def in_words(self) -> str:
        """The programs, and what can come next."""
        key, _, path = self.value.partition(".")
        graph = dict(self.graphs)[key]
        programs = [f"{lane}: {'; '.join(lines)}" for lane, lines in zip(self.lanes, graph["programs"], strict=True)]
        after = graph["states"][self.state(self.value)][4]
        can = [f"{self.lanes[lane]}: {label}" for letter, lane, label, _ in self.moves if letter in after]
        end = f"Next can be {'; or '.join(can)}." if can else "Nothing is left to do."
        return "\n".join([f"{graph['title']}, after {len(path)} steps.", *programs, end])
