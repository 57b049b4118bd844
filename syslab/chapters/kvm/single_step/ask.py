"""Single-stepping a guest: where each step stops, who sees the trap flag, and what leaves the guest for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64
from syslab.kvm import Hlt, Kvm, witness

from . import stepping
from .stepping import BREAKS, BY_KEY, MODES, TAPES

NOT_OURS = frozenset({"npf", "interrupt", "nmi", "smi", "vintr"})
"""Reasons of kvm_exit that no instruction of the tape is the cause of: memory touched first, and the host's own."""
_REASON = re.compile(r"reason (.+?) rip ")


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def steps() -> Iterator[dict[str, Any]]:
    """Every tape in real and in long mode, stepped to its end: see :func:`syslab.chapters.kvm.single_step.stepping.walk`."""
    with Kvm() as kvm:
        for rearm in (True, False):
            for tape in TAPES:
                for mode in MODES:
                    yield stepping.walk(kvm, tape, mode, rearm)


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=60)
def breakpoints() -> Iterator[dict[str, Any]]:
    """A breakpoint register, and INT3 with and without KVM_GUESTDBG_USE_SW_BP: does user space, or the guest, hear of it?"""
    with Kvm() as kvm:
        for kind in BREAKS:
            for mode in MODES:
                yield stepping.breakpoint_case(kvm, kind, mode)


@experiment(X86_64, LAB_VM, timeout=60)
def reasons() -> Iterator[dict[str, Any]]:
    """``kvm:kvm_exit`` by reason for the plain tape, run freely and stepped. ``runs``: how often KVM_RUN came back."""
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
def one(tape: str = "plain", mode: str = "long") -> list[dict[str, Any]]:
    """One tape on this machine's KVM: a row a stop. KeyError or ValueError that says which there are."""
    if tape not in BY_KEY:
        raise KeyError(f"no tape {tape!r}; there are {', '.join(BY_KEY)}")
    if mode not in MODES:
        raise ValueError(f"the mode is one of {', '.join(MODES)}, not {mode!r}")
    with Kvm() as kvm:
        row = stepping.walk(kvm, BY_KEY[tape], mode)
    return [
        {"KVM_RUN": number, "came back with": stop["exit"], "place": stop["at"], "before": shown(BY_KEY[tape], stop["at"])}
        for number, stop in enumerate(row["stops"], 1)
    ]


def shown(tape: stepping.Tape, place: str) -> str:
    """The instruction behind a place, as text; the place itself where it is none of the tape's."""
    return place if place.startswith("0x") else tape.before(place)
