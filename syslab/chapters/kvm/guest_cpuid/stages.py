"""The stages of a vCPU's life, and what is done to it in each: give it a table, or run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from syslab.kvm import Vcpu

from .cases import Table, change, replaced
from .guest import HLT, Guests, counted, run_to_halt

NEW, SET, RAN, RAN_EMPTY = "no table", "has a table", "has run with it", "has run without"
STATES = (NEW, SET, RAN, RAN_EMPTY)


class Event(NamedTuple):
    """Something done to a vCPU. ``table`` makes what is set; None is KVM_RUN."""

    name: str
    table: Callable[[Table, Vcpu], Table] | None


EVENTS = (
    Event("KVM_RUN", None),
    Event("the same array", lambda table, _: table),
    Event("the array from KVM_GET_CPUID2", lambda _, vcpu: counted(vcpu)),
    Event("one bit changed", lambda table, _: change(table, (1, 0), "ecx", 1 << 23)),
    Event("one entry dropped", lambda table, _: table[:-1]),
    Event("other order", lambda table, _: table[::-1]),
    Event("another MAXPHYADDR", lambda table, _: change(table, (0x8000_0008, 0), "eax", 1)),
    Event("only D.0 EBX changed", lambda _, vcpu: replaced(counted(vcpu), (0xD, 0), "ebx", 4096)),
    Event("an empty table", lambda _table, _vcpu: []),
)


def run(vcpu: Vcpu) -> None:
    """One HLT."""
    vcpu.vm.write(0x1000, HLT)
    vcpu.real_mode(0x1000)
    run_to_halt(vcpu)


def brought(guests: Guests, state: str, table: Table) -> Vcpu:
    """A new vCPU that is in ``state``."""
    vcpu = guests.new()
    if state in (SET, RAN):
        vcpu.set_cpuid(table)
    if state in (RAN, RAN_EMPTY):
        run(vcpu)
    return vcpu
