"""What HLT does to a vCPU, what ends it, and how long KVM polls before it lets the thread sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LAB_VM, X86_64
from syslab.kvm import Io, Kvm, KvmError, Vcpu, VcpuTimeout, Vm, witness
from syslab.native import asm
from syslab.questions.kvm_capabilities import KVM_CAP_X86_DISABLE_EXITS

from . import model as halt_polling
from .model import Halt, kernel_parameters, timer_vcpu

KVM_X86_DISABLE_EXITS_HLT = 1 << 1
KVM_CAP_HALT_POLL = 182
RUNNABLE, HALTED = 0, 3
SHORT, SURE, LONG = 0.1, 0.5, 3.0
"""Seconds of KVM_RUN: at first; again, where a vCPU still waits, so that a busy machine has its turn; for one that does not wait."""
CODE, HANDLER = 0x1000, 0x1100
STI, CLI, HLT = asm.code16("fb", "sti"), asm.code16("fa", "cli"), asm.code16("f4", "hlt")
PORT = 0xE9
VECTORS = {0: "interrupt handler", 2: "NMI handler", 0x55: "behind HLT"}
"""What the guest writes to the port, and who that was. The PIC's first line has vector 0 before anybody sets it up."""
DONE = asm.say(PORT, 0x55)


def _run(vcpu: Vcpu) -> str:
    """What KVM_RUN came back with; ``blocks`` where it did not and the vCPU waits, or did not for :data:`LONG` seconds."""
    until, bound = monotonic() + LONG, SHORT
    while True:
        try:
            found = vcpu.run(bound)
        except VcpuTimeout:
            waits = vcpu.mp_state != RUNNABLE
            if (waits and bound == SURE) or monotonic() > until:
                return "blocks"
            bound = SURE if waits else SHORT
            continue
        except KvmError as error:
            return error.errorname
        return VECTORS.get(found.data[0], found.name) if isinstance(found, Io) else found.name


def _guest(vm: Vm, code: bytes, handler: bytes = b"") -> Vcpu:
    """A real-mode vCPU with handlers for vectors 0 and 2 that say who they are, then go on with ``handler``."""
    handlers = {vector: HANDLER + 16 * vector for vector in (0, 2)}
    for vector, at in handlers.items():
        vm.write(at, asm.say(PORT, vector) + (handler or asm.code16("cf", "iret")))
    vm.write(CODE, code)
    vcpu = vm.create_vcpu()
    vcpu.set_vectors(handlers)
    vcpu.real_mode(CODE)
    return vcpu


class Halted(TypedDict):
    """What became of a vCPU that came to its HLT."""

    irqchip: str
    hlt_exits: str
    run: str
    state: int
    behind_hlt: bool
    halt_exits: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def hlt() -> Iterator[Halted]:
    """HLT without an interrupt controller in the kernel, with one, and with HLT exits disabled. Nothing is pending."""
    with Kvm() as kvm:
        for name, irqchip, disabled in (("none", False, False), ("in the kernel", True, False), ("in the kernel", True, True)):
            with kvm.create_vm(irqchip=irqchip) as vm:
                if disabled:
                    vm.enable_cap(KVM_CAP_X86_DISABLE_EXITS, KVM_X86_DISABLE_EXITS_HLT)
                vcpu = _guest(vm, CLI + HLT + DONE)
                yield {
                    "irqchip": name,
                    "hlt_exits": "disabled" if disabled else "enabled",
                    "run": _run(vcpu),
                    "state": vcpu.mp_state,
                    "behind_hlt": vcpu.regs.rip == CODE + 2,
                    "halt_exits": vcpu.stats()["halt_exits"],
                }


def _nothing(vcpu: Vcpu) -> None:
    """No event."""


EVENTS: dict[str, Callable[[Vcpu], None]] = {
    "none": _nothing,
    "interrupt": lambda vcpu: vcpu.vm.irq_line(0, 1),
    "nmi": lambda vcpu: vcpu.nmi(),
}


