"""Exercises of the chapter on HLT."""

from __future__ import annotations

from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from .model import Parameters, windows

masked = Exercise(
    anchor="halt-cli",
    question="A guest disables interrupts and halts: cli; hlt. KVM has the interrupt controller. What gets the vCPU going again?",
    choices=("a timer interrupt", "an NMI", "a signal to the thread in KVM_RUN", "nothing"),
    accepts=("an NMI",),
    why="RFLAGS.IF keeps maskable interrupts out of kvm_vcpu_has_events(). An NMI asks nobody.",
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
    question="With the same parameters and a closed window: as few halts as can be that bring the window to 160000 and close it again.",
    judge=_judge,
    wrong=([], [190_000] * 5, [190_000] * 5 + [300_000] * 4, [10_000] * 20, [190_000] * 5 + [300_000] * 6, "all"),
)
