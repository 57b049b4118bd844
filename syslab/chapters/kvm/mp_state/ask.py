"""MP states: which a vCPU can be given, what moves it from one to the next, and how a second CPU is started."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from threading import Thread
from typing import TypedDict

from syslab.bits.apic import INIT, NMI, STARTUP
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import Kvm, KvmError, Vcpu, ioctls, witness
from syslab.kvm.structs import kvm_mp_state

from .model import EVENTS, READABLE, RUNNABLE, TRIED, UNTRIED
from .vcpu_pair import NAPPER, PATIENCE, STARTED, Pair, out

PAGE = 0x08
"""The vector of every SIPI here: the vCPU starts at 0x8000."""
MOST_EVENTS = 40


def _set(vcpu: Vcpu, state: int) -> str:
    try:
        vcpu.set_mp_state(state)
    except KvmError as refused:
        return refused.errorname
    return "ok"


def _send(pair: Pair, number: int, event: str) -> str:
    """Let ``event`` happen to vCPU ``number``; what came back."""
    vcpu = pair.vcpus[number]
    if event.startswith("set-"):
        return _set(vcpu, int(event.removeprefix("set-")))
    if event == "init":
        return pair.send(number, INIT)
    if event == "sipi":
        return pair.send(number, STARTUP, PAGE)
    if event == "nmi":
        vcpu.nmi()
    vcpu.real_mode(NAPPER)
    runner = pair.runners[number]
    runner.start()
    result = runner.settle()
    runner.stop()
    if event == "nmi":  # as if its handler had returned: the next NMI can come
        events = vcpu.events()
        events.flags = events.nmi.masked = events.nmi.pending = 0
        vcpu.set_events(events)
    return result


class SetState(TypedDict):
    """A number given to a vCPU: the state that it read when it was new, what KVM said (``ok`` or an errno), and the state read then."""

    irqchip: bool
    vcpu: int
    first: int
    set: int
    result: str
    reads: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def set_states() -> Iterator[SetState]:
    """KVM_SET_MP_STATE with every number, and what KVM_GET_MP_STATE then reads; its first state again in between."""
    with Kvm() as kvm:
        for irqchip in (False, True):
            with kvm.create_vm(4096, irqchip) as vm:
                vcpus = [vm.create_vcpu(number) for number in (0, 1)]
                firsts = [vcpu.mp_state for vcpu in vcpus]
                for number, state in product((0, 1), TRIED):
                    vcpu, first = vcpus[number], firsts[number]
                    vcpu.set_mp_state(first)
                    result = _set(vcpu, state)
                    reads = vcpu.mp_state
                    yield {"irqchip": irqchip, "vcpu": number, "first": first, "set": state, "result": result, "reads": reads}


class Transition(TypedDict):
    """An event in a state: what came back (:class:`.model.Step` says how), and the state it led ``to``."""

    irqchip: bool
    vcpu: int
    state: int
    event: str
    result: str
    to: int


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def transitions() -> Iterator[Transition]:
    """Every event in every state: what came back, and the state that is read afterwards."""
    with Kvm() as kvm:
        for irqchip, number in product((False, True), (0, 1)):
            with Pair(kvm, irqchip) as pair:
                vcpu = pair.vcpus[number]
                for state, event in product(READABLE if irqchip else (RUNNABLE,), EVENTS):
                    if (event, state) in UNTRIED:
                        continue
                    vcpu.set_mp_state(state)
                    if vcpu.mp_state != state:
                        raise RuntimeError(f"vCPU {number} was set to {state} and reads {vcpu.mp_state}")
                    result = _send(pair, number, event)
                    yield {
                        "irqchip": irqchip,
                        "vcpu": number,
                        "state": state,
                        "event": event,
                        "result": result,
                        "to": vcpu.mp_state,
                    }


class Way(TypedDict):
    """Events, what came back from each, and the states: the first, and the one after each event."""

    events: list[str]
    results: list[str]
    states: list[int]


@experiment(X86_64, KVM, lab=True, alone=True, witness=witness)
def sequence(irqchip: bool = True, vcpu: int = 1, events: str = "init sipi hlt") -> Way:
    """``events``, separated by spaces, happen to a new vCPU one after the other: what came back, and the states read.

    ValueError for unknown words, or for more than 40.
    """
    wanted = events.split()
    for event in wanted:
        if event not in EVENTS:
            raise ValueError(f"no event {event!r}; there are {', '.join(EVENTS)}")
    if vcpu not in (0, 1) or len(wanted) > MOST_EVENTS:
        raise ValueError(f"it takes vCPU 0 or 1 and at most {MOST_EVENTS} events")
    with Kvm() as kvm, Pair(kvm, irqchip) as pair:
        states, results = [pair.first_states[vcpu]], []
        for event in wanted:
            if (event, states[-1]) in UNTRIED:
                raise ValueError(f"{event} is not tried in state {states[-1]}")
            results.append(_send(pair, vcpu, event))
            states.append(pair.vcpus[vcpu].mp_state)
        return {"events": wanted, "results": results, "states": states}


TRIES = ("sipi hlt", "hlt init sipi", "init sipi nmi", "init sipi hlt", "init sipi hlt nmi")
"""Ways of a new vCPU 1, with an irqchip: what an exercise offers to choose from."""


@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)
def tries() -> Iterator[Way]:
    """Where each of :data:`TRIES` leads."""
    for events in TRIES:
        yield sequence(events=events)


class Reading(TypedDict):
    """vCPU 1 after something was ``done``: the state, where that was asked for, and its CS:IP.

    ``init_waits`` and ``sipi_vector`` are smi.latched_init and sipi_vector of KVM_GET_VCPU_EVENTS.
    """

    done: str
    state: int | None
    place: str
    init_waits: int
    sipi_vector: int


@experiment(X86_64, KVM, lab=True, witness=witness)
def reading() -> Iterator[Reading]:
    """KVM_GET_MP_STATE changes what it reads: vCPU 1 before and after, seen through other ioctls."""
    with Kvm() as kvm, Pair(kvm, irqchip=True) as pair:
        vcpu = pair.vcpus[1]

        def row(done: str, state: int | None = None) -> Reading:
            events = vcpu.events()
            return {
                "done": done, "state": state, "place": pair.place(1), "init_waits": events.smi.latched_init,
                "sipi_vector": events.sipi_vector,
            }  # fmt: skip

        vcpu.set_mp_state(RUNNABLE)
        vcpu.real_mode(NAPPER)
        yield row("vCPU 1 is set to run some code")
        pair.send(1, INIT)
        yield row("vCPU 0 sends INIT")
        yield row("KVM_GET_MP_STATE", vcpu.mp_state)
        pair.send(1, STARTUP, PAGE)
        yield row(f"vCPU 0 sends SIPI {PAGE:#04x}")
        yield row("KVM_GET_MP_STATE", vcpu.mp_state)
        vcpu.real_mode(NAPPER)
        vcpu.set_mp_state(4)
        yield row("back to the code; KVM_SET_MP_STATE(4)")
        yield row("KVM_GET_MP_STATE", vcpu.mp_state)


class Start(TypedDict):
    """vCPU 1 after something was ``done``: what its KVM_RUN did, ``waits`` or what it came back with; its OUT, state and CS."""

    done: str
    run: str
    said: str
    state: int
    cs: int


@experiment(X86_64, KVM, lab=True, witness=witness)
def ap_start() -> Iterator[Start]:
    """vCPU 0 starts vCPU 1, which is in KVM_RUN in a thread of its own. Nothing but the guest's own MSR writes moves it."""
    with Kvm() as kvm, Pair(kvm, irqchip=True) as pair:
        vcpu, runner = pair.vcpus[1], pair.runners[1]
        pair.vm.write(PAGE << 12, out(STARTED, ord("A")))

        def row(done: str, run: str, said: str = "") -> Start:
            state = vcpu.mp_state  # before the registers, as asking can change them
            return {"done": done, "run": run, "said": said, "state": state, "cs": vcpu.sregs().cs.selector}

        def rest(done: str) -> Start:
            """Let it run until it waits, and kick it out to ask for its state."""
            runner.start()
            return row(done, f"{runner.settle()}, {runner.stop()}")

        def meanwhile(done: str, mode: int, vector: int = 0) -> Start:
            """Let it wait in KVM_RUN while vCPU 0 sends something."""
            runner.start()
            before = runner.settle()
            pair.send(1, mode, vector)
            after = runner.settle()
            if after == "waits":
                after += f", {runner.stop()}"
            return row(done, f"{before}, {after}", f"{runner.said[1]:#04x} to port {runner.said[0]:#x}" if runner.said else "")

        def asked() -> Start:
            """Let another thread ask for its state while it waits in KVM_RUN."""
            answers: list[int] = []
            # by the ioctl, as vcpu.mp_state would refuse to ask while it runs
            request = vcpu.fd, ioctls.KVM_GET_MP_STATE, kvm_mp_state()
            asker = Thread(target=lambda: answers.append(ioctls.call(*request)), daemon=True)
            runner.start()
            before = runner.settle()
            asker.start()
            asker.join(0.1)  # an ioctl takes microseconds
            early = "answer" if answers else "no answer"
            after = runner.stop()
            asker.join(PATIENCE)
            return row("it enters KVM_RUN; another thread asks for its state; it is kicked", f"{before}, {early}, {after}")

        yield row("vCPU 1 is made", "")
        yield asked()
        yield meanwhile("vCPU 0 sends INIT", INIT)
        yield rest("it enters KVM_RUN, and is kicked")
        yield meanwhile(f"vCPU 0 sends SIPI {PAGE:#04x}", STARTUP, PAGE)
        yield rest("it runs on to its HLT, and is kicked")
        yield meanwhile("vCPU 0 sends NMI", NMI)
        yield rest("it runs on to a HLT, and is kicked")
        yield meanwhile("vCPU 0 sends INIT again", INIT)
