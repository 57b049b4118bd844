"""Threads with store buffers, as x86 has them (x86-TSO): every order in which their steps can happen.

A store waits in its CPU's buffer. A load looks into its own buffer, then into memory. A fence waits until the own
buffer is empty. A locked instruction waits for that too, and its store is in memory at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

NEXT, DRAIN = "next", "drain"


class Op(NamedTuple):
    """One instruction: its kind, the variable it uses, and how it is shown."""

    kind: Literal["store", "locked", "load", "fence"]
    variable: str = ""
    text: str = ""


class State(NamedTuple):
    """``done``: instructions executed; ``buffers``: variables whose store waits; ``memory``: variables that are 1 there;
    ``read``: what each thread's loads found, in order."""

    done: tuple[int, ...]
    buffers: tuple[tuple[str, ...], ...]
    memory: frozenset[str]
    read: tuple[tuple[bool, ...], ...]


@dataclass(frozen=True)
class Machine:
    """Programs that share variables, a thread each. Every variable starts at 0, and every store writes 1."""

    programs: tuple[tuple[Op, ...], ...]

    @property
    def start(self) -> State:
        """Nothing has happened yet."""
        none = tuple(() for _ in self.programs)
        return State(tuple(0 for _ in self.programs), none, frozenset(), none)

    def next(self, state: State, thread: int) -> State | None:
        """``thread`` executes its next instruction; None if there is none, or if it has to wait for the buffer."""
        if state.done[thread] == len(self.programs[thread]):
            return None
        op, own = self.programs[thread][state.done[thread]], state.buffers[thread]
        if op.kind in ("fence", "locked") and own:
            return None
        state = state._replace(done=_put(state.done, thread, state.done[thread] + 1))
        if op.kind == "store":
            return state._replace(buffers=_put(state.buffers, thread, (*own, op.variable)))
        if op.kind == "locked":
            return state._replace(memory=state.memory | {op.variable})
        if op.kind == "load":
            found = op.variable in own or op.variable in state.memory
            return state._replace(read=_put(state.read, thread, (*state.read[thread], found)))
        return state

    def drain(self, state: State, thread: int) -> State | None:
        """The oldest store in ``thread``'s buffer reaches memory; None if there is none."""
        if not state.buffers[thread]:
            return None
        first, *rest = state.buffers[thread]
        return state._replace(buffers=_put(state.buffers, thread, tuple(rest)), memory=state.memory | {first})

    def moves(self, state: State) -> dict[tuple[str, int], State]:
        """All that can happen next: (NEXT or DRAIN, thread) -> the state after it. Empty at the end of a run."""
        found: dict[tuple[str, int], State] = {}
        for thread in range(len(self.programs)):
            for name, step in ((NEXT, self.next), (DRAIN, self.drain)):
                after = step(state, thread)
                if after is not None:
                    found[name, thread] = after
        return found

    def states(self) -> list[State]:
        """Every state that can be reached, each once, the start first; a state comes after all those that lead to it."""
        found, seen = [self.start], {self.start}
        for state in found:
            for after in self.moves(state).values():
                if after not in seen:
                    seen.add(after)
                    found.append(after)
        return found

    def runs(self) -> Mapping[State, int]:
        """Final state -> the number of different runs, instruction by instruction and store by store, that end there."""
        ways: dict[State, int] = {self.start: 1}
        ends: dict[State, int] = {}
        for state in self.states():  # in breadth: all runs to a state are equally long, so its number is complete here
            after = self.moves(state)
            if not after:
                ends[state] = ways[state]
            for one in after.values():
                ways[one] = ways.get(one, 0) + ways[state]
        return ends


def _put(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])
