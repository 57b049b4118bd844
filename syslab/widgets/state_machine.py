"""StateMachine: send events to something that has states, and see where each leads or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import traitlets

from .base import Widget, script, style

LONGEST = 30  # events in a path; a link should stay a link
WORD = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)  # a name in links, between the dots


@dataclass(frozen=True)
class State:
    """``at``: column and row in the drawing. ``note`` says in words what the state is."""

    id: str
    name: str
    at: tuple[int, int]
    note: str = ""


@dataclass(frozen=True)
class Event:
    """A button in ``group``. With an ``arrow`` its transitions are drawn, under that short label.

    ``told`` is what the list of what happened calls it, if the label needs its group to be understood.
    """

    id: str
    label: str
    group: str = ""
    arrow: str = ""
    told: str = ""


@dataclass(frozen=True)
class Edge:
    """``result`` in a few words, ``why`` in a sentence. ``refused`` edges stay where they are."""

    to: str
    result: str
    why: str = ""
    refused: bool = False


@dataclass(frozen=True)
class Machine:
    """One setting of the toggles: where it starts, and (state, event) -> :class:`Edge`."""

    start: str
    edges: Mapping[tuple[str, str], Edge] = field(default_factory=dict)


class StateMachine(Widget):
    """``machines``: values of the toggles -> :class:`Machine`; ``toggles``: label -> {value: label}, in order.

    ``anchor`` is its name in links: ``#mp=yes.1.init.sipi`` are the toggles' values and then the events, from the start.
    An event without an edge was not tried in that state and cannot be sent. ValueError for whatever does not fit together.
    """

    becomes = "a drawing of the states, with a button for each event"
    _esm = script("state_machine")
    _css = style("state_machine")
    anchor = traitlets.Unicode().tag(sync=True)
    states: traitlets.List[Any] = traitlets.List().tag(sync=True)
    groups: traitlets.List[Any] = traitlets.List().tag(sync=True)
    toggles: traitlets.List[Any] = traitlets.List().tag(sync=True)
    machines: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    texts: traitlets.List[Any] = traitlets.List().tag(sync=True)
    longest = traitlets.Int(LONGEST).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        anchor: str,
        states: Sequence[State],
        events: Sequence[Event],
        machines: Mapping[tuple[str, ...], Machine],
        toggles: Mapping[str, Mapping[str, str]] | None = None,
        value: str | None = None,
    ) -> None:
        toggles = toggles or {}
        index = {state.id: number for number, state in enumerate(states)}
        known = {event.id for event in events}
        if len(index) != len(states) or len(known) != len(events) or not states or not events:
            raise ValueError(f"state machine {anchor}: it needs states and events, each with a name of its own")
        if len({state.at for state in states}) != len(states):
            raise ValueError(f"state machine {anchor}: two states are drawn at the same place")
        for word in (*known, *(v for options in toggles.values() for v in options)):
            if not WORD.fullmatch(word):
                raise ValueError(f"state machine {anchor}: {word!r} cannot stand in a link; letters, digits, - and _ can")
        wanted: set[tuple[str, ...]] = {()}
        for options in toggles.values():
            wanted = {(*done, value) for done in wanted for value in options}
        if set(machines) != wanted:
            raise ValueError(f"state machine {anchor}: machines {sorted(set(machines) ^ wanted)} and toggles do not match")
        texts: dict[tuple[Any, ...], int] = {}
        packed = {}
        for setting, machine in machines.items():
            table: dict[str, dict[str, list[int]]] = {}
            for (state, event), edge in machine.edges.items():
                if state not in index or edge.to not in index or event not in known:
                    raise ValueError(f"state machine {anchor}: no such edge: {state} --{event}--> {edge.to}")
                if edge.refused and edge.to != state:
                    raise ValueError(f"state machine {anchor}: {event} is refused in {state} and yet leads to {edge.to}")
                text = texts.setdefault((edge.result, edge.why, edge.refused), len(texts))
                table.setdefault(str(index[state]), {})[event] = [index[edge.to], text]
            if machine.start not in index:
                raise ValueError(f"state machine {anchor}: it starts in {machine.start!r}, which is no state")
            packed["|".join(setting)] = {"start": index[machine.start], "edges": table}
        groups = dict.fromkeys(event.group for event in events)
        super().__init__(
            anchor=anchor,
            states=[{"name": s.name, "note": s.note, "at": list(s.at)} for s in states],
            groups=[[group, [[e.id, e.label, e.arrow, e.told or e.label] for e in events if e.group == group]] for group in groups],
            toggles=[{"label": label, "options": [list(o) for o in options.items()]} for label, options in toggles.items()],
            machines=packed,
            texts=[list(text) for text in texts],
        )
        self.value = ".".join(next(iter(machines))) if value is None else value

    def replay(self, path: str) -> list[str]:
        """The states' names along ``path``, the first one included; ValueError where it cannot be walked."""
        parts = path.split(".") if path else []
        setting, events = parts[: len(self.toggles)], parts[len(self.toggles) :]
        machine = self.machines.get("|".join(setting))
        if machine is None or len(setting) != len(self.toggles):
            raise ValueError(f"state machine {self.anchor}: {path!r} does not begin with a value of each toggle")
        if len(events) > self.longest:
            raise ValueError(f"state machine {self.anchor}: {len(events)} events are more than {self.longest}")
        at = machine["start"]
        names = [self.states[at]["name"]]
        for event in events:
            edge = machine["edges"].get(str(at), {}).get(event)
            if edge is None:
                raise ValueError(f"state machine {self.anchor}: no event {event!r} in {self.states[at]['name']}")
            at = edge[0]
            names.append(self.states[at]["name"])
        return names

    @traitlets.validate("value")
    def _walkable(self, proposal: Any) -> str:
        try:
            self.replay(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return str(proposal["value"])

    def in_words(self) -> str:
        """The setting, the way so far and the state it led to."""
        names = self.replay(self.value)
        notes = {state["name"]: state["note"] for state in self.states}
        setting = zip(self.toggles, self.value.split("."), strict=False)
        lines = [f"{toggle['label']}: {dict(toggle['options'])[value]}." for toggle, value in setting]
        lines.append(f"The states are {', '.join(notes)}. It is in {names[-1]}{notes[names[-1]] and f': {notes[names[-1]]}'}")
        return "\n".join([*lines, *([f"The way was {', '.join(names)}."] if names[1:] else [])])
