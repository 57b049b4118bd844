"""Which instructions leave the guest, and which reach user space: each executed ten times, on each KVM there is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from syslab import kvm
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64
from syslab.kvm.exit_cases import Case, cases, find
from syslab.kvm.exit_guest import TIMES, ExitGuest, Told, guest

OUTSIDE = frozenset({"interrupt", "nmi", "smi", "init", "vintr", "EXTERNAL_INTERRUPT", "INTERRUPT_WINDOW", "PREEMPTION_TIMER"})
"""Exits that come from outside: they have nothing to do with the instruction, and their number differs from run to run."""
_START, _STOP = "start", "stop"
_REASON = re.compile(r"reason (.+?) rip ")
MESSAGE = frozenset({"io", "IO_INSTRUCTION"})
"""As what the guest's own messages leave: one a message is taken off."""


class Returned(TypedDict):
    """A case, executed ten times: how often KVM_RUN came back and the guest got an exception, by name; why it ``stopped``, or ""."""

    instruction: str
    cpl: int
    user_space: dict[str, int]
    guest: dict[str, int]
    stopped: str
    counter: str


def _returned(machine: ExitGuest, case: Case) -> Returned:
    before = machine.vcpu.stats()
    told = machine.execute(case)
    after = machine.vcpu.stats()
    counted = after["exits"] - before["exits"] - told.messages
    emulated = after["insn_emulation"] - before["insn_emulation"]
    mode = "emulated" if emulated >= 2 * TIMES and counted < TIMES else "left" if counted >= TIMES else "stayed"
    return {
        "instruction": case.key,
        "cpl": case.cpl,
        "user_space": _sorted(told.exits),
        "guest": _sorted(told.faults),
        "stopped": told.stopped,
        "counter": "" if told.stopped else mode,
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=90)
def returned() -> Iterator[Returned]:
    """What KVM_RUN came back with, by reason, and which exceptions the guest got.

    ``counter``: by KVM's own statistics, did the vCPU leave for each execution, stay, or did KVM emulate the code?
    """
    waiting = cases()
    while waiting:
        with guest() as machine:
            while waiting:
                yield (row := _returned(machine, waiting.pop(0)))
                if row["stopped"]:
                    break  # who knows in which state it is


class Exits(TypedDict):
    """A case, executed ten times: how often the vCPU left for it, by the trace's reason; why it ``stopped``, or ""."""

    instruction: str
    cpl: int
    exits: dict[str, int]
    stopped: str


def _exits(npt: int) -> Iterator[Exits]:
    """By reason, what came at least as often as the instruction was executed: what comes less often has another cause.

    All cases are under one trace, as starting a trace costs more than a case; marks in the trace tell them apart."""
    from syslab.lab_vm.inside import modules
    from syslab.lab_vm.inside.trace import Trace

    if (modules.parameters("kvm_amd").get("npt") in ("1", "Y")) != bool(npt):  # loading the modules takes seconds
        modules.reload(npt=npt)
    done: list[tuple[Case, Told]] = []
    with Trace("kvm:kvm_exit") as trace, guest() as machine:
        for case in cases():
            machine.execute(case)  # what is touched for the first time is touched now
            _mark(_START)
            done.append((case, machine.execute(case)))
            _mark(_STOP)
    for (case, told), texts in zip(done, _between_marks(trace.events), strict=True):
        reasons = Counter(found[1] for text in texts if (found := _REASON.search(text)))
        for reason in MESSAGE & set(reasons):
            reasons[reason] -= told.messages
        own = Counter({reason: n for reason, n in reasons.items() if n >= TIMES and reason not in OUTSIDE})
        yield {"instruction": case.key, "cpl": case.cpl, "exits": _sorted(own), "stopped": told.stopped}


def _mark(text: str) -> None:
    Path("/sys/kernel/tracing/trace_marker").write_text(text, encoding="ascii")


def _between_marks(events: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """What the trace's events say, for each case."""
    found: list[str] = []
    for event in events:
        if event["event"] != "tracing_mark_write":
            found.append(event["text"])
        elif event["text"] == _START:
            found = []
        else:
            yield found


@experiment(LAB_VM, X86_64, lab=True, witness=kvm.witness, timeout=90)
def exits() -> Iterator[Exits]:
    """``kvm:kvm_exit`` of Linux's trace for ten executions, by reason, with nested paging."""
    yield from _exits(npt=1)


@experiment(LAB_VM, X86_64, lab=True, witness=kvm.witness, timeout=90)
def exits_without_npt() -> Iterator[Exits]:
    """The same with ``npt=0``: KVM shadows the guest's page tables, and so has to see more."""
    yield from _exits(npt=0)


@experiment(X86_64, KVM, lab=True, alone=True, witness=kvm.witness, timeout=20)
def one(instruction: str, cpl: int = 0) -> dict[str, str | int]:
    """One case, on this machine's KVM. KeyError that says which there are."""
    case = find(instruction, cpl)
    with guest() as machine:
        row = _returned(machine, case)
    return {
        "instruction": case.shown,
        "CPL": cpl,
        "user space got": ", ".join(f"{name} {n} times" for name, n in row["user_space"].items()) or "nothing",
        "the guest got": ", ".join(f"{name} {n} times" for name, n in row["guest"].items()) or "no exception",
        "the vCPU": row["stopped"] or row["counter"],
    }
