"""Exercises of the chapter on a first virtual machine."""

from __future__ import annotations

from typing import Any

from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from . import tiny_x86
from .ask import TRIES, tries, your_bytes
from .guest import parse

PORT, WANTED = 0x10, 42
_RIGHT = f"KVM_EXIT_IO: OUT {WANTED:02x} to port {PORT:#x}; KVM_EXIT_HLT"

which_file = Exercise(
    anchor="first-vm-which-file",
    question="A program holds three files: /dev/kvm, the VM and the vCPU. It wants to give the guest another 64 kByte of memory. On which of them does it call the ioctl?",
    choices=("/dev/kvm", "the VM", "the vCPU", "none, it writes to the memory"),
    accepts=("the VM",),
    why="Memory belongs to the machine. All vCPUs of a VM see the same.",
    near={
        "/dev/kvm": "That file makes VMs and answers questions about KVM. It does not know your guest.",
        "the vCPU": "A vCPU is registers and state. A second one would then have other memory.",
        "none, it writes to the memory": "Writing fills memory that the guest has. KVM must first be told where it is.",
    },
)

two_readings = Exercise(
    anchor="first-vm-two-readings",
    question="In real mode the guest b0 07 40 40 e6 10 f4 writes 9: 40 is INC AX. What does it write in long mode?",
    accepts=("7",),
    why="There 40 to 4f are REX prefixes. Two of them before OUT change nothing, so AL is still 7.",
    near={
        "9": "In long mode 40 is no INC. Those opcodes became the REX prefixes.",
        "8": "Neither 40 is an INC there.",
        "5": "48 is DEC AX in real mode. Here it is 40.",
        "0": "MOV AL means the same in both modes.",
    },
    hint="Look at what became of 48 in the two listings above.",
)


def _judge(answer: Any) -> Feedback:
    try:
        code = parse(answer)
    except (ValueError, TypeError):
        return Feedback(False, "Give the bytes in hex, as one text: 'b0 02 04 02 e6 10 f4'.")
    if WANTED in code:
        return Feedback(False, f"The byte {WANTED:02x} is among yours. Let the guest compute it.")
    return tried(your_bytes, lambda asked: _said(asked.data["exits"]), lambda: _by_model(code), code=answer, mode="real")


def _said(exits: str, who: str = "A guest ran") -> Feedback:
    return Feedback(exits == _RIGHT, f"{who}: {exits}.")


def _by_model(code: bytes) -> Feedback:
    try:
        written, ended = tiny_x86.run(code)
    except tiny_x86.NotModelled as unknown:
        return Feedback(False, f"There is no KVM here, and {unknown}.")
    told = [f"KVM_EXIT_IO: OUT {value:02x} to port {port:#x}" for port, value in written]
    return _said("; ".join([*told, "KVM_EXIT_HLT" if ended == "halted" else "no exit"]), "No KVM was asked; by a model")


def _tried(code: str) -> Feedback:
    asked = ask(tries)
    return _said("; ".join(next(row["exits"] for row in asked.data if row["code"] == code)))


write_42 = Trial(
    anchor="first-vm-write-42",
    question="A guest in real mode is to write 42 to port 0x10 and halt, and the byte 2a may not be among its bytes. Which of these do it?",
    judge=_judge,
    choices={code: code for code in TRIES},
    outcome=_tried,
    wrong=(
        "",
        "b0 2a e6 10 f4",
        "b0 02 04 02 e6 10 f4",
        "b0 15 04 15 e6 11 f4",
        "b0 15 04 15 e6 10 e6 10 f4",
        "eb fe",
        "xyz",
        42,
        None,
    ),
)
