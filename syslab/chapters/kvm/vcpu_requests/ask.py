"""Requests of a vCPU and kicks: the race on two real CPUs, getting a real vCPU out of the guest, and what the kernel asks of vCPUs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64
from syslab.kvm import witness

from . import litmus, spinning_vcpu
from .causes import Asked, watch

SIDES: dict[str, tuple[litmus.Side, litmus.Side]] = {
    "none": (litmus.Side(), litmus.Side()),
    "requester": (litmus.Side(fence=True), litmus.Side()),
    "vcpu": (litmus.Side(), litmus.Side(fence=True)),
    "both": (litmus.Side(fence=True), litmus.Side(fence=True)),
    "x86": (litmus.Side("locked"), litmus.Side(fence=True)),
}
"""Key of one of :data:`.model.SCENARIOS` -> how its two sides are written in machine code."""
MOST_RACES, LONGEST = 8, 1.5


class Race(TypedDict):
    """A scenario's races: whether two threads ran at the same time at all (on one CPU they do not), and whether both ever missed."""

    scenario: str
    overlapped: bool
    both_found_nothing: bool


@experiment(X86_64, timeout=40)
def reordering() -> Iterator[Race]:
    """The two sides as machine code on two CPUs: whether both were ever seen to find nothing."""
    for key, (requester, vcpu) in SIDES.items():
        sights: list[litmus.Sight] = []
        deadline = time.monotonic() + LONGEST
        while (
            not any(s.overtaken for s in sights) and sum(s.overlapped for s in sights) < MOST_RACES and time.monotonic() < deadline
        ):
            sights.append(litmus.race(requester, vcpu, rounds=30_000))
        yield {
            "scenario": key,
            "overlapped": any(s.overlapped for s in sights),
            "both_found_nothing": any(s.overtaken for s in sights),
        }


CASES = (
    ("flag", "before"),
    ("signal", "before"),
    ("flag and signal", "before"),
    ("flag", "inside"),
    ("signal", "inside"),
    ("flag and signal", "inside"),
)
"""What is done, and when: before the thread calls KVM_RUN, or while the guest runs."""
STAYS = "still in the guest"
ROUNDS = 100


def _outcome(spinner: spinning_vcpu.Spinner) -> str:
    """How KVM_RUN came back; or STAYS, if the guest goes on counting."""
    for _ in range(10):
        result = spinner.returned(0.3)
        if result is not None:
            return result
        if spinner.runs(0.3):
            return spinner.returned(0.3) or STAYS
    raise spinning_vcpu.StillRunning("the guest does not count, and KVM_RUN does not come back")


class Kick(TypedDict):
    """One of :data:`CASES`: what KVM_RUN returned, an errno's name or :data:`STAYS`, and whether the guest ran at all."""

    done: str
    when: str
    kvm_run: str
    guest_ran: bool


def _kick(spinner: spinning_vcpu.Spinner, done: str, when: str) -> Kick:
    before = spinner.counted()
    if when == "inside":
        spinner.enter()
        if not spinner.runs(spinning_vcpu.PATIENCE):
            raise spinning_vcpu.StillRunning("the guest does not count")
    if "flag" in done:
        spinner.vcpu.immediate_exit = True
    if "signal" in done:
        spinner.signal()
    if when == "before":
        spinner.enter()
    result = _outcome(spinner)
    if result == STAYS:
        spinner.get_out()
    spinner.vcpu.immediate_exit = False
    return {"done": done, "when": when, "kvm_run": result, "guest_ran": result == STAYS or spinner.counted() != before}


@experiment(KVM, X86_64, lab=True, witness=witness, timeout=40)
def kicks() -> Iterator[Kick]:
    """A vCPU thread whose guest spins: immediate_exit, a signal, or both; before KVM_RUN, or while the guest runs."""
    with spinning_vcpu.Spinner() as spinner:
        for done, when in CASES:
            yield _kick(spinner, done, when)


@experiment(KVM, X86_64, lab=True, alone=True, witness=witness, timeout=20)
def one_kick(done: str, when: str) -> Kick:
    """One of them. ValueError for others."""
    if (done, when) not in CASES:
        raise ValueError(f"{done!r} {when!r} is none of {', '.join(' '.join(case) for case in CASES)}")
    with spinning_vcpu.Spinner() as spinner:
        return _kick(spinner, done, when)


class Rounds(TypedDict):
    """How many kicks there were, and after how many KVM_RUN came back, or did not."""

    kicks: int
    came_back: int
    lost: int


@experiment(KVM, X86_64, lab=True, witness=witness, timeout=60)
def rounds() -> Iterator[Rounds]:
    """Flag and signal at every moment from before KVM_RUN to well inside: how often KVM_RUN came back."""
    came_back = 0
    with spinning_vcpu.Spinner() as spinner:
        for number in range(ROUNDS):
            spinner.enter()
            until = time.monotonic() + (number % 20) * 0.0001  # 0 to 1.9 ms later
            while time.monotonic() < until:
                pass
            spinner.vcpu.immediate_exit = True
            spinner.signal()
            if spinner.returned(spinning_vcpu.PATIENCE) is None:
                spinner.get_out()
            else:
                came_back += 1
            spinner.vcpu.immediate_exit = False
    yield {"kicks": ROUNDS, "came_back": came_back, "lost": ROUNDS - came_back}


@experiment(LAB_VM, witness=witness, timeout=30)
def asked() -> Iterator[Asked]:
    """What the kernel asks of a running vCPU, and which function kicks it, when user space does something to its VM.

    Rows in the order of things. Requests made of one vCPU are inlined and leave no trace; the kick behind them does.
    """
    yield from watch()
