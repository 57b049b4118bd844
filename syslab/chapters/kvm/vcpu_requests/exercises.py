"""Exercises of the chapter on vCPU requests."""

from __future__ import annotations

from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from .model import LOST, OUTCOMES, SCENARIOS

bit = Exercise(
    anchor="req-bit",
    question="KVM_REQ_VM_DEAD is 0x301. Nothing else is pending. What is in vcpu->requests once it has been made? Give the whole word.",
    accepts=("0x2",),
    why="The number is 0x301 & 0xff, that is 1, and the word has bit 1 set. The flags 0x300 are for the requester and are kept nowhere.",
    near={
        "0x301": "That is the macro. Its upper bits are flags for the requester; vcpu->requests holds bits by number.",
        "1": "That is the number of the bit, not the word with that bit set.",
        "0x300": "Those are the flags, which are kept nowhere.",
        "0x200000000000": "The number is in the low 8 bits only.",
    },
    hint="Take the number out with the mask 0xff. Then set that bit.",
)

no_action = Exercise(
    anchor="req-no-action",
    question="KVM_REQ_OUTSIDE_GUEST_MODE is 0x700. Its number is 0, as is that of KVM_REQ_TLB_FLUSH. Does the vCPU flush its TLB because of it?",
    choices=("yes, the numbers are equal", "no, it sets no bit", "only if it sleeps"),
    accepts=("no, it sets no bit",),
    why="Bit 10 is NO_ACTION: kvm_make_vcpu_request() then leaves vcpu->requests alone. What remains is the IPI, and the waiting for it.",
    near={
        "yes, the numbers are equal": "They are, but bit 10 of 0x700 keeps the number from being used at all.",
        "only if it sleeps": "A sleeping vCPU is not even woken: bit 8 is NO_WAKEUP.",
    },
)

flag_only = Exercise(
    anchor="req-flag-only",
    question="The guest spins, and nothing makes it exit to user space. Another thread sets immediate_exit, and sends no signal. When does KVM_RUN return?",
    choices=("at once", "at the next VM exit, whatever its reason", "not at all"),
    accepts=("not at all",),
    why="KVM reads immediate_exit once, when KVM_RUN starts. VM exits that the kernel handles by itself, such as timer interrupts, do not look at it.",
    near={
        "at once": "Something would have to interrupt the CPU, and a write to memory does not.",
        "at the next VM exit, whatever its reason": "The host's timer interrupts make plenty of those, and the table shows the guest still running.",
    },
)


def _lose(answer: Any) -> Feedback:
    key, _, letters = str(answer).strip().removeprefix("#race=").partition(".")
    if key != "late":
        return Feedback(
            False, f"That is a run of {key or 'nothing'!r}. This is about late: barriers in both, and the check comes first."
        )
    scenario = SCENARIOS["late"]
    try:
        state = scenario.follow(letters)[-1]
    except ValueError as error:
        return Feedback(False, str(error))
    outcome = scenario.outcome(state)
    if outcome is None:
        return Feedback(False, "That is not the end yet: instructions or stores are left.")
    return Feedback(outcome == LOST, OUTCOMES[outcome][1])


lose = Trial(
    anchor="req-lose",
    question="Both sides have their barrier, but the vCPU checks before it sets its mode. Which run loses the request?",
    judge=_lose,
    wrong=("none.rrvvRV", "late.", "late.rRrrvvvV", "late.vvv", "late.xyz", "", None, 42),
    choices={run: f"late.{run}" for run in ("rRrrvvvV", "vvvVrRrr", "vrRrrvvV", "rRrvvvVr")},
)