class Event(TypedDict):
    """An event for a vCPU that waits: what KVM_RUN came to, and the MP state then."""

    event: str
    interrupts: bool
    then: str
    state: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def events() -> Iterator[Event]:
    """Which event ends a halt: an interrupt line or an NMI, with RFLAGS.IF clear and set. It comes while the vCPU waits."""
    with Kvm() as kvm:
        for event, make in EVENTS.items():
            for interrupts in (False, True):
                with kvm.create_vm(irqchip=True) as vm:
                    vcpu = _guest(vm, (STI if interrupts else CLI) + HLT + DONE)
                    _expect(vcpu, "blocks")
                    make(vcpu)
                    yield {"event": event, "interrupts": interrupts, "then": _run(vcpu), "state": vcpu.mp_state}


def _expect(vcpu: Vcpu, *outcomes: str) -> None:
    """RuntimeError where these are not the next ones: then what follows would measure something else."""
    for outcome in outcomes:
        if (went := _run(vcpu)) != outcome:
            raise RuntimeError(f"the guest was to come to “{outcome}”, but: {went}")


class Case(TypedDict):
    """A case beside the table."""

    case: str
    then: str
    state: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def special() -> Iterator[Case]:
    """Cases beside the table: an event before HLT, an NMI while NMIs are blocked, KVM_INTERRUPT, a signal to the thread."""
    with Kvm() as kvm:
        with kvm.create_vm(irqchip=True) as vm:
            vcpu = _guest(vm, STI + HLT + DONE)
            EVENTS["interrupt"](vcpu)
            yield {"case": "pending", "then": _run(vcpu), "state": vcpu.mp_state}
        with kvm.create_vm(irqchip=True) as vm:
            vcpu = _guest(vm, CLI + HLT, HLT + DONE)
            EVENTS["nmi"](vcpu)
            _expect(vcpu, VECTORS[2], "blocks")
            EVENTS["nmi"](vcpu)
            yield {"case": "blocked", "then": _run(vcpu), "state": vcpu.mp_state}
        with kvm.create_vm(irqchip=True) as vm:
            vcpu = _guest(vm, STI + HLT + DONE)
            _expect(vcpu, "blocks")
            yield {"case": "inject", "then": _refusal(vcpu), "state": vcpu.mp_state}
            vcpu.kick()
            yield {"case": "signal", "then": _run(vcpu), "state": vcpu.mp_state}


def _refusal(vcpu: Vcpu) -> str:
    try:
        vcpu.interrupt(0)
    except KvmError as error:
        return error.errorname
    return "accepted"


GUESTS = {
    "fa f4": "cli; hlt",
    "fb f4": "sti; hlt",
    "fb 90 f4": "sti; nop; hlt",
    "fb fb f4": "sti; sti; hlt",
    "fb fa f4": "sti; cli; hlt",
}
"""Guests of a few bytes that start with IF 0 while an interrupt is pending, and their assembly."""
MOST_BYTES = 64


class Pending(TypedDict):
    """A guest with an interrupt pending: what KVM_RUN came to; after which byte the handler was entered; what came then."""

    code: str
    first: str
    after: int | None
    then: str
    state: int


def _pending(kvm: Kvm, text: str, event: str = "interrupt") -> Pending:
    with kvm.create_vm(irqchip=True) as vm:
        vcpu = _guest(vm, bytes.fromhex(text) + DONE)
        EVENTS[event](vcpu)
        first = then = _run(vcpu)
        after = None
        if first in (VECTORS[0], VECTORS[2]):  # the CPU has pushed FLAGS, CS and the IP to come back to
            after = int.from_bytes(vm.read(vcpu.regs.rsp, 2), "little") - CODE
            then = _run(vcpu)
        return {"code": text, "first": first, "after": after, "then": then, "state": vcpu.mp_state}


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def pending() -> Iterator[Pending]:
    """An interrupt line is raised, then a guest of :data:`GUESTS` begins: before which of its instructions does the interrupt come in?"""
    with Kvm() as kvm:
        for text in GUESTS:
            yield _pending(kvm, text)


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def nmi_first() -> Iterator[Pending]:
    """The same with an NMI, which neither IF nor the shadow of STI keeps out at the guest's first instruction."""
    with Kvm() as kvm:
        for text in ("fa f4", "fb f4"):
            yield _pending(kvm, text, "nmi")


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness, timeout=30)
def your_guest(code: str) -> Pending:
    """The same with bytes of the reader's, in hex. ValueError where they are none, or too many."""
    if not 1 <= len(bytes.fromhex(code)) <= MOST_BYTES:
        raise ValueError(f"a guest here is 1 to {MOST_BYTES} bytes")
    with Kvm() as kvm:
        return _pending(kvm, code)


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def parameters() -> dict[str, int]:
    """The module parameters that halt polling looks at."""
    return kernel_parameters()


