"""What KVM_SET_CPUID2 accepts, before and after KVM_RUN; what the guest then reads, and what it can use.

Four words in a row are in the order of :data:`~syslab.bits.cpuid.REGISTERS`. A result is ``ok`` or an error's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from syslab import kvm
from syslab.bits.cpuid import REGISTERS
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64, tool
from syslab.kvm import Kvm, Vcpu

from . import cases, qemu_cpu
from .cases import FEATURES, X2APIC, Feature, Table, change, replaced, word
from .guest import HLT, OK, Guests, asks, asks_again, counted, got, read_apic_id, set_table, set_xcr0
from .stages import EVENTS, RAN, STATES, brought, run

QEMU = tool("qemu-system-x86_64", "qemu-system-x86")


class Told(TypedDict):
    """A table and one question: the words it has there (None: no such entry), and the guest's answer (None: it was refused)."""

    case: str
    result: str
    leaf: int
    subleaf: int
    given: list[int] | None
    guest: list[int] | None


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def tables() -> Iterator[Told]:
    """Each table of :data:`~syslab.chapters.kvm.guest_cpuid.cases.TABLES`, on a vCPU of its own; a row a question to its guest."""
    with Kvm() as device, Guests(device) as guests:
        reported = device.supported_cpuid()
        for case in cases.TABLES:
            yield from _told(guests, case, reported)


def _told(guests: Guests, case: cases.Case, reported: Table) -> Iterator[Told]:
    table = case.make(reported)
    result, seen = guests.ask(table, case.places)
    for leaf, subleaf in case.places:
        given = next((e for e in table if (e.function, e.index) == (leaf, subleaf)), None)
        yield {
            "case": case.name,
            "result": result,
            "leaf": leaf,
            "subleaf": subleaf,
            "given": list(given[3:]) if given else None,
            "guest": seen.get((leaf, subleaf)),
        }


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def topology() -> Iterator[Told]:
    """The tables of :data:`~syslab.chapters.kvm.guest_cpuid.cases.TOPOLOGY`, asked for subleaves of leaf B that they lack."""
    with Kvm() as device, Guests(device) as guests:
        reported = device.supported_cpuid()
        for case in cases.TOPOLOGY:
            yield from _told(guests, case, reported)


class Lived(TypedDict):
    """An event in a state of a vCPU, and its result."""

    state: str
    event: str
    result: str


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def life_cycle() -> Iterator[Lived]:
    """Each of :data:`EVENTS` in each of :data:`STATES`, on a new vCPU."""
    with Kvm() as device, Guests(device) as guests:
        reported = device.supported_cpuid()
        for state in STATES:
            for event in EVENTS:
                vcpu = brought(guests, state, reported)
                result = OK
                if event.table is None:
                    run(vcpu)
                else:
                    result = set_table(vcpu, event.table(reported, vcpu))
                yield {"state": state, "event": event.name, "result": result}


class Returned(TypedDict):
    """A KVM_RUN that came back, or was got out: what it came to, and then KVM_SET_CPUID2 with one bit changed."""

    run: str
    came_back: str
    result: str


WAITS = 0.2
"""Seconds in KVM_RUN for a vCPU that waits for its INIT."""


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def entered() -> Iterator[Returned]:
    """A changed table after each of three KVM_RUNs: two in which the guest was not entered, and one in which it halted."""
    with Kvm() as device, device.create_vm(irqchip=True) as vm:
        reported = device.supported_cpuid()
        changed = change(reported, (1, 0), "ecx", 1 << 23)
        first, waiting = vm.create_vcpu(0), vm.create_vcpu(1)
        for vcpu in (first, waiting):
            vcpu.set_cpuid(reported)
        first.immediate_exit = True
        yield {"run": "with immediate_exit", "came_back": first.run().name, "result": set_table(first, changed)}
        try:
            came_back = waiting.run(WAITS).name
        except kvm.VcpuTimeout:
            came_back = "got out by a signal"
        yield {"run": "of a vCPU that waits for INIT", "came_back": came_back, "result": set_table(waiting, changed)}
    with Kvm() as device, device.create_vm() as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(reported)
        vm.write(0x1000, HLT)
        vcpu.real_mode(0x1000)
        yield {"run": "of one HLT", "came_back": vcpu.run().name, "result": set_table(vcpu, changed)}


class Echoed(TypedDict):
    """A room: whether nent then counts what was set, or is the room; what setting either again said. None where refused."""

    room: str
    result: str
    counts: bool | None
    echoed: bool
    resubmitted: str | None
    trimmed: str | None


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def echo() -> Iterator[Echoed]:
    """KVM_GET_CPUID2 after a run, with several rooms, and what KVM_SET_CPUID2 says to what came back."""
    with Kvm() as device, Guests(device) as guests:
        vcpu = brought(guests, RAN, device.supported_cpuid())
        right = len(counted(vcpu))
        for name, nent in (("one too few", right - 1), ("just enough", right), ("200", 200), ("256", 256)):
            result, after, entries = got(vcpu, nent)
            fine = result == OK
            yield {
                "room": name,
                "result": result,
                "counts": after == right if fine else None,
                "echoed": after == nent,
                "resubmitted": set_table(vcpu, entries[:after]) if fine else None,
                "trimmed": set_table(vcpu, entries[:right]) if fine else None,
            }


