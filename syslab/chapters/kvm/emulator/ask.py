"""KVM's instruction emulator: who advances RIP, which functions call which, and what the emulator does not know."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

from syslab import kvm
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64, Need

from .cases import ALWAYS_EMULATED, FORCED, KNOWN_CASES, NEVER_TWICE, PATH_CASES, PLAIN, RIP_CASES, Case
from .guest import Course, Stop, as_one, courses, guest
from .model import FUNCTIONS, RENAMED

_EVENTS = (
    "kvm_exit",
    "kvm_emulate_insn",
    "kvm_cpuid",
    "kvm_cr",
    "kvm_msr",
    "kvm_pio",
    "kvm_mmio",
    "kvm_userspace_exit",
    "kvm_entry",
)
_PARAMETER = Path("/sys/module/kvm/parameters/force_emulation_prefix")
_LAB = "svm-tcg"
_MARK = "kvm_arch_vcpu_ioctl_get_mpstate"


def _takes_prefix() -> bool:
    try:
        return _PARAMETER.read_text(encoding="ascii").strip() not in ("0", "N")
    except OSError:
        return False


def _no_emulation() -> str | None:
    if kvm.backend() in ("pvm", _LAB) or _takes_prefix():
        return None
    return "this KVM emulates only what it must"


EMULATES = Need("a KVM that emulates what it is told to", _no_emulation, "load kvm with force_emulation_prefix=1")


def _prefix() -> bool:
    """Whether the prefix has to be used; in the lab VM, the modules are loaded so that it can be."""
    if kvm.backend() == _LAB and not _takes_prefix():
        from syslab.lab_vm.inside import modules

        modules.reload(force_emulation_prefix=1)
    return _takes_prefix()


class Execution(TypedDict):
    """One execution of an instruction of ``length`` bytes: its exits to user space, and by how much ``insn_emulation`` grew."""

    instruction: str
    length: int
    stops: list[Stop]
    ended: str
    emulated: int


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def rip() -> Iterator[Execution]:
    """RIP at each exit to user space, and after the KVM_RUN that completes it; from the instruction's first byte."""
    for case, course in zip(RIP_CASES, courses((case, False) for case in RIP_CASES), strict=True):
        yield {
            "instruction": case.key,
            "length": len(case.code),
            "stops": course.stops,
            "ended": course.ended,
            "emulated": course.emulated,
        }


def _paths() -> list[tuple[Case, str]]:
    """Plain before forced; those that KVM emulates anyway are not forced."""
    return [(case, path) for case in PATH_CASES for path in (PLAIN, FORCED) if path == PLAIN or case.key not in ALWAYS_EMULATED]


class Event(TypedDict):
    """What a tracepoint said."""

    event: str
    text: str


class Traced(TypedDict):
    """An instruction along one of its ways, and the tracepoints of its exit."""

    instruction: str
    path: str
    events: list[Event]


@experiment(LAB_VM, X86_64, lab=True, witness=kvm.witness, timeout=60)
def events() -> Iterator[Traced]:
    """KVM's tracepoints for one execution of each instruction, along each of its ways."""
    from syslab.lab_vm.inside.trace import Trace

    _prefix()
    for case, path in _paths():
        with guest() as machine:
            machine.execute(case, path == FORCED)  # what is touched for the first time is touched now
            machine.start(case, path == FORCED)
            with Trace(*(f"kvm:{name}" for name in _EVENTS)) as trace:
                machine.vcpu.run()
        rows: list[Event] = [{"event": event["event"], "text": event["text"]} for event in trace.events]
        yield {"instruction": case.key, "path": path, "events": _until_first_return(rows)}


def _until_first_return(rows: list[Event]) -> list[Event]:
    """From the exit that the instruction caused until the next entry, or the return to user space."""
    first = next(n for n, row in enumerate(rows) if row["event"] == "kvm_exit" and "reason interrupt" not in row["text"])
    ends = ("kvm_entry", "kvm_userspace_exit")
    last = next(n for n, row in enumerate(rows) if n > first and row["event"] in ends)
    return rows[first : last + 1]


class Call(TypedDict):
    """A call of one of KVM's functions, and the kernel module that it is in."""

    function: str
    module: str


class Called(TypedDict):
    """An instruction along one of its ways, and the calls of its exit."""

    instruction: str
    path: str
    calls: list[Call]