class Maximum(TypedDict):
    """A VM's own maximum of polling, in ns, and whether its halts polled."""

    maximum: int
    halts: int
    polled: bool


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def per_vm() -> Iterator[Maximum]:
    """KVM_CAP_HALT_POLL: a VM's own maximum, 0 and 50 ms, for a guest that a timer wakes every 1 ms; did its halts poll?"""
    with Kvm() as kvm:
        for maximum in (0, 50_000_000):
            with kvm.create_vm(irqchip=True) as vm:
                vm.enable_cap(KVM_CAP_HALT_POLL, maximum)
                vcpu = timer_vcpu(kvm, vm, [(1_000_000, 40)])
                vcpu.run(10.0)
                stats = vcpu.stats()
                yield {"maximum": maximum, "halts": stats["halt_exits"], "polled": bool(stats["halt_attempted_poll"])}


SETTINGS: dict[str, dict[str, int]] = {
    "as the kernel has them": {},
    "a maximum of 5 ms, shrink to half": {"halt_poll_ns": 5_000_000, "halt_poll_ns_shrink": 2},
}
PHASES = [(250_000, 24), (20_000_000, 10), (1_000_000, 20)]
"""(the timer's period in ns, wake-ups): short halts, then long ones, then short ones."""


class Polling(TypedDict):
    """A traced run: the module parameters it had, and its halts."""

    setting: str
    parameters: dict[str, int]
    halts: list[Halt]


@experiment(X86_64, LAB_VM, timeout=30)
def polling() -> Iterator[Polling]:
    """Every halt of a guest with a timer, traced: how long, whether the thread slept, and what became of the window.

    The times differ from run to run. What holds in each run is that a window follows from the one before and from the time.
    """
    from syslab.lab_vm.inside import Trace, set_parameter

    was = kernel_parameters()
    for setting, changes in SETTINGS.items():
        try:
            for name, value in changes.items():
                set_parameter("kvm", name, value)
            now = kernel_parameters()
            with Kvm() as kvm, kvm.create_vm(irqchip=True) as vm:
                vcpu = timer_vcpu(kvm, vm, PHASES)
                with Trace("kvm:kvm_halt_poll_ns", "kvm:kvm_vcpu_wakeup") as trace:
                    end = vcpu.run(10.0)
            assert isinstance(end, Io), end
            yield {"setting": setting, "parameters": now, "halts": halt_polling.read_trace(trace.events)}
        finally:
            for name in changes:
                set_parameter("kvm", name, was[name])


WAITING = {"HLT": HALTED, "UNINITIALIZED": 1, "INIT_RECEIVED": 2, "AP_RESET_HOLD": 9}
"""What a vCPU waits in: after HLT, or put there with KVM_SET_MP_STATE."""
WATCHED = ("kvm_vcpu_halt", "kvm_vcpu_block")


class Waiting(TypedDict):
    """What a vCPU waits in, and who called each of KVM's two functions."""

    state: str
    run: str
    kvm_vcpu_halt: list[str]
    kvm_vcpu_block: list[str]


@experiment(X86_64, LAB_VM, timeout=30)
def functions() -> Iterator[Waiting]:
    """Which of kvm_vcpu_halt() and kvm_vcpu_block() KVM calls for a vCPU that waits, by the state it waits in: the callers of each."""
    from syslab.lab_vm.inside import FunctionTrace

    with Kvm() as kvm:
        for name, state in WAITING.items():
            with kvm.create_vm(irqchip=True) as vm:
                vcpu = _guest(vm, CLI + HLT)
                if state != HALTED:
                    vcpu.set_mp_state(state)
                with FunctionTrace(*WATCHED) as trace:
                    went = _run(vcpu)
                callers = {function: {call["caller"] for call in trace.calls if call["name"] == function} for function in WATCHED}
                halt, block = (sorted(callers[function]) for function in WATCHED)
                yield {"state": name, "run": went, "kvm_vcpu_halt": halt, "kvm_vcpu_block": block}
