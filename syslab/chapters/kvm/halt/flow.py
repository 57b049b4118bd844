"""The flow of the chapter on HLT: inputs, decisions and ends. Names of functions as in Linux 6.1 to 7.2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from syslab.evidence import Evidence

from .ask import Case, Event, Halted, Pending
from .model import wakes
from .widget import Decision, End, Flow, Step

INPUTS = {
    "exits": ("HLT exits", {"on": "enabled", "off": "disabled"}),
    "apic": ("Local APIC", {"kernel": "in the kernel", "none": "not in the kernel"}),
    "event": ("Event", {"none": "none", "interrupt": "interrupt", "nmi": "NMI"}),
    "if": ("RFLAGS.IF", {"0": "0", "1": "1"}),
    "when": ("It comes", {"before": "before HLT", "shadow": "between STI and HLT", "soon": "within the window", "late": "later"}),
    "window": ("Polling window", {"0": "0", "open": "open"}),
}


def _asking(*moments: str) -> dict[tuple[str, ...], str]:
    """Answers to “is there an event that counts?” where it comes at one of ``moments``."""
    return {
        (event, flag, when): "yes" if wakes(event, flag == "1") and when in moments else "no"
        for event, flag, when in product(*(INPUTS[name][1] for name in EVENT))
    }


EVENT = ("event", "if", "when")
IDLES = End(
    "The CPU idles inside the guest.", "KVM is not told. The host gets it back at its next interrupt, and the MP state stays 0."
)
TOLD = End("`KVM_RUN` returns `KVM_EXIT_HLT`.", "User space has the interrupt controller, so it is user space that has to wait.")
AT_ONCE = End("It goes on at once.", "The vCPU never waits.", "good")
POLLED = End(
    "Woken while polling.",
    "No sleep and no scheduler: the quickest way. Until then the thread kept its CPU, as no other task wanted it.",
    "good",
)
WOKEN = End(
    "Woken from sleep.",
    "The MP state is 0 again. A halt shorter than the maximum grows the window, a longer one shrinks it.",
    "good",
)
ASLEEP = End("Asleep.", "The MP state is 3. A signal gets `KVM_RUN` back with EINTR, and the state stays.", "bad")
NODES = (
    Step("The guest executes `HLT`"),
    Decision("Does HLT exit?", ("exits",), {("on",): "yes", ("off",): "no"}, {"no": IDLES}),
    Step("VM exit: `kvm_emulate_halt()`", "RIP moves on past HLT."),
    Decision("`lapic_in_kernel()`?", ("apic",), {("kernel",): "yes", ("none",): "no"}, {"no": TOLD}),
    Decision(
        "`kvm_vcpu_has_events()` already?",
        EVENT,
        _asking("shadow"),
        {"yes": AT_ONCE},
        text="Before HLT, the CPU takes what IF and the shadow of STI let in. That event is over when HLT runs.",
    ),
    Step("MP state 3, HALTED", "`vcpu_run()` calls `vcpu_block()`, and this one `kvm_vcpu_halt()`."),
    Decision("Is the window open?", ("window",), {("0",): "no", ("open",): "yes"}, skips={"no": 1}),
    Decision("Poll. An event within the window?", EVENT, _asking("soon"), {"yes": POLLED}),
    Step("`kvm_vcpu_block()`", "The thread sleeps."),
    Decision("Does an event come?", EVENT, _asking("soon", "late"), {"yes": WOKEN, "no": ASLEEP}),
)


def _measured(
    hlts: Sequence[Evidence[list[Halted]]],
    events: Sequence[Evidence[list[Event]]],
    special: Sequence[Evidence[list[Case]]],
    nmis: Sequence[Evidence[list[Pending]]],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(values of the inputs, what a witness saw). A new vCPU's window is 0, and the events of the second table come late."""
    for answer in hlts:
        for row in answer.data:
            apic = "none" if row["irqchip"] == "none" else "kernel"
            exits = "off" if row["hlt_exits"] == "disabled" else "on"
            for when in INPUTS["when"][1]:
                yield (exits, apic, "none", "0", when, "0"), f"{row['run']}, state {row['state']} ({answer.provenance.witness})"
    for told in events:
        for event in told.data:
            if event["event"] != "none":
                key = ("on", "kernel", event["event"], str(int(event["interrupts"])), "late", "0")
                yield key, f"{event['then']}, state {event['state']} ({told.provenance.witness})"
    for beside in special:
        for case in beside.data:
            if case["case"] == "pending":
                key = ("on", "kernel", "interrupt", "1", "shadow", "0")
                yield key, f"{case['then']}, state {case['state']} ({beside.provenance.witness})"
    for first in nmis:
        for guest in first.data:
            key = ("on", "kernel", "nmi", "1" if guest["code"].startswith("fb") else "0", "before", "0")
            yield key, f"{guest['first']}, then {guest['then']}, state {guest['state']} ({first.provenance.witness})"


def build(
    hlts: Sequence[Evidence[list[Halted]]],
    events: Sequence[Evidence[list[Event]]],
    special: Sequence[Evidence[list[Case]]],
    nmis: Sequence[Evidence[list[Pending]]],
) -> Flow:
    """The widget, with what was measured for its inputs."""
    found: dict[tuple[str, ...], list[str]] = {}
    for key, text in _measured(hlts, events, special, nmis):
        found.setdefault(key, []).append(text)
    start = ("on", "kernel", "interrupt", "1", "late", "0")
    return Flow("hlt", INPUTS, NODES, start, {key: "; ".join(texts) + "." for key, texts in found.items()})
