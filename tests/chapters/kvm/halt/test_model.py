"""The model of halt polling has the properties of KVM's code; traces are read or refused; the guest is what it says."""

from __future__ import annotations

import random
import struct

import pytest

from syslab.chapters.kvm.halt.model import Parameters, after_halt, kernel_parameters, read_trace, timer_guest, wakes, windows

DEFAULTS = Parameters(200_000, 2, 10_000, 2)


def random_cases(count: int = 3000) -> list[tuple[int, int, Parameters]]:
    """(window, halted, parameters), with the corners: zeros, and halts equal to the window and to the maximum."""
    chance = random.Random(4)
    found = []
    for _ in range(count):
        p = Parameters(
            chance.choice([0, 1, 50_000, 200_000, chance.randrange(10**7)]),
            chance.choice([0, 1, 2, 3]),
            chance.choice([0, 1, 10_000, 300_000]),
            chance.choice([0, 1, 2, 4]),
        )
        window = chance.choice([0, 10_000, p.maximum, 2 * p.maximum, chance.randrange(10**7)])
        found.append((window, chance.choice([1, window, p.maximum, p.maximum + 1, chance.randrange(10**7)]), p))
    return found


def test_a_halt_that_fits_changes_nothing_but_the_clamp() -> None:
    for window, halted, p in random_cases():
        if halted <= min(window, p.maximum):
            assert after_halt(window, halted, p) == min(window, p.maximum)


def test_directions() -> None:
    for window, halted, p in random_cases():
        begun, after = min(window, p.maximum), after_halt(window, halted, p)
        if halted > p.maximum:
            assert after <= begun
            assert after == 0 or after >= p.grow_start or not p.maximum
        elif p.grow:
            assert after >= begun
        assert p.maximum or after == 0


def test_known_runs() -> None:
    assert windows([150_000] * 6, DEFAULTS) == [10_000, 20_000, 40_000, 80_000, 160_000, 160_000]
    # it grows beyond the maximum, and is clamped when the next halt begins
    assert windows([190_000] * 7, DEFAULTS)[4:] == [160_000, 320_000, 200_000]
    assert windows([10**9] * 6, DEFAULTS, 200_000) == [100_000, 50_000, 25_000, 12_500, 0, 0]
    assert windows([10**9], DEFAULTS._replace(shrink=0), 200_000) == [0]
    assert windows([150_000], DEFAULTS._replace(grow=0)) == [0]
    assert windows([150_000], DEFAULTS._replace(maximum=0), 80_000) == [0]


def test_what_wakes() -> None:
    assert [wakes(event, flag) for event in ("none", "interrupt", "nmi") for flag in (False, True)] == [
        False,
        False,
        False,
        True,
        True,
        True,
    ]
    with pytest.raises(ValueError, match="none of none, interrupt, nmi"):
        wakes("smi", True)


def test_a_trace_is_read_halt_by_halt() -> None:
    lines = [
        ("kvm_halt_poll_ns", "vcpu 0: halt_poll_ns 10000 (grow 0)"),
        ("kvm_vcpu_wakeup", "wait time 90000 ns, polling valid"),
        ("kvm_vcpu_wakeup", "poll time 9000 ns, polling valid"),
        ("kvm_halt_poll_ns", "vcpu 0: halt_poll_ns 0 (shrink 10000)"),
        ("kvm_vcpu_wakeup", "wait time 7000000 ns, polling valid"),
    ]
    assert read_trace([{"event": event, "text": text} for event, text in lines]) == [
        {"halted": 90_000, "slept": True, "change": "grow", "old": 0, "new": 10_000},
        {"halted": 9_000, "slept": False, "change": "", "old": None, "new": None},
        {"halted": 7_000_000, "slept": True, "change": "shrink", "old": 10_000, "new": 0},
    ]
    with pytest.raises(ValueError, match="the trace says 'something else'"):
        read_trace([{"event": "kvm_vcpu_wakeup", "text": "something else"}])


def test_the_guest_jumps_back_to_its_sti() -> None:
    code = timer_guest([(1_000, 3), (2_000, 4)])
    assert code.endswith(b"\xe6\xe9")
    assert code.count(b"\xfb\xf4\xfa") == 2
    at = code.index(b"\x75")
    assert code[at + 2 + struct.unpack_from("b", code, at + 1)[0] :].startswith(b"\xfb\xf4")


def test_parameters_by_the_kernels_names() -> None:
    names = {"halt_poll_ns": 1, "halt_poll_ns_grow": 2, "halt_poll_ns_grow_start": 3, "halt_poll_ns_shrink": 4}
    assert Parameters.of(names) == (1, 2, 3, 4)
    with pytest.raises(KeyError):
        Parameters.of({"halt_poll_ns": 1})
    try:
        found = kernel_parameters()
    except OSError:
        pytest.skip("no module kvm here")
    assert set(found) == set(names)
