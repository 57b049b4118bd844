"""Pictures of the chapter on HLT: what wakes a halted vCPU, the interrupt shadow of STI, and the polling window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syslab.evidence import Answer, Evidence
from syslab.show import cells
from syslab.show.chart import ACCENT, EDGE, INK, PAPER, SOFT, chart
from syslab.show.drawing import Canvas, lines
from syslab.show.measured import legend, measure
from syslab.show.picture import Picture

from . import show
from .ask import GUESTS, Case, Event, Pending, Polling
from .model import Parameters, keeps_out, wakes
from .show import Rule

EVENTS = (
    ("interrupt", True, "Interrupt line, IF\u00a0=\u00a01"),
    ("interrupt", False, "Interrupt line, IF\u00a0=\u00a00"),
    ("nmi", False, "NMI, whatever IF\u00a0is"),
)
CASES = (
    ("blocked", "NMI, while the guest halts in its NMI handler"),
    ("signal", "Signal to the thread in KVM_RUN"),
    ("inject", "KVM_INTERRUPT"),
)
DRAWN = ("fa f4", "fb f4", "fb 90 f4")
"""The guests of the picture. The others belong to an exercise."""
TINTS = {"IF = 0": ("soft", 0.16), "shadow": ("accent", 0.2), "": ("green", 0.22)}


def _told(then: str) -> str:
    """What came of an event, in the words of the drawing."""
    return {
        "blocks": "stays pending",
        "KVM_EXIT_INTR": "KVM_RUN returns",
        "ENXIO": "ENXIO: refused",
        "behind HLT": "goes on after HLT",
    }.get(then, f"{then} runs")


def woken(
    events: Sequence[Evidence[list[Event]]],
    special: Sequence[Evidence[list[Case]]],
    rule: Callable[[str, bool], bool] = wakes,
) -> Picture:
    """Six things that may come for a vCPU in state 3, and which of them get through."""
    found = {(row["event"], row["interrupts"]): row for row in events[0].data}
    beside = {row["case"]: row for row in special[0].data}
    rows = [(label, found[event, enabled]) for event, enabled, label in EVENTS]
    told = [(label, row["then"], row["state"]) for label, row in rows]
    told += [(label, beside[case]["then"], beside[case]["state"]) for case, label in CASES]

    def draw(width: float) -> Canvas:
        canvas, y = Canvas(width), 0.0
        left, right = (150, 116) if width > 600 else (142, 64)
        edge = width - right
        for label, then, state in told:
            high = max(44, len(lines(label, left - 14)) * 17 + 11)
            canvas.box(0, y, left, high)
            for i, line in enumerate(lines(label, left - 14)):
                canvas.text(7, y + 18 + i * 17, line)
            middle, through = y + high / 2, state == 0
            stop = edge - 2 if through else edge - (60 if width > 600 else 16)
            colour = "green" if through else "bad"
            for line, place in zip(lines(_told(then), stop - left - 10), (middle - 6, middle + 16), strict=False):
                canvas.text(left + 8, place, line, colour=colour)
            canvas.arrow((left, middle), (stop, middle), colour=colour)
            if not through:
                canvas.line((stop + 4, middle - 13), (stop + 4, middle + 13), colour="bad", width=4)
            y += high + 10
        canvas.box(edge, 0, right, y - 10, "panel", "accent")
        for i, line in enumerate(("The vCPU,", "halted:", "MP state 3") if width > 600 else ("vCPU,", "MP", "state 3")):
            canvas.text(edge + right / 2, y / 2 - 14 + i * 17, line, "middle", bold=i == 0)
        canvas.height = y - 10
        return canvas

    said = "; ".join(f"{' '.join(label.split())}: {_told(then)}, state {state} afterwards" for label, then, state in told)
    same = all(one.data == events[0].data for one in events) and all(one.data == special[0].data for one in special)
    who = events[0].provenance.witness
    return Picture(
        "halt-wakes",
        draw,
        title="What gets through to a halted vCPU",
        alt=f"{said}.",
        caption="An arrow that reaches the vCPU makes it runnable, state 0; one that ends at a bar leaves it halted. "
        + ("Every machine that was asked says so." if same else f"Drawn as {who} says; the numbers have where others differ."),
        answers=special,
        numbers=show.events(events, rule),
    )


def shadow(answers: Sequence[Evidence[list[Pending]]]) -> Picture:
    """STI and what comes after it: where a pending interrupt may come in, and where each witness let it in."""
    names = cells.witnesses(answers)
    by = {name: {row["code"]: row for row in answer.data} for name, answer in zip(names, answers, strict=True)}

    def outcomes(code: str) -> dict[tuple[int | None, str], list[str]]:
        groups: dict[tuple[int | None, str], list[str]] = {}
        for name in names:
            row = by[name][code]
            groups.setdefault((row["after"], _then(row)), []).append(name)
        return groups

    def draw(width: float) -> Canvas:
        canvas, y, wide = Canvas(width), 0.0, width > 600
        box, gap, high = (92, 84, 36) if wide else (46, 46, 34)
        for code in DRAWN:
            for i, (name, why) in enumerate(zip(*_gaps(code), strict=True)):
                x = i * (box + gap)
                fill, tint = TINTS[why]
                canvas.box(x + box, y + 5, gap, high - 10, fill, "", tint, 0)
                canvas.text(x + box + gap / 2, y + high / 2 + 4.5, why or "open", "middle", size=12)
                canvas.box(x, y, box, high, "paper", "ink")
                canvas.text(x + box / 2, y + high / 2 + 4.5, name, "middle", mono=True)
            y += high
            top, below = y, []
            for (after, then), who in sorted(outcomes(code).items(), key=lambda group: -(group[0][0] or 0)):
                names, at = cells.listed(who), 0.0
                text = f"{names}: {then}"
                if after is not None:  # a byte an instruction
                    at = after * (box + gap) - gap / 2
                    canvas.arrow((at, y + 24), (at, top), colour="accent", width=2)
                    at += 10
                    y += 8
                    if not wide:
                        below.append(text)
                        text = names
                for line in lines(text, width - at):
                    canvas.text(at, y + 15, line)
                    y += 17
            for line in [line for text in below for line in lines(text, width)]:
                canvas.text(0, y + 17, line, colour="soft")
                y += 17
            y += 26
        canvas.height = y - 20
        return canvas

    told = ". ".join(
        f"{GUESTS[code]}: right after each instruction, "
        + ", ".join(f"{name} {why or 'open'}" for name, why in zip(*_gaps(code), strict=True))
        + "; "
        + "; ".join(f"{cells.listed(who)}: {then}" for (_, then), who in outcomes(code).items())
        for code in DRAWN
    )
    return Picture(
        "halt-shadow",
        draw,
        title="Where a pending interrupt can come in",
        alt=f"{told}.",
        caption="Each guest begins with IF 0 and the interrupt line already raised. Between the instructions stands what keeps the "
        "interrupt out; an arrow is where it came in.",
        numbers=show.pending(answers, DRAWN),
    )


def _gaps(code: str) -> tuple[list[str], list[str]]:
    """The instructions of a guest, and what keeps an interrupt out right after each."""
    instructions = GUESTS[code].split("; ")
    return instructions, keeps_out(instructions)


def _then(row: Pending) -> str:
    if row["after"] is None:
        return "never, and the guest sleeps"
    return "handled; then HLT, and the guest sleeps on" if row["then"] == "blocks" else "handled; then the guest goes on"


def window(answer: Answer[list[Polling]], rule: Rule, setting: int = -1) -> Picture:
    """The polling window over the halts of one traced run, and the rule's, which sees only how long each halt was."""
    run = answer.data[setting]
    halts, parameters = show.transitions(run, rule), Parameters.of(run["parameters"])
    said, now = [], 0
    for halt in halts:
        now = rule(now, halt["halted"], parameters)
        said.append(now)
    same = sum(halt["after"] == mine for halt, mine in zip(halts, said, strict=True))
    numbers = range(1, len(halts) + 1)

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        axes.set_yscale("symlog", linthresh=10, linscale=0.5, subs=[])
        ticks = [10**power for power in range(1, 6)]
        axes.set_yticks([0, *ticks], labels=["closed", *(measure(1000 * tick, "ns") for tick in ticks)])
        axes.minorticks_off()
        axes.axhline(parameters.maximum / 1000, color=EDGE, linestyle=(0, (6, 5)), label="the most it may be")
        for slept, fill, label in ((True, PAPER, "halt, slept"), (False, SOFT, "halt, stayed awake")):
            dots = [(i, halt["halted"] / 1000) for i, halt in zip(numbers, halts, strict=True) if halt["slept"] is slept]
            if dots:
                axes.plot(*zip(*dots, strict=True), "o", ms=5.5 if wide else 4, color=SOFT, mfc=fill, label=label)
        axes.step(numbers, [h["after"] / 1000 for h in halts], where="mid", color=ACCENT, linewidth=2.5, label="window, traced")
        axes.plot(numbers, [ns / 1000 for ns in said], "x", ms=5 if wide else 3.5, color=INK, mew=1.2, label="window, by the rule")
        axes.set_ylim(-3, max(40_000, max(h["halted"] for h in halts) / 700))
        axes.set_xlim(0, len(halts) + 1)
        axes.set_xlabel("halts, in order")
        legend(figure, wide)

    grown, shrunk = (sum(h["change"] == word for h in halts) for word in ("grow", "shrink"))
    return Picture(
        "halt-window",
        chart(draw, 360, 400),
        title="How the polling window follows the halts",
        alt=f"{len(halts)} halts in order, on a logarithmic scale; the window grows {grown} times, to {max(h['after'] for h in halts):,} ns "
        f"at most, and shrinks {shrunk} times. Halts longer than the maximum of {parameters.maximum:,} ns come before each time that it shrinks. "
        f"The rule's window is the same after {same} of {len(halts)} halts.",
        caption=f"With {run['setting']}. The window is the one after each halt. The rule's is the same after {same} of the {len(halts)}.",
        numbers=show.changes(answer, rule, setting),
    )
