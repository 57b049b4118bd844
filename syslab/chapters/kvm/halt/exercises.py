"""Exercises of the chapter on HLT."""

from __future__ import annotations

from functools import cache
from typing import Any

from syslab.evidence import Answer, ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import GUESTS, HALTED, STI, Pending, pending, your_guest
from .model import Parameters, windows

masked = Exercise(
    anchor="halt-cli",
    question="A guest disables interrupts and halts: cli; hlt. KVM has the interrupt controller. What gets the vCPU going again?",
    choices=("a timer interrupt", "an NMI", "a signal to the thread in KVM_RUN", "nothing"),
    accepts=("an NMI",),
    why="RFLAGS.IF keeps maskable interrupts out of kvm_vcpu_has_events(). It has no say over an NMI.",
    near={
        "a timer interrupt": "It becomes pending in the local APIC and stays there: with IF = 0 it is no event.",
        "a signal to the thread in KVM_RUN": "It gets the thread out of KVM_RUN. The vCPU is still halted, and the next KVM_RUN waits again.",
        "nothing": "It would be true if there were maskable interrupts only.",
    },
)
window = Exercise(
    anchor="halt-window",
    question="halt_poll_ns is 200000, grow 2, grow_start 10000, shrink 2. The window is 20000. Four halts last 30000, 25000, 45000 and "
    "1000000 ns. How long is the window then, in ns?",
    accepts=("40000",),
    why="30000 is longer than the window and shorter than the maximum: 40000. 25000 fits: still 40000. 45000 does not: 80000. "
    "1000000 is longer than the maximum: half of it, 40000.",
    near={
        "0": "That is shrink = 0, the default of older kernels. With 2 the window is halved.",
        "80000": "Right until the last halt. It is longer than the maximum, so no window could have caught it, and this one shrinks.",
        "20000": "One of the first three grows the window once more: compare 45000 with the window at that time.",
        "160000": "Not every short halt grows the window: 25000 fits into 40000.",
    },
    hint="Go halt by halt: does it fit into the window? If not, is it longer than the maximum?",
)

DEFAULTS = Parameters(200_000, 2, 10_000, 2)
FEWEST = 10


def _judge(halts: Any) -> Feedback:
    """``halts``: numbers of ns. The model runs them with :data:`DEFAULTS`."""
    if not isinstance(halts, list | tuple) or not all(isinstance(h, int) and h > 0 for h in halts):
        return Feedback(False, "Give a list of whole numbers, the nanoseconds of each halt.")
    found = windows(halts, DEFAULTS)
    said = f"The windows are {', '.join(map(str, found)) or 'none'}."
    if 160_000 not in found:
        return Feedback(
            False, f"{said} It never reaches 160000: a halt must be longer than the window and shorter than the maximum."
        )
    if found[-1]:
        return Feedback(False, f"{said} It does not end closed.")
    if len(found) > FEWEST:
        return Feedback(False, f"{said} That works with fewer than {len(found)} halts.")
    return Feedback(True, f"{said} Five halts up and five down: 10000 halved is below grow_start, so it becomes 0.")


up_and_down = Trial(
    anchor="halt-up-and-down",
    question="With the same parameters and a closed window: which halts (ns) bring the window to 160000 and close it again, and are as few as can be?",
    judge=_judge,
    wrong=([], [190_000] * 5, [190_000] * 5 + [300_000] * 4, [10_000] * 20, [190_000] * 5 + [300_000] * 6, "all"),
    choices={
        "150000 twice, then 1000000": [150_000, 150_000, 1_000_000],
        "190000 five times, then 1000000": [190_000] * 5 + [1_000_000],
        "190000 five times, then 300000 five times": [190_000] * 5 + [300_000] * 5,
        "20000, 40000, 80000, 160000, 320000, then 300000 six times": [20_000, 40_000, 80_000, 160_000, 320_000] + [300_000] * 6,
    },
)


def _kept_out(row: Pending, who: str) -> Feedback:
    if row["after"] is not None:
        return Feedback(False, f"{who} took the interrupt after byte {row['after']}, and its handler ran.")
    if row["state"] != HALTED:
        return Feedback(False, f"{who} never took it, but the guest does not wait in HLT either: {row['then']}.")
    return Feedback(True, f"{who} never took the interrupt: the guest sleeps, in MP state 3, and it is still pending.")


def _shut(answer: Any) -> Feedback:
    try:
        code = bytes.fromhex(answer)
    except (TypeError, ValueError):
        return Feedback(False, "Give the bytes in hex, as one text: 'fb f4'.")
    if code[:1] != STI:
        return Feedback(False, "Begin with STI, the byte fb.")
    return tried(your_guest, lambda asked: _kept_out(asked.data, asked.provenance.witness), code=answer)


@cache
def _asked() -> Answer[list[Pending]]:
    """Every guest is run once, not once a choice."""
    return ask(pending)


def _tried(code: Any) -> Feedback:
    asked = _asked()
    return _kept_out(next(row for row in asked.data if row["code"] == code), asked.provenance.witness)


shut = Trial(
    anchor="halt-shut",
    question="The interrupt line is raised, and the guest begins with STI (fb) and comes to a HLT (f4). Write it so that the interrupt "
    "never comes in at all.",
    judge=_shut,
    wrong=("fb f4", "fb fb f4", "fa f4", "", "xyz", 42, None),
    choices={f"{code} ({text})": code for code, text in GUESTS.items() if text.startswith("sti")},
    outcome=_tried,
)
