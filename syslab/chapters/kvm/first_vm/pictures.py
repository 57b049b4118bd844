"""Pictures of the chapter on a first virtual machine: its course in lanes, and what an exit costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syslab.evidence import Evidence
from syslab.show.chart import ACCENT, BLUE, EDGE, INK, chart
from syslab.show.drawing import Canvas, Lanes
from syslab.show.picture import Picture

from .ask import Call, Round
from .show import ioctls as table

PYTHON, KVM, GUEST = "Your Python", "KVM", "Guest"
RUNS = (("mov al, 2\nadd al, 2\nout 0x10, al", "We are the device: byte 04 arrived"), ("hlt", "We decide: the guest is done"))
"""What the guest runs in each KVM_RUN, and what we make of it."""


def course(answers: Sequence[Evidence[list[Call]]]) -> Picture:
    """Seven bytes of guest, in three lanes: who runs when."""
    calls = [row for row in answers[0].data if row["mode"] == "real"]
    before = sum(row["ioctl"] != "KVM_RUN" for row in calls)
    left = [row["left"] for row in calls if row["ioctl"] == "KVM_RUN"]

    def draw(width: float) -> Canvas:
        wide = width > 600
        lanes = Lanes(width, (PYTHON, KVM, GUEST))
        lanes.say(PYTHON, f"{before} ioctls: a VM, its memory, a vCPU" if wide else f"{before} ioctls make a VM")
        for (code, does), end in zip(RUNS, left, strict=True):
            reason, _, what = end.partition(": ")
            lanes.go(PYTHON, KVM, "ioctl KVM_RUN" if wide else "KVM_RUN")
            lanes.go(KVM, GUEST, "VM entry" if wide else "entry")
            lanes.say(GUEST, code, mono=True, fill="paper", edge="accent")
            lanes.go(GUEST, KVM, "VM exit" if wide else "exit", "accent")
            lanes.say(KVM, "no device in KVM has port 0x10" if what else "no local APIC in KVM: user space decides")
            lanes.go(KVM, PYTHON, "KVM_RUN returns" if wide else "returns", "accent")
            lanes.say(PYTHON, (reason if wide else reason.replace("KVM_EXIT_", "EXIT_")) + "\n" + does)
        return lanes.done()

    return Picture(
        "first-vm",
        draw,
        title="Four instructions, two exits",
        alt=f"Three lanes: your Python, KVM, the guest. Python makes a VM with {before} ioctls and calls KVM_RUN. KVM enters the guest, "
        f"which runs mov, add and out and leaves: {left[0]}. Python takes the byte and calls KVM_RUN again. The guest runs hlt and "
        f"leaves: {left[1]}.",
        caption="Time goes down. KVM_RUN lasts as long as the guest runs.",
        numbers=table(answers),
    )


def cost(answers: Sequence[Evidence[list[Round]]]) -> Picture:
    """What a round of each loop takes, a bar for each witness, on a logarithmic scale."""
    names = [row["what"] for row in answers[0].data]
    colours = (ACCENT, BLUE, EDGE)

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        high = 0.8 / len(answers)
        for i, answer in enumerate(answers):
            times = [row["nanoseconds"] for row in answer.data]
            places = [place + i * high for place in range(len(names))]
            axes.barh(places, times, high * 0.9, left=0.1, color=colours[i], label=answer.provenance.witness)
            for place, row in zip(places, answer.data, strict=True):
                said = f"{row['nanoseconds']:,} ns" + (
                    f", {row['exits']} exits" if wide and row["exits"] != 1 else "" if not wide else ", 1 exit"
                )
                axes.text(row["nanoseconds"] * 1.15, place, said, va="center", color=INK, fontsize=12)
        axes.set_xscale("log")
        axes.set_xticks([1, 1000, 1_000_000], labels=["1 ns", "1 µs", "1 ms"])
        axes.minorticks_off()
        axes.set_xlim(0.3, 1e8 if wide else 3e8)
        axes.set_yticks(
            [place + 0.4 - high / 2 for place in range(len(names))],
            labels=[name if wide else name.replace(", ", ",\n") for name in names],
        )
        axes.invert_yaxis()
        axes.grid(False)
        figure.legend(loc="outside upper left", ncols=2 if wide else 1, borderpad=0)

    told = "; ".join(
        f"{answer.provenance.witness}: "
        + ", ".join(f"{row['what']} {row['nanoseconds']} ns and {row['exits']} exits" for row in answer.data)
        for answer in answers
    )
    return Picture(
        "exit-cost",
        chart(draw, 300, 420),
        title="What one round costs",
        alt=told,
        caption="Nanoseconds a round, best of twenty, on a logarithmic scale.",
        answers=answers,
    )