class Mirrored(TypedDict):
    """A field's value: given, from KVM_GET_CPUID2, as the guest reads it, and after ``then``, a change with the result ``changed``."""

    field: str
    given: int
    back: int
    guest: int
    then: str
    changed: str
    after: int


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def rewritten() -> Iterator[Mirrored]:
    """Fields that are given one value and, perhaps, read as another."""
    with Kvm() as device, Guests(device) as guests:
        reported = device.supported_cpuid()
        for field in cases.REWRITTEN:
            before = word(reported, field.place, field.register)
            for given in field.given:
                vcpu = guests.new()
                vcpu.set_cpuid(replaced(reported, field.place, field.register, field.put(before, given)))
                back = field.get(word(counted(vcpu), field.place, field.register))
                guest = field.get(asks(vcpu, [field.place])[field.place][REGISTERS.index(field.register)])
                changed = _control(vcpu, field)
                after = field.get(asks_again(vcpu, [field.place])[field.place][REGISTERS.index(field.register)])
                yield {
                    "field": field.name,
                    "given": given,
                    "back": back,
                    "guest": guest,
                    "then": field.then,
                    "changed": changed,
                    "after": after,
                }


def _control(vcpu: Vcpu, field: cases.Rewritten) -> str:
    sregs = vcpu.sregs()
    sregs.cr4 |= field.cr4
    sregs.apic_base ^= field.apic_base
    try:
        vcpu.set_sregs(sregs)
        if field.xcr0:
            set_xcr0(vcpu, field.xcr0)
    except kvm.KvmError as error:
        return error.errorname
    return OK


class X2apic(TypedDict):
    """A VM with an irqchip in the kernel or without; whether x2APIC is reported; the results of two ioctls, and of RDMSR."""

    irqchip: bool
    reported: bool
    table: str
    mode: str
    outcome: str


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def x2apic() -> Iterator[X2apic]:
    """A guest with the reported table, its APIC base in x2APIC mode, reads its APIC's ID, with and without KVM_CREATE_IRQCHIP."""
    with Kvm() as device:
        reported = device.supported_cpuid()
        for irqchip in (False, True):
            with device.create_vm(irqchip=irqchip) as vm:
                vcpu = vm.create_vcpu()
                table = set_table(vcpu, reported)
                mode, outcome = read_apic_id(vcpu)
                yield {
                    "irqchip": irqchip,
                    "reported": bool(word(reported, (1, 0), "ecx") & X2APIC),
                    "table": table,
                    "mode": mode,
                    "outcome": outcome,
                }


class Used(TypedDict):
    """A use of a feature; its bit as KVM reports it, in the table, and as the guest reads it. None where the table was refused."""

    feature: str
    supported: bool
    given: bool
    result: str
    guest: bool | None
    way: str
    outcome: str | None


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=60)
def features() -> Iterator[Used]:
    """Each of :data:`~syslab.chapters.kvm.guest_cpuid.cases.FEATURES`, its bit set and clear in the table, told and used."""
    with Kvm() as device, Guests(device) as guests:
        reported = device.supported_cpuid()
        for feature in FEATURES:
            for given in (True, False):
                yield from _use(guests, reported, feature, given)


def _use(guests: Guests, reported: Table, feature: Feature, given: bool) -> Iterator[Used]:
    mask, before = 1 << feature.bit, word(reported, feature.place, feature.register)
    table = replaced(reported, feature.place, feature.register, before | mask if given else before & ~mask)
    result, seen = guests.ask(table, [feature.place])
    told = bool(seen[feature.place][REGISTERS.index(feature.register)] & mask) if seen else None
    for way in feature.ways:
        yield {
            "feature": feature.name,
            "supported": bool(before & mask),
            "given": given,
            "result": result,
            "guest": told,
            "way": way.name,
            "outcome": guests.attempt(table, way.code, way.user, way.cr4, way.efer, way.xcr0) if result == OK else None,
        }


@experiment(X86_64, KVM, lab=True, alone=True, witness=kvm.witness, timeout=20)
def one_feature(feature: str, given: bool) -> dict[str, bool | str | None]:
    """One feature of :func:`features` for this machine's KVM; each way to use it is a key."""
    with Kvm() as device, Guests(device) as guests:
        wanted = next(f for f in FEATURES if f.name == feature)
        rows = list(_use(guests, device.supported_cpuid(), wanted, given))
    told = {True: "1", False: "0", None: "nothing"}
    return {
        "KVM reports it": rows[0]["supported"],
        "KVM_SET_CPUID2": rows[0]["result"],
        "the guest reads": told[rows[0]["guest"]],
        **{row["way"]: row["outcome"] for row in rows},
    }


@experiment(QEMU, timeout=30, tools=("qemu-system-x86_64",), witness="tcg-qemu64")
def qemu() -> list[qemu_cpu.Started]:
    """What QEMU says to CPU features that its accelerator, TCG, cannot provide."""
    return [qemu_cpu.started(cpu) for cpu in qemu_cpu.ASKED]


class Named(TypedDict):
    """A feature, its name in QEMU, and QEMU's line about it, "" where it has none."""

    feature: str
    name: str
    said: str


@experiment(QEMU, timeout=30, tools=("qemu-system-x86_64",), witness="tcg-qemu64")
def qemu_features() -> list[Named]:
    """Each feature that has a name in QEMU, added to ``-cpu qemu64``."""
    named = [f for f in FEATURES if f.qemu]
    lines = qemu_cpu.started("qemu64," + ",".join(f"+{f.qemu}" for f in named))["said"]
    return [{"feature": f.name, "name": f.qemu, "said": next((line for line in lines if f".{f.qemu} " in line), "")} for f in named]
