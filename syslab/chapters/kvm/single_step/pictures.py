"""The picture of the chapter on single-stepping: two steps in three lanes."""

from __future__ import annotations

from syslab.evidence import Answer
from syslab.show.drawing import Canvas, Lanes
from syslab.show.picture import Picture

from .ask import Exits
from .show import reasons
from .stepping import BY_KEY, LONG

USER_SPACE, KVM, GUEST = "User space", "KVM", "Guest"


def two_steps(answer: Answer[list[Exits]]) -> Picture:
    """Who does what for a step over ADD, and for one over CPUID."""
    stepped = next(row for row in answer.data if row["mode"] == LONG and row["single_step"])
    traps, own = stepped["exits"]["DB excp"], stepped["exits"]["cpuid"]
    code = [instruction.text for instruction in BY_KEY["plain"].instructions]

    def draw(width: float) -> Canvas:
        wide = width > 600
        lanes = Lanes(width, (USER_SPACE, KVM, GUEST))
        lanes.say(USER_SPACE, "KVM_​SET_​GUEST_​DEBUG: single step")
        lanes.go(USER_SPACE, KVM, "KVM_RUN")
        lanes.say(KVM, "Sets TF in the guest's RFLAGS")
        lanes.go(KVM, GUEST, "VM entry" if wide else "entry")
        lanes.say(GUEST, code[1], mono=True, fill="paper", edge="accent")
        lanes.go(GUEST, KVM, "#DB", "accent")
        lanes.say(KVM, "Has intercepted exception 1; takes TF off the flags that it shows")
        lanes.go(KVM, USER_SPACE, "KVM_RUN returns" if wide else "returns", "accent")
        lanes.say(USER_SPACE, f"KVM_​EXIT_​DEBUG. Next is {code[2]}; asks again")
        lanes.go(USER_SPACE, KVM, "KVM_RUN")
        lanes.go(KVM, GUEST, "VM entry" if wide else "entry")
        lanes.say(GUEST, code[2], mono=True, fill="paper", edge="accent")
        lanes.go(GUEST, KVM, "CPUID's exit" if wide else "exit", "accent")
        lanes.say(KVM, "Answers, skips over it in software, and sees that a step is wanted: no #DB")
        lanes.go(KVM, USER_SPACE, "KVM_RUN returns" if wide else "returns", "accent")
        lanes.say(USER_SPACE, f"KVM_​EXIT_​DEBUG. Next is {code[3]}")
        return lanes.done()

    return Picture(
        "two-steps",
        draw,
        title="A step with the trap flag, and one that needs none",
        alt=f"Three lanes: user space, KVM, the guest. For {code[1]} KVM sets TF in the guest's flags, the guest executes the instruction, "
        f"the CPU raises #DB, KVM intercepts it and KVM_RUN returns with KVM_EXIT_DEBUG. For {code[2]} the guest leaves by itself; KVM answers, "
        f"skips over it and returns with KVM_EXIT_DEBUG, without a #DB. Of the exits of this guest, stepped, {traps} are #DB and {own} is CPUID's.",
        caption="Time goes down. Drawn for a KVM that runs the guest on a CPU; the exits were counted in the lab VM.",
        numbers=reasons(answer),
    )
