"""The monitor trap flag's rules, against the SDM's text and for any program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.chapters.kvm.single_step import model as monitor_trap
from syslab.chapters.kvm.single_step.model import EXITS, FAULT, KINDS, PLAIN, REPEAT, RETURN, SOFTWARE_INTERRUPT, stops

HANDLER = [PLAIN, RETURN]
PROGRAMS = st.lists(st.sampled_from([PLAIN, REPEAT, FAULT, SOFTWARE_INTERRUPT, EXITS]), min_size=1, max_size=8)


def places(found: list[monitor_trap.Stop]) -> list[str]:
    return [("h" if stop.handler else "") + str(stop.at) for stop in found]


def test_numbers() -> None:
    assert (monitor_trap.CONTROL, monitor_trap.EXIT_REASON) == (0x08000000, 37)


@pytest.mark.parametrize(
    ("main", "injected", "expected"),
    [
        ([PLAIN, PLAIN], False, ["1", "2"]),
        ([REPEAT], False, ["0", "0", "1"]),
        ([FAULT, PLAIN], False, ["h0", "h1", "1", "2"]),
        ([SOFTWARE_INTERRUPT, PLAIN], False, ["h0", "h1", "1", "2"]),
        ([PLAIN], True, ["h0", "h1", "0", "1"]),
    ],
)
def test_the_rules_of_the_sdm(main: list[str], injected: bool, expected: list[str]) -> None:
    found = stops(main, HANDLER, injected, iterations=3)
    assert places(found) == expected
    assert all(stop.mtf for stop in found)


def test_an_exit_of_its_own_is_no_mtf_exit() -> None:
    assert [stop.mtf for stop in stops([PLAIN, EXITS, PLAIN])] == [True, False, True]


def test_a_handler_may_skip_instructions() -> None:
    assert places(stops([FAULT, PLAIN, PLAIN], HANDLER, resume=2)) == ["h0", "h1", "2", "3"]


@pytest.mark.long
@given(PROGRAMS, st.booleans(), st.integers(1, 5))
def test_any_program(main: list[str], injected: bool, iterations: int) -> None:
    found = stops(main, HANDLER, injected, iterations)
    assert places(found)[-1] == str(len(main)), "it comes to its end"
    events = injected + sum(kind in (FAULT, SOFTWARE_INTERRUPT) for kind in main)
    plain = sum(iterations if kind == REPEAT else 1 for kind in main if kind not in (FAULT, SOFTWARE_INTERRUPT))
    assert len(found) == plain + 3 * events, "before the handler, behind its first instruction, and back"
    assert sum(not stop.mtf for stop in found) == main.count(EXITS)
    outside = [stop.at for stop in found if not stop.handler]
    assert outside == sorted(outside)
    assert not injected or (found[0].handler and found[0].at == 0), "before any instruction"
    assert injected or found[0].handler == (main[0] in (FAULT, SOFTWARE_INTERRUPT))
    assert all(stop.rule in monitor_trap.WHY for stop in found)


def test_refuses() -> None:
    for arguments in (([*KINDS, "trap"],), ([FAULT],), ([FAULT], [PLAIN]), ([FAULT], [FAULT, RETURN]), ([PLAIN], (), True)):
        with pytest.raises(ValueError, match=r"one of|needs a handler"):
            stops(*arguments)
    with pytest.raises(ValueError, match="at least one iteration"):
        stops([REPEAT], iterations=0)
    with pytest.raises(ValueError, match="never end"):
        stops([FAULT], HANDLER, resume=0)
