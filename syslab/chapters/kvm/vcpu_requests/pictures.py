"""The picture of the chapter on vCPU requests: a run of the race, with both CPUs' store buffers."""

from __future__ import annotations

from syslab.show.drawing import Canvas, lines
from syslab.show.picture import Picture

from .model import LANES, LETTERS, MEMORY, OUTCOMES, REQUESTER, SCENARIOS, VCPU
from .store_buffers import NEXT

MOVES = {letter: move for move, letter in LETTERS.items()}
SHORT = {"IN_GUEST_MODE": "IN_GUEST", "vcpu->": "", "with a locked instruction": "locked"}


def race(key: str, letters: str, title: str) -> Picture:
    """A run of a scenario, time going down: instructions at both sides, memory in the middle, the buffers in between.

    ``letters`` are the run as links write it. ValueError where it cannot happen.
    """
    scenario = SCENARIOS[key]
    states = scenario.follow(letters)
    outcome = scenario.outcome(states[-1])
    steps: list[tuple[int, str, str, str]] = []  # side, kind, what it says, variable
    for letter, before, after in zip(letters, states, states[1:], strict=False):
        kind, side = MOVES[letter]
        if kind == NEXT:
            op = scenario.machine.programs[side][before.done[side]]
            found = f"\nreads {int(after.read[side][-1])}" if op.kind == "load" else ""
            steps.append((side, op.kind, op.text + found, op.variable))
        else:
            steps.append((side, "drain", f"{before.buffers[side][0]} = 1", before.buffers[side][0]))

    def draw(width: float) -> Canvas:
        wide = width > 600
        lane, buffer, gap = (236, 66, 14) if wide else (92, 16, 5)
        memory = width - 2 * (lane + buffer) - 4 * gap
        canvas, y = Canvas(width), 28.0
        left = {REQUESTER: 0.0, VCPU: width - lane}
        buffers = {REQUESTER: lane + gap, VCPU: width - lane - gap - buffer}
        middle = lane + buffer + 2 * gap
        canvas.text(width / 2, 16, "Memory", "middle", bold=True)
        for side, name in enumerate(LANES):
            canvas.text(left[side] + lane / 2, 16, name, "middle", bold=True)
            if wide:
                canvas.text(buffers[side] + buffer / 2, 16, "buffer", "middle", "soft", 12)
        y += canvas.note(middle, y, memory, "\n".join(f"{name} = 0" for name in MEMORY)) + 10
        since: dict[int, float] = {}
        for side, kind, text, variable in steps:
            inner = lane if side == REQUESTER else width - lane
            near, far = (buffers[side], buffers[side] + buffer) if side == REQUESTER else (buffers[side] + buffer, buffers[side])
            edge = middle if side == REQUESTER else middle + memory
            if kind == "drain":
                top = since.pop(side)
                high = canvas.note(middle, y, memory, text, edge="accent")
                canvas.box(buffers[side], top, buffer, y + high / 2 + 6 - top, "accent", "accent", 0.2)
                for i, line in enumerate(text.split(" = ") if wide else ()):
                    canvas.text(buffers[side] + buffer / 2, top + 20 + i * 16, line if i == 0 else f"= {line}", "middle", size=12)
                canvas.arrow((far, y + high / 2), (edge, y + high / 2), colour="accent")
            else:
                if not wide:
                    for long, short in SHORT.items():
                        text = text.replace(long, short)
                high = canvas.note(left[side], y, lane, text)
                at = y + high / 2
                if kind == "store":
                    since[side] = at
                    canvas.arrow((inner, at), (near, at), colour="accent")
                elif kind == "load":
                    canvas.arrow((edge, at), (inner, at), dash="4 3")
                elif kind == "locked":
                    high = max(high, canvas.note(middle, y, memory, f"{variable} = 1", edge="accent"))
                    canvas.arrow((inner, y + 14), (edge, y + 14), colour="accent")
            y += high + 10
        if outcome:
            tone, said = OUTCOMES[outcome]
            for line in lines(said, width):
                canvas.text(0, y + 14, line, colour="bad" if tone == "bad" else "green")
                y += 17
        canvas.height = y + 2
        return canvas

    told = "; ".join(
        f"{LANES[side]}: {text}" if kind != "drain" else f"the {LANES[side]}'s store reaches memory, {text}"
        for side, kind, text, _ in steps
    ).replace("\n", ", ")
    return Picture(
        f"race-{key}",
        draw,
        title=title,
        alt=f"{scenario.title}. {told}. {OUTCOMES[outcome][1] if outcome else ''}",
        caption="Time goes down. A tinted bar is a store that waits in its CPU's buffer; dashed, a load reads memory, straight past the other CPU's buffer.",
        source="Drawn from the chapter’s model, after x86-TSO (P. Sewell and others, 2010).",
    )
