"""Single-stepping a guest: where each step stops, who sees the trap flag, and what leaves the guest for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64
from syslab.kvm import Hlt, Kvm, witness

from . import stepping
from .stepping import BREAKS, BY_KEY, MODES, TAPES, Heard, Walk

NOT_OURS = frozenset({"npf", "interrupt", "nmi", "smi", "vintr"})
"""Reasons of kvm_exit that no instruction of the tape is the cause of: memory touched first, and the host's own."""
_REASON = re.compile(r"reason (.+?) rip ")


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def steps() -> Iterator[Walk]:
    """Every tape in real and in long mode, stepped to its end: see :func:`.stepping.walk`."""
    with Kvm() as kvm:
        for rearm in (True, False):
            for tape in TAPES:
                for mode in MODES:
                    yield stepping.walk(kvm, tape, mode, rearm)


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def breakpoints() -> Iterator[Heard]:
    """A breakpoint register, and INT3 with and without KVM_GUESTDBG_USE_SW_BP: does user space, or the guest, hear of it?"""
    with Kvm() as kvm:
        for kind in BREAKS:
            for mode in MODES:
                yield stepping.breakpoint_case(kvm, kind, mode)


class Exits(TypedDict):
    """The plain tape in a mode: how often KVM_RUN came back, and how often the guest exited, by reason."""

    mode: str
    single_step: bool
    runs: int
    exits: dict[str, int]


@experiment(X86_64, LAB_VM, timeout=60)
def reasons() -> Iterator[Exits]:
    """``kvm:kvm_exit`` by reason for the plain tape, run freely and stepped."""
    from syslab.lab_vm.inside import Trace

    tape = BY_KEY["plain"]
    with Kvm() as kvm:
        for mode in MODES:
            for single_step in (False, True):
                with kvm.create_vm() as vm:
                    vcpu = stepping.guest(vm, tape, mode)
                    vcpu.guest_debug(single_step=single_step)
                    runs = 1
                    with Trace("kvm:kvm_exit") as trace:
                        while runs < stepping.MOST and not isinstance(vcpu.run(), Hlt):
                            runs += 1
                found = Counter(match[1] for event in trace.events if (match := _REASON.search(event["text"])))
                exits = {name: count for name, count in sorted(found.items()) if name not in NOT_OURS}
                yield {"mode": mode, "single_step": single_step, "runs": runs, "exits": exits}


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness, timeout=20)
def one(tape: str = "plain", mode: str = "long") -> dict[str, str]:
    """One tape on this machine's KVM, stop by stop. KeyError or ValueError that says which there are."""
    if tape not in BY_KEY:
        raise KeyError(f"no tape {tape!r}; there are {', '.join(BY_KEY)}")
    if mode not in MODES:
        raise ValueError(f"the mode is one of {', '.join(MODES)}, not {mode!r}")
    with Kvm() as kvm:
        stops = stepping.walk(kvm, BY_KEY[tape], mode)["stops"]
    return {f"run {n}": f"{stop['exit']}, before {stepping.following(BY_KEY[tape], stop)}" for n, stop in enumerate(stops, 1)}
