"""Where VMX's monitor trap flag (MTF) stops a guest, by the rules of the SDM. Pure: places in, places out.

Source: Intel SDM volume 3C, chapter "VMX Non-Root Operation", section "Monitor Trap Flag". The instruction of XBEGIN,
and shutdown, are left out. Control: bit 27 of the primary processor-based VM-execution controls; exit reason 37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONTROL = 1 << 27
"""The bit in the primary processor-based controls."""
EXIT_REASON = 37
PLAIN, REPEAT, FAULT, SOFTWARE_INTERRUPT, EXITS, RETURN = "plain", "repeat", "fault", "software interrupt", "exits", "return"
KINDS = (PLAIN, REPEAT, FAULT, SOFTWARE_INTERRUPT, EXITS, RETURN)
"""What an instruction does. ``exits``: it leaves the guest by itself, and the hypervisor does its work. ``return``: IRET."""

WHY = {
    PLAIN: "the instruction is done",
    REPEAT: "one iteration is done",
    FAULT: "the fault is delivered",
    SOFTWARE_INTERRUPT: "the software interrupt is delivered",
    EXITS: "the instruction’s own exit, no MTF",
    RETURN: "the instruction is done",
    "injected": "the injected event is delivered",
}
"""Which rule it was, in words."""


@dataclass(frozen=True)
class Stop:
    """``at``: index of the next instruction in the main part, or in the handler. ``left``: iterations yet to come.

    ``mtf``: whether it is an MTF exit; if not, it is the instruction's own, and ``at`` is where the hypervisor goes on.
    """

    at: int
    handler: bool
    rule: str
    left: int = 0
    mtf: bool = True


def stops(
    main: Sequence[str], handler: Sequence[str] = (), injected: bool = False, iterations: int = 1, resume: int = 1
) -> list[Stop]:
    """Every exit, with MTF set at each VM entry, until the main part is over.

    ``main`` and ``handler`` are kinds of instructions. A repeating one does ``iterations`` of at least one; a handler
    goes on ``resume`` instructions behind one that faulted (0: at it), and right behind a software interrupt.
    ValueError for an unknown kind, or an event without a handler that ends in a return.
    """
    for kind in (*main, *handler):
        if kind not in KINDS:
            raise ValueError(f"an instruction is one of {', '.join(KINDS)}, not {kind!r}")
    needed = injected or FAULT in main or SOFTWARE_INTERRUPT in main
    if needed and (not handler or handler[-1] != RETURN or set(handler[:-1]) - {PLAIN, EXITS}):
        raise ValueError("an event needs a handler: plain instructions, and a return at its end")
    if iterations < 1 or (FAULT in main and resume < 1):
        raise ValueError("there is at least one iteration, and a handler that resumes at the fault would never end")
    found: list[Stop] = []
    if injected:
        found += [Stop(0, True, "injected"), *_handled(handler, 0)]
    for number, kind in enumerate(main):
        if found and number < found[-1].at and not found[-1].handler:
            continue  # the handler skipped it
        if kind == REPEAT:
            found += [Stop(number, False, REPEAT, left) for left in range(iterations - 1, 0, -1)]
            found.append(Stop(number + 1, False, REPEAT))
        elif kind in (FAULT, SOFTWARE_INTERRUPT):
            found += [Stop(0, True, kind), *_handled(handler, number + (resume if kind == FAULT else 1))]
        else:
            found.append(Stop(number + 1, False, kind, mtf=kind != EXITS))
    return found


def _handled(handler: Sequence[str], back: int) -> list[Stop]:
    inside = [Stop(number, True, kind, mtf=kind != EXITS) for number, kind in enumerate(handler[:-1], 1)]
    return [*inside, Stop(back, False, RETURN)]
