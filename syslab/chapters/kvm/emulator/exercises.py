"""Exercises of the chapter on KVM's instruction emulator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from syslab.evidence import Answer, recorded
from syslab.evidence.lab import WITNESS
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import one, rip
from .cases import RIP_CASES
from .model import DOWN, FUNCTIONS, UP

restart = Exercise(
    anchor="emulator-restart",
    question="A guest's load of 4 bytes from a device came back as KVM_EXIT_MMIO. The instruction is 3 bytes long, at 0x1000. User space has not called KVM_RUN again. What is RIP?",
    accepts=("0x1000", "4096"),
    why="A load is not done until its data are there. KVM writes RIP and the register together, in the KVM_RUN that completes it.",
    near={
        "0x1003": "That is RIP after the KVM_RUN that completes it. For a store you would be right: it needs no answer.",
        "0x1004": "Four is the number of bytes loaded; and RIP has not moved yet.",
    },
    hint="Does the guest's register have its value yet?",
)

direction = Exercise(
    anchor="emulator-direction",
    question="A new CPU vendor wants KVM on x86. Of which table must it bring an instance of its own?",
    choices=("kvm_x86_ops", "x86_emulate_ops", "both"),
    accepts=("kvm_x86_ops",),
    why="kvm_x86_ops is what the common code asks of the vendor module. The emulator asks the common code, and that has its one instance already.",
    near={
        "x86_emulate_ops": "That one leads from the emulator up to x86.c, and neither of them knows a vendor.",
        "both": "The emulator is the same for all vendors, and so is its way up.",
    },
)


def _chain(answer: Any) -> Feedback:
    if not isinstance(answer, list | tuple) or not all(isinstance(name, str) for name in answer):
        return Feedback(False, "Give a list of function names.")
    unknown = [name for name in answer if name not in FUNCTIONS]
    if unknown:
        return Feedback(False, f"{unknown[0]} is none of the functions that were traced.")
    chain = [FUNCTIONS[name] for name in answer]
    wanted = ["em_cr_write", "emulator_set_cr", "kvm_set_cr0", "svm_set_cr0"]
    if list(answer) == wanted:
        return Feedback(True, f"Up through {UP}.set_cr, across in the common code, and down through {DOWN}.set_cr0.")
    if sorted(answer) == sorted(wanted):
        return Feedback(False, "These are the four. They are called in another order.")
    if not any(function.table == UP for function in chain):
        return Feedback(False, f"None of these is reached through {UP}. How does the emulator get out?")
    if not any(function.table == DOWN for function in chain):
        return Feedback(False, f"None of these is reached through {DOWN}. Who writes the VMCB?")
    return Feedback(False, "Both tables are used. But these are not the four between the operation and the VMCB.")


chain = Trial(
    anchor="emulator-chain",
    question="Name the four functions, in order, from the emulator's operation for MOV to CR0 to the one that puts CR0 into the VMCB.",
    judge=_chain,
    wrong=(
        ["em_cr_write", "kvm_set_cr0", "emulator_set_cr", "svm_set_cr0"],
        ["em_cr_write", "kvm_set_cr0", "svm_set_cr0"],
        ["em_cr_write", "emulator_set_cr", "kvm_set_cr0"],
        ["x86_emulate_insn", "emulator_set_cr", "kvm_set_cr0", "svm_set_cr0"],
        ["vmx_set_cr0"],
        ["em_mov"],
        "em_cr_write",
        [1, 2],
        [],
    ),
    choices={
        ", ".join(names): names
        for names in (
            ["x86_emulate_insn", "emulator_set_cr", "kvm_set_cr0", "svm_set_cr0"],
            ["em_cr_write", "kvm_set_cr0", "emulator_set_cr", "svm_set_cr0"],
            ["em_cr_write", "emulator_set_cr", "kvm_set_cr0", "svm_set_cr0"],
            ["em_cr_write", "emulator_set_cr", "kvm_set_cr0"],
        )
    },
)


def _moved(places: Sequence[int], who: str) -> Feedback:
    """``places``: RIP at each exit to user space."""
    said = " and then ".join(f"+{place}" for place in places)
    return Feedback(
        len(places) == 2 and places[0] == 0 < places[1],
        f"{who}: "
        + (
            f"user space had it {'once' if len(places) == 1 else 'twice'}, with RIP at {said}."
            if places
            else "no exit to user space."
        ),
    )


def _on_record(instruction: str) -> Feedback:
    row = next(row for row in recorded(rip, WITNESS).data if row["instruction"] == instruction)
    return _moved([stop["rip"] for stop in row["stops"]], WITNESS)


def _halfway(answer: Any) -> Feedback:
    keys = [case.key for case in RIP_CASES]
    if answer not in keys:
        return Feedback(False, f"Give the name of an instruction: {', '.join(keys)}.")

    def judged(asked: Answer[Any]) -> Feedback:
        return _moved([int(place) for place in re.findall(r"RIP \+(\d+)", asked.data["exits"])], asked.provenance.witness)

    return tried(one, judged, lambda: _on_record(answer), instruction=answer)


halfway = Trial(
    anchor="emulator-halfway",
    question="Which of these comes to user space twice, the first time with RIP still at the instruction and the second time behind it? Each was executed in a guest.",
    judge=_halfway,
    wrong=("mmio-store", "mmio-store-16", "in", "fly", "", None, ["mmio-add"]),
    choices={
        f"{case.code.hex(' ')}: {case.shown}": case.key
        for case in RIP_CASES
        if case.key in ("mmio-store", "mmio-store-16", "mmio-load", "mmio-add", "cpuid")
    },
    outcome=_on_record,
)
