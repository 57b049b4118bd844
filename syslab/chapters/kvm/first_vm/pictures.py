"""Pictures of the chapter on a first virtual machine: its course in lanes, and what an exit costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syslab.evidence import Evidence
from syslab.show.cells import listed, witnesses
from syslab.show.chart import chart
from syslab.show.drawing import Canvas, Lanes
from syslab.show.measured import Axis, Bar, bars
from syslab.show.picture import Picture

from .ask import Call, Round
from .show import COSTS, microseconds
from .show import cost as cost_table

PYTHON, KVM, GUEST = "Your Python", "KVM", "Guest"
RUNS = (
    ("mov al, 2\nadd al, 2\nout 0x10, al", "No device in KVM has port 0x10", "Takes the byte {byte}: we are the device"),
    ("hlt", "Nothing in KVM knows what could wake it", "Decides that the guest is done"),
)
"""For each KVM_RUN: what the guest runs, why KVM cannot go on alone, and what we make of it."""


def course(answers: Sequence[Evidence[list[Call]]]) -> Picture:
    """Seven bytes of guest, in three lanes: who runs when. What the guest left with is from the first answer."""
    calls = [row for row in answers[0].data if row["mode"] == "real"]
    before = sum(row["ioctl"] != "KVM_RUN" for row in calls)
    left = [row["left"] for row in calls if row["ioctl"] == "KVM_RUN"]

    def draw(width: float) -> Canvas:
        wide = width > 600
        lanes = Lanes(width, (PYTHON, KVM, GUEST))
        lanes.say(PYTHON, f"{before} ioctls make a VM, its memory and a vCPU" if wide else f"{before} ioctls make a VM")
        for (code, why, does), end in zip(RUNS, left, strict=True):
            reason, _, what = end.partition(": ")
            lanes.go(PYTHON, KVM, "ioctl: KVM_RUN" if wide else "KVM_RUN")
            lanes.go(KVM, GUEST, "VM entry" if wide else "entry")
            lanes.say(GUEST, code, mono=True, fill="paper", edge="accent")
            lanes.go(GUEST, KVM, "VM exit" if wide else "exit", "accent")
            lanes.say(KVM, why)
            lanes.go(KVM, PYTHON, "KVM_RUN returns" if wide else "returns", "accent")
            does = does.format(byte=what.split()[1] if what else "")
            lanes.say(PYTHON, f"Reads {reason if wide else reason.replace('KVM_EXIT', 'KVM_​EXIT')}. {does}")
        return lanes.done()

    return Picture(
        "first-vm-course",
        draw,
        title="Four instructions, two exits",
        alt=f"Three lanes: your Python, KVM, the guest. Python makes a VM with {before} ioctls and calls KVM_RUN. KVM enters the guest, "
        f"which runs mov, add and out and leaves: {left[0]}. Python takes the byte and calls KVM_RUN again. The guest runs hlt and "
        f"leaves: {left[1]}.",
        caption="Time goes down. KVM_RUN lasts as long as the guest runs; a KVM that emulates the guest, as PVM does, is itself busy "
        "for that time, and enters nothing.",
        answers=answers,
    )


SHORT = {"loop": "no exit", "cpuid": "CPUID", "ioctl": "OUT to us", "run": "OUT, bounded"}
"""The loops of :data:`.show.COSTS`, for a phone."""
LEAST, MOST = 1e2, 1e7
"""The axis, in nanoseconds."""


def _bar(row: Round, wide: bool) -> Bar:
    counted = f", {row['exits']} exit{'' if row['exits'] == 1 else 's'}" if wide else ""
    return Bar(row["nanoseconds"], f"{microseconds(row['nanoseconds'])} µs{counted}")


def cost(answers: Sequence[Evidence[list[Round]]]) -> Picture:
    """What a round of each loop takes, a bar for each witness, on a logarithmic scale."""
    names = [row["what"] for row in answers[0].data]
    who = witnesses(answers)
    found = [{row["what"]: row for row in answer.data} for answer in answers]

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        groups = {COSTS[name] if wide else SHORT[name]: [_bar(by[name], wide) for by in found] for name in names}
        bars(groups, who, Axis("time for a round", "ns"), LEAST, MOST)(figure, axes, wide)

    told = "; ".join(
        f"{name}: "
        + listed([f"{COSTS[row['what']]} {microseconds(row['nanoseconds'])} µs and {row['exits']} exits" for row in answer.data])
        for name, answer in zip(who, answers, strict=True)
    )
    return Picture(
        "exit-cost",
        chart(draw, 340, 380),
        title="What one round of a loop costs",
        alt=f"Bars on a logarithmic scale. {told}.",
        caption="Microseconds a round, the best of twenty, on a logarithmic scale; beside the time, the exits that KVM counted in one round.",
        numbers=cost_table(answers),
    )
