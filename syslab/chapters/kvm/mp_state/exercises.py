"""Exercises of the chapter on MP states."""

from __future__ import annotations

from functools import cache
from typing import Any

from syslab.evidence import Answer, ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from . import model
from .ask import TRIES, Way, sequence, tries

sipi_alone = Exercise(
    anchor="mp-sipi-alone",
    question="The VM has an irqchip in KVM. vCPU 1 is new, and the guest sends it a SIPI but no INIT before. Which state does KVM_GET_MP_STATE read?",
    choices=("0 RUNNABLE", "1 UNINITIALIZED", "2 INIT_RECEIVED", "4 SIPI_RECEIVED"),
    accepts=("1 UNINITIALIZED",),
    why="A SIPI counts only in INIT_RECEIVED. In any other state it is dropped, and the vCPU stays where it was.",
    near={
        "0 RUNNABLE": "A SIPI starts a CPU that waits for one. This one still waits for its INIT.",
        "2 INIT_RECEIVED": "Only an INIT leads there.",
        "4 SIPI_RECEIVED": "KVM on x86 never reports that state.",
    },
)

write_sipi = Exercise(
    anchor="mp-write-sipi",
    question="In x2APIC mode, which value written to MSR 0x830 makes the CPU with APIC ID 3 start at 0x9a000? (It has had its INIT.)",
    accepts=("0x30000469a", "0x30000069a"),
    why="Destination 3, delivery mode 6, vector 0x9a: the page number of the start address. With or without bit 14: the SDM wants it set, but KVM looks at it only for an INIT.",
    near={
        "0x30009a000": "The address does not go in as it is. A SIPI carries its page number, 0x9a, in the low byte.",
        "0x30000459a": "Mode 5 is INIT. A SIPI is mode 6.",
        "0x469a": "That goes to APIC ID 0. The destination is in bits 63 to 32.",
        "0x69a": "That goes to APIC ID 0. The destination is in bits 63 to 32.",
        "0x300004609": "The page is 0x9a000 / 0x1000 = 0x9a.",
        "0x300004600": "That starts at 0. The low byte takes the page number.",
    },
    hint="Three fields: the destination in bits 63:32, the mode in bits 10:8, the vector in bits 7:0.",
)


def _by_model(words: list[str]) -> Feedback:
    states, results = [model.start(irqchip=True, vcpu=1)], []
    for word in words:
        step = model.step(states[-1], word, irqchip=True, vcpu=1)
        if step is None:
            return Feedback(False, f"By the model, {word} is not tried in state {states[-1]}.")
        results.append(step.result)
        states.append(step.state)
    return _judged({"events": words, "results": results, "states": states}, "No KVM was asked; by the model")


def _halted(answer: Any) -> Feedback:
    words = answer.split() if isinstance(answer, str) else []
    allowed = [event for event in model.EVENTS if not event.startswith("set-")]
    if not words or any(word not in allowed for word in words):
        return Feedback(False, f"Give some of these words, as one text: {', '.join(allowed)}.")

    def judged(asked: Answer[Any]) -> Feedback:
        row = asked.data
        return _judged({"events": words, "results": row["results"], "states": row["states"]}, "On this machine")

    return tried(sequence, judged, lambda: _by_model(words), irqchip=True, vcpu=1, events=answer)


def _judged(row: Way, who: str) -> Feedback:
    first, *states = row["states"]
    way = " ".join(f"({word}: {result}) {state}" for word, result, state in zip(row["events"], row["results"], states, strict=True))
    return Feedback(states[-1] == model.HALTED, f"{who}: {first} {way}.")


@cache
def _asked() -> Answer[list[Way]]:
    """Every way is gone once, not once a choice."""
    return ask(tries)


def _tried(answer: Any) -> Feedback:
    asked = _asked()
    return _judged(asked.data[TRIES.index(answer)], f"On {asked.provenance.witness}")


to_halted = Trial(
    anchor="mp-to-halted",
    question="A new vCPU 1, with an irqchip, is to be HALTED in the end, by events alone. Which way leads there?",
    judge=_halted,
    wrong=("", "hlt", "sipi hlt", "init hlt", "init sipi", "init sipi hlt nmi", "nmi", "set-3", "banana", 3, None),
    choices={way: way for way in TRIES},
    outcome=_tried,
)
