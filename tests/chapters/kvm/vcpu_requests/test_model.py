"""The machine with store buffers against an axiomatic description of the same memory model; and the race's facts."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.chapters.kvm.vcpu_requests.model import KICKED, LETTERS, LOST, OUTCOMES, SCENARIOS, SEEN, TWICE
from syslab.chapters.kvm.vcpu_requests.store_buffers import Machine, Op

OPS = st.builds(Op, st.sampled_from(["store", "locked", "load", "fence"]), st.sampled_from(["x", "y"]))
PROGRAMS = st.lists(st.lists(OPS, max_size=3).map(tuple), min_size=2, max_size=2).map(tuple)


def axiomatic(programs: tuple[tuple[Op, ...], ...]) -> set[tuple[tuple[bool, ...], ...]]:
    """What loads can find under x86-TSO, without any buffer: one order of all memory accesses, in which only a plain
    store may come later than a load behind it; a load finds stores before it in that order or in its own program."""
    events = [(t, i) for t, program in enumerate(programs) for i, op in enumerate(program) if op.kind != "fence"]

    def kept(a: tuple[int, int], b: tuple[int, int]) -> bool:
        program = programs[a[0]]
        if program[a[1]].kind != "store" or program[b[1]].kind != "load":
            return True
        return any(program[i].kind in ("fence", "locked") for i in range(a[1] + 1, b[1]))

    pairs = [(a, b) for a in events for b in events if a[0] == b[0] and a[1] < b[1] and kept(a, b)]
    found = set()
    for order in permutations(events):
        at = {event: n for n, event in enumerate(order)}
        if any(at[a] > at[b] for a, b in pairs):
            continue
        reads: list[list[bool]] = [[] for _ in programs]
        for t, program in enumerate(programs):
            for i, op in enumerate(program):
                if op.kind != "load":
                    continue
                stores = [e for e in events if programs[e[0]][e[1]].kind != "load" and programs[e[0]][e[1]].variable == op.variable]
                reads[t].append(any(at[e] < at[t, i] or (e[0] == t and e[1] < i) for e in stores))
        found.add(tuple(map(tuple, reads)))
    return found


@given(PROGRAMS)
def test_the_machine_finds_what_the_axioms_allow(programs: Any) -> None:
    machine = Machine(programs)
    assert {state.read for state in machine.runs()} == axiomatic(programs)


@given(PROGRAMS)
def test_runs_are_all_runs(programs: Any) -> None:
    machine = Machine(programs)

    def count(state: Any) -> int:
        after = machine.moves(state).values()
        return sum(count(one) for one in after) if after else 1

    assert sum(machine.runs().values()) == count(machine.start)
    states = machine.states()
    assert len(states) == len(set(states))
    number = {state: n for n, state in enumerate(states)}
    assert all(number[after] > n for state, n in number.items() for after in machine.moves(state).values())


def test_lost_only_where_a_barrier_or_the_order_is_missing() -> None:
    assert {key: scenario.count()["lost"] > 0 for key, scenario in SCENARIOS.items()} == {
        "none": True,
        "requester": True,
        "vcpu": True,
        "both": False,
        "x86": False,
        "late": True,
        "ordered": False,
    }
    assert SCENARIOS["none"].count() == {"states": 34, "runs": 80, "lost": 18}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_runs_lead_where_they_say(scenario: Any) -> None:
    for wanted in OUTCOMES:
        run = scenario.run(wanted)
        if run is None:
            assert wanted == LOST
        else:
            assert scenario.outcome(scenario.follow(run)[-1]) == wanted
    assert scenario.outcome(scenario.machine.start) is None
    graph = scenario.graph()
    assert {row[3] for row in graph["states"]} <= {None, LOST, KICKED, SEEN, TWICE}
    assert all(set(row[4]) <= set(LETTERS.values()) for row in graph["states"])


def test_a_run_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"none: step 2 of 'rV' cannot happen there; r, R, v can"):
        SCENARIOS["none"].follow("rV")
