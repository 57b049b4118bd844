"""Exercises of the chapter on VM exits."""

from __future__ import annotations

from typing import Any

from syslab.bits.control_registers import CR4
from syslab.evidence import Answer, recorded
from syslab.evidence.lab import WITNESS
from syslab.kvm.exit_cases import cases
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import one, returned
from .model import ALL, MOV_CR4, leaves

user_mode = Exercise(
    anchor="vm-exits-cpl3",
    question="A program in the guest, at CPL 3, executes one instruction. Which of these leaves the guest on VMX whatever the hypervisor has set?",
    accepts=("CPUID",),
    choices=("RDMSR", "CPUID", "HLT", "RDTSC"),
    why="CPUID is on the unconditional list, and it is allowed at every CPL. So no fault comes first.",
    near={
        "RDMSR": "At CPL 3 it raises #GP, and faults by privilege come before exits. The guest's own kernel handles it.",
        "HLT": "HLT is for CPL 0: #GP comes first. And at CPL 0 it leaves only with HLT exiting.",
        "RDTSC": "It leaves with RDTSC exiting only, and KVM does not set that.",
    },
    hint="Two questions: is it on the unconditional list, and does a fault come first?",
)

bitmap = Exercise(
    anchor="vm-exits-io-bitmap",
    question="Port 0x3f8 is to leave the guest, and no other. Which byte of I/O bitmap A is not zero? (The bit for port p is bit p & 7 of byte p >> 3.)",
    accepts=("0x7f", "127"),
    why="0x3f8 >> 3 is 0x7f, and 0x3f8 & 7 is 0: byte 0x7f has the value 1.",
    near={
        "0x3f8": "That is the port. Eight ports share a byte.",
        "0xfe": "You divided by 4; eight ports share a byte.",
        "0x1": "That is the byte's value: bit 0 is set. Which byte is it?",
        "0": "That is the bit in its byte.",
    },
    hint="Divide the port by eight.",
)


def _words(answer: Any, names: tuple[str, ...]) -> dict[str, int] | Feedback:
    if not isinstance(answer, dict) or set(answer) != set(names):
        return Feedback(False, f"Give a dict with {', '.join(names)}.")
    for name, value in answer.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= ALL:
            return Feedback(False, f"{name} is a number of at most 64 bits, not {value!r}.")
    return answer


def _guard(answer: Any) -> Feedback:
    words = _words(answer, ("mask", "shadow"))
    if isinstance(words, Feedback):
        return words
    smep, now = CR4.field("SMEP").mask, 0x300020
    others = [field for field in CR4.fields if field.name != "SMEP"]
    stays = [f.name for f in others if not leaves(MOV_CR4, words["mask"], words["shadow"], now ^ f.mask)]
    if leaves(MOV_CR4, words["mask"], words["shadow"], now):
        return Feedback(False, f"Already the write of {now:#x}, which changes nothing, leaves.")
    if not leaves(MOV_CR4, words["mask"], words["shadow"], now & ~smep):
        return Feedback(False, "The write that clears SMEP stays in the guest.")
    if len(stays) < len(others):
        gone = [f.name for f in others if f.name not in stays]
        return Feedback(False, f"Clearing SMEP leaves, but flipping {', '.join(gone)} leaves too.")
    return Feedback(True, "SMEP alone is the host's, and the shadow says 1: only a write with SMEP clear differs.")


guard = Trial(
    anchor="vm-exits-guard",
    question=f"CR4 is 0x300020. Choose mask and shadow so that clearing {CR4.field('SMEP').name} leaves, and flipping any other named bit does not.",
    judge=_guard,
    wrong=(
        {"mask": 0x300000, "shadow": 0x300020},
        {"mask": 0x100000, "shadow": 0},
        {"mask": 0, "shadow": 0x300020},
        {"mask": ALL, "shadow": 0x300020},
        {"mask": 0x100000},
        {"mask": "0x100000", "shadow": 0x100000},
        {"mask": -1, "shadow": 0},
        "0x100000",
    ),
    choices={
        f"mask={mask:#x}, shadow={shadow:#x}": {"mask": mask, "shadow": shadow}
        for mask, shadow in ((0x300000, 0x300020), (0x100000, 0), (0x100000, 0x100000), (0, 0x300020), (ALL, 0x300020))
    },
)

TRIED = ("cpuid", "hlt", "rdmsr-unknown", "rdtsc", "ud2")
"""Instructions at CPL 0 to choose from: they do the same on every KVM that was asked."""


def _judged(vcpu: str, heard: str, got: str, who: str) -> Feedback:
    said = f"{who}: the vCPU {vcpu}, user space got {heard or 'nothing'}, the guest {got or 'no exception'}."
    return Feedback(vcpu == "left" and bool(got) and not heard, said)


def _on_record(instruction: str) -> Feedback:
    answer = recorded(returned, WITNESS)
    row = next(row for row in answer.data if (row["instruction"], row["cpl"]) == (instruction, 0))
    heard, got = (", ".join(row["user_space"]), ", ".join(row["guest"]))
    return _judged(row["stopped"] or row["counter"], heard, got, answer.provenance.witness)


def _thrown_back(answer: Any) -> Feedback:
    keys = [case.key for case in cases() if case.cpl == 0]
    if answer not in keys:
        return Feedback(False, f"Give the name of an instruction: {', '.join(keys)}.")

    def judged(asked: Answer[Any]) -> Feedback:
        heard, got = str(asked.data["user space got"]), str(asked.data["the guest got"])
        heard, got = ("" if nothing == text else text for text, nothing in ((heard, "nothing"), (got, "no exception")))
        return _judged(str(asked.data["the vCPU"]), heard, got, asked.provenance.witness)

    return tried(one, judged, lambda: _on_record(answer), instruction=answer)


thrown_back = Trial(
    anchor="vm-exits-thrown-back",
    question="Which of these leaves the guest, is not told to user space, and ends as an exception in the guest? Each was executed ten times by a guest's kernel.",
    judge=_thrown_back,
    wrong=("cpuid", "hlt", "rdtsc", "fly", "", None, 5, ["ud2"]),
    choices={next(case.shown for case in cases() if case.key == key): key for key in TRIED},
    outcome=_on_record,
)