@experiment(LAB_VM, X86_64, lab=True, witness=kvm.witness, timeout=90)
def calls() -> Iterator[Called]:
    """The functions of :data:`.FUNCTIONS` that one execution calls, in order, from the exit to the next entry."""
    from syslab.lab_vm.inside.trace import FunctionTrace

    _prefix()
    modules = _modules()
    with FunctionTrace(_MARK, *_named_here(modules), strict=True) as trace:
        for case, path in _paths():
            with guest() as machine:
                machine.execute(case, path == FORCED)
                machine.start(case, path == FORCED)
                machine.vcpu.mp_state  # noqa: B018  (a mark in the trace)
                _once_and_completed(machine.vcpu)
                machine.vcpu.mp_state  # noqa: B018
    names = [call["name"] for call in trace.calls]
    marks = [n for n, name in enumerate(names) if name == _MARK]
    for (case, path), first, last in zip(_paths(), marks[::2], marks[1::2], strict=True):
        yield {"instruction": case.key, "path": path, "calls": _of_one_exit(names[first + 1 : last], modules)}


def _once_and_completed(vcpu: kvm.Vcpu) -> None:
    left = vcpu.run()
    if isinstance(left, kvm.Mmio) and not left.write:
        vcpu.answer(bytes(left.length))
    vcpu.immediate_exit = True
    vcpu.run()


def _modules() -> dict[str, str]:
    """Function -> kernel module, for :data:`.FUNCTIONS`."""
    found = {}
    for line in Path("/proc/kallsyms").read_text(encoding="ascii").splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in FUNCTIONS:
            found[words[2]] = words[3].strip("[]")
    return found


def _named_here(modules: dict[str, str]) -> list[str]:
    """:data:`.FUNCTIONS` without the names that this kernel has another for."""
    others = RENAMED | {new: old for old, new in RENAMED.items()}
    return [name for name in FUNCTIONS if name in modules or others.get(name) not in modules]


def _of_one_exit(names: list[str], modules: dict[str, str]) -> list[Call]:
    """The calls behind the first exit that is about an instruction, until the guest runs again or has done so once."""
    entries = [*(n for n, name in enumerate(names) if name == "svm_vcpu_run"), len(names)]
    for at, following in pairwise(entries):
        own = names[at + 1 : following]
        if set(own) - {"svm_handle_exit"}:
            return [{"function": name, "module": modules[name]} for name in own]
    return []


class Known(TypedDict):
    """An instruction of a kind, in the emulator: ``done``, or what came instead, and the result, where it is always the same.

    ``cpu``: is the result that of the CPU? None where only the emulator can be asked.
    """

    instruction: str
    kind: str
    ended: str
    emulated: bool
    rax: int | None
    cpu: str | None


@experiment(X86_64, KVM, EMULATES, lab=True, witness=kvm.witness, timeout=90)
def knows() -> Iterator[Known]:
    """One instruction of a kind, in the emulator; where that takes a prefix, the CPU executes it as well, to compare."""
    prefix = _prefix()
    jobs = [job for case in KNOWN_CASES for job in ([(case, True), (as_one(case), False)] if prefix else [(case, False)])]
    done = courses(jobs)
    for case in KNOWN_CASES:
        told = next(done)
        yield {
            "instruction": case.key,
            "kind": case.kind,
            "ended": told.ended,
            "emulated": told.emulated > 0,
            "rax": told.state["rax"] if told.ended == "done" and case.key not in NEVER_TWICE else None,
            "cpu": _against_the_cpu(case, told, next(done)) if prefix else None,
        }


def _against_the_cpu(case: Case, told: Course, own: Course) -> str:
    if told.ended != "done" or case.key in NEVER_TWICE:
        return "not compared"
    return "same" if (own.ended, own.state, own.memory) == (told.ended, told.state, told.memory) else "differs"


@experiment(X86_64, KVM, lab=True, alone=True, witness=kvm.witness, timeout=20)
def one(instruction: str = "mmio-load") -> dict[str, str]:
    """One of :data:`.RIP_CASES` on this machine's KVM. KeyError that says which there are."""
    case = next((case for case in RIP_CASES if case.key == instruction), None)
    if case is None:
        raise KeyError(f"no case {instruction!r}; there are {', '.join(case.key for case in RIP_CASES)}")
    (course,) = courses([(case, False)])
    return {
        "instruction": f"{case.shown}, {len(case.code)} bytes",
        "exits": "; ".join(f"{s['exit']}: RIP +{s['rip']}, completed +{s['after']}" for s in course.stops) or "none to user space",
        "insn_emulation": f"+{course.emulated}",
        "it ended": course.ended,
    }
