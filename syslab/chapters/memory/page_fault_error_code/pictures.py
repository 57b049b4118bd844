"""Pictures of the chapter on the page-fault error code."""

from __future__ import annotations

from syslab.bits.page_fault import PFEC
from syslab.evidence import Answer
from syslab.show.drawing import Canvas, Lanes
from syslab.show.picture import Picture

from .ask import Faulted

CPU, LINUX, READERS = "The CPU", "Linux", "Who reads it"


def way(answer: Answer[list[Faulted]]) -> Picture:
    """The way of an error code from the CPU to whom reads it: who changes it, and who sees which."""
    pushed = PFEC.encode(**{"U/S": 1})
    shown = next(row["error_code"] for row in answer.data if row["page"] == "unused hole at the top")

    def draw(width: float) -> Canvas:
        lanes = Lanes(width, (CPU, LINUX, READERS))
        lanes.say(CPU, f"A user program reads, and no page is there:\npushes {pushed:#x}", edge="accent")
        lanes.go(CPU, LINUX, "vector 14" if width < 600 else "vector 14, the code, CR2")
        lanes.say(LINUX, "Had the kernel itself faulted: an oops")
        lanes.go(LINUX, READERS, "raw")
        lanes.say(READERS, "#PF: error_\u200bcode\u200b(0x0000)", mono=True)
        lanes.say(LINUX, "sanitize_\u200berror_code():\nP is set at every address beyond user space")
        lanes.go(LINUX, READERS, f"{shown:#x}", "accent")
        lanes.say(READERS, f"dmesg:\nsegfault at … error {shown:x}", mono=True)
        lanes.say(LINUX, "set_signal_\u200barchinfo():\nU/S is set")
        lanes.go(LINUX, READERS, f"{shown:#x}", "accent")
        lanes.say(READERS, f"the signal frame:\nREG_ERR {shown:#x}", mono=True, edge="accent")
        return lanes.done()

    return Picture(
        "pfec-way",
        draw,
        title="One fault, two codes",
        alt=f"Three lanes: the CPU, Linux, who reads it. The CPU pushes {pushed:#x} for a user's read of a page that is not there. An oops, had "
        f"the kernel itself faulted, shows the code raw. sanitize_error_code() sets P at every address beyond user space, so that the "
        f"segfault line in dmesg says {shown:x}; set_signal_archinfo() sets U/S, and the signal frame has {shown:#x}.",
        caption=f"Time goes down. The CPU's {pushed:#x} is what the manual says; the {shown:#x} was found in the signal frame.",
        answers=answer,
    )
