"""What KVM_CHECK_EXTENSION answers where several chapters ask: which exits a VM can do without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import Kvm, witness

KVM_CAP_X86_DISABLE_EXITS = 143
DISABLE_EXITS = ("MWAIT", "HLT", "PAUSE", "CSTATE", "APERFMPERF")
"""The bits of the capability, lowest first; the last one is younger than Linux 6.12."""


class DisableExit(TypedDict):
    """An exit, its bit of the capability, and whether KVM offers to switch it off."""

    exit: str
    bit: int
    offered: bool


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def disable_exits() -> Iterator[DisableExit]:
    """The exits that KVM_CAP_X86_DISABLE_EXITS can switch off here: each is a bit of what KVM_CHECK_EXTENSION answers."""
    with Kvm() as kvm:
        offered = kvm.check(KVM_CAP_X86_DISABLE_EXITS)
    for bit, name in enumerate(DISABLE_EXITS):
        yield {"exit": name, "bit": bit, "offered": bool(offered >> bit & 1)}
