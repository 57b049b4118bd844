"""The race between somebody who makes a request of a vCPU and the vCPU on its way into the guest.

The requester sets a bit of ``vcpu->requests``, then reads ``vcpu->mode`` to see whether an IPI is needed. The vCPU
sets ``vcpu->mode``, then reads ``vcpu->requests`` to see whether it may enter. If both find nothing, the request is
lost for as long as the guest runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from .store_buffers import DRAIN, NEXT, Machine, Op, State

REQUESTER, VCPU = 0, 1
LANES = ("Requester", "vCPU")
LETTERS = {(NEXT, REQUESTER): "r", (DRAIN, REQUESTER): "R", (NEXT, VCPU): "v", (DRAIN, VCPU): "V"}
"""The moves as links write them: a small letter executes an instruction, a capital lets a store reach memory."""
MEMORY = ("requests", "mode")
LOST, KICKED, SEEN, TWICE = "lost", "kicked", "seen", "seen and kicked"
OUTCOMES: dict[str, tuple[str, str]] = {
    LOST: ("bad", "Lost. The vCPU is in the guest, the request is pending, and no IPI is on its way."),
    KICKED: ("good", "Seen. The vCPU entered the guest, but the IPI brings it out, and it looks at its requests."),
    SEEN: ("good", "Seen. The vCPU found the request and does not enter. No IPI was needed."),
    TWICE: ("good", "Seen. The vCPU found the request and does not enter. The IPI was not needed, and does no harm."),
}
"""Outcome -> tone and sentence."""

_SET = Op("store", "requests", "set the bit in vcpu->requests")
_LOCKED = Op("locked", "requests", "set the bit, with a locked instruction")
_READ_MODE = Op("load", "mode", "IPI if vcpu->mode is IN_GUEST_MODE")
_ENTER = Op("store", "mode", "vcpu->mode = IN_GUEST_MODE")
_ENTER_LOCKED = Op("locked", "mode", "vcpu->mode = IN_GUEST_MODE")
_CHECK = Op("load", "requests", "enter if vcpu->requests is 0")
_FENCE = Op("fence", "", "barrier")
_SET_NOW = _SET._replace(kind="locked")


class Count(TypedDict):
    """How many states and runs there are, and in how many of the runs the request is lost."""

    states: int
    runs: int
    lost: int


@dataclass(frozen=True)
class Scenario:
    """A way to write the two sides: ``key`` in links, ``title`` for people."""

    key: str
    title: str
    machine: Machine

    def outcome(self, state: State) -> str | None:
        """What came of the request, or None while the run goes on."""
        if self.machine.moves(state):
            return None
        in_guest, pending = state.read[REQUESTER][0], state.read[VCPU][0]
        if pending:
            return TWICE if in_guest else SEEN
        return KICKED if in_guest else LOST

    def count(self) -> Count:
        """All that can happen, counted."""
        ends = self.machine.runs()
        lost = sum(ways for state, ways in ends.items() if self.outcome(state) == LOST)
        return {"states": len(self.machine.states()), "runs": sum(ends.values()), "lost": lost}

    def run(self, wanted: str) -> str | None:
        """The letters of a shortest run that ends in outcome ``wanted``; None if there is none."""
        paths = {self.machine.start: ""}
        for state in self.machine.states():
            if self.outcome(state) == wanted:
                return paths[state]
            for move, after in self.machine.moves(state).items():
                paths.setdefault(after, paths[state] + LETTERS[move])
        return None

    def follow(self, letters: str) -> list[State]:
        """The states of a run, the start first. ValueError that names the first letter that cannot be."""
        found = [self.machine.start]
        for at, letter in enumerate(letters, 1):
            after = {LETTERS[move]: state for move, state in self.machine.moves(found[-1]).items()}
            if letter not in after:
                raise ValueError(f"{self.key}: step {at} of {letters!r} cannot happen there; {', '.join(after) or 'nothing'} can")
            found.append(after[letter])
        return found

    def graph(self) -> dict[str, Any]:
        """JSON for the widget: programs, and of each state its instruction counts, buffers, memory, outcome, moves."""
        states = self.machine.states()
        number = {state: n for n, state in enumerate(states)}
        rows = []
        for state in states:
            moves = {LETTERS[move]: number[after] for move, after in self.machine.moves(state).items()}
            memory = [int(name in state.memory) for name in MEMORY]
            rows.append(
                [list(state.done), [", ".join(f"{v} = 1" for v in b) for b in state.buffers], memory, self.outcome(state), moves]
            )
        return {
            "title": self.title,
            "programs": [[op.text for op in program] for program in self.machine.programs],
            "states": rows,
            "runs": [[wanted, run] for wanted in OUTCOMES if (run := self.run(wanted)) is not None],
        }


def _scenario(key: str, title: str, requester: tuple[Op, ...], vcpu: tuple[Op, ...]) -> tuple[str, Scenario]:
    return key, Scenario(key, title, Machine((requester, vcpu)))


SCENARIOS: Mapping[str, Scenario] = dict((
    _scenario("none", "no barrier", (_SET, _READ_MODE), (_ENTER, _CHECK)),
    _scenario("requester", "a barrier in the requester only", (_SET, _FENCE, _READ_MODE), (_ENTER, _CHECK)),
    _scenario("vcpu", "a barrier in the vCPU only", (_SET, _READ_MODE), (_ENTER, _FENCE, _CHECK)),
    _scenario("both", "a barrier in both", (_SET, _FENCE, _READ_MODE), (_ENTER, _FENCE, _CHECK)),
    _scenario("x86", "x86: a locked set_bit, a barrier in the vCPU", (_LOCKED, _READ_MODE), (_ENTER, _FENCE, _CHECK)),
    _scenario("late", "both, but the vCPU checks before it sets its mode", (_SET, _FENCE, _READ_MODE), (_CHECK, _FENCE, _ENTER)),
    _scenario("ordered", "no barrier, on a machine without store buffers", (_SET_NOW, _READ_MODE), (_ENTER_LOCKED, _CHECK)),
))  # fmt: skip
