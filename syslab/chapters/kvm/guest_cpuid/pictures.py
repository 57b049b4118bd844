"""The picture of the chapter on KVM_SET_CPUID2: features whose bit is cleared, what guards them, and what comes of using them."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.show.drawing import SIZE, Canvas, lines
from syslab.show.picture import Picture

from . import show
from .ask import Used
from .guest import RAN

NOTHING = "nothing"


def groups(answer: Evidence[list[Used]]) -> list[tuple[str, list[tuple[str, str]], list[str]]]:
    """Guard, (way to use it, what came of it), features: those with the same guard and fate together, in the order of the cases."""
    ways: dict[str, list[tuple[str, str]]] = {}
    for row in answer.data:
        if not row["given"]:
            how = "the guest" if row["way"].startswith(show.BY_GUEST) else "KVM_SET_SREGS" if " sets " in row["way"] else ""
            ways.setdefault(row["feature"], []).append((how, row["outcome"] or "refused"))
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for name, tried in ways.items():
        found.setdefault((show.BY_NAME[name].gate or NOTHING, tuple(tried)), []).append(name)
    return [(guard, list(tried), names) for (guard, tried), names in found.items()]


def guards(answers: Sequence[Evidence[list[Used]]]) -> Picture:
    """The last witness's features, hidden and used all the same: which way leads to the CPU, and which ends at a guard."""
    answer = answers[-1]
    found = groups(answer)

    def draw(width: float) -> Canvas:
        wide = width > 600
        left, gap, guard, right = (250, 30, 140, 90) if wide else (100, 12, 78, 36)
        at, edge, small = left + gap, width - right, SIZE if wide else 11
        canvas, y = Canvas(width), 28.0
        canvas.text(left / 2, 16, "Its bit is 0", "middle", bold=True)
        canvas.text(at + guard / 2, 16, "The guard", "middle", bold=True)
        for what, tried, names in found:
            labels = [lines(text, room - 10) for text, room in ((", ".join(names), left), (what, guard))]
            high = max(len(tried) * 34, *(len(label) * 17 + 11 for label in labels))
            for i, (how, outcome) in enumerate(tried):
                middle = y + (i + 0.5) * high / len(tried) + 4
                through = outcome == RAN
                colour = "green" if through else "bad"
                if through:
                    canvas.arrow((left, middle), (edge - 2, middle), colour=colour)
                else:
                    canvas.line((left, middle), (at - 3, middle), colour=colour)
                    canvas.line((at - 3, middle - 10), (at - 3, middle + 10), colour=colour, width=4)
                said = f"{how if wide else how.removeprefix('KVM_SET_').removeprefix('the ')}: " if how else ""
                place = middle - 5 if through else middle + 4
                canvas.text(at + guard + 6, place, f"{said}{outcome}", colour=colour, size=small)
            for x, w, label, dash in ((0, left, labels[0], ""), (at, guard, labels[1], "4 3" if what == NOTHING else "")):
                canvas.box(x, y, w, high, "paper" if x else "panel", "edge", dash=dash)
                for i, line in enumerate(label):
                    canvas.text(x + 6, y + high / 2 + 4.5 + (i - (len(label) - 1) / 2) * 17, line)
            y += high + 10
        canvas.box(edge, 28, right, y - 38, "panel", "accent")
        for i, line in enumerate(("The CPU", "does it") if wide else ("The", "CPU")):
            canvas.text(edge + right / 2, y / 2 + i * 17, line, "middle", bold=True)
        canvas.height = y - 8
        return canvas

    told = "; ".join(
        f"{', '.join(names)}, guarded by {what}: " + ", ".join(f"{how} {outcome}".strip() for how, outcome in tried)
        for what, tried, names in found
    )
    return Picture(
        "setcpuid-guards",
        draw,
        title=f"Hidden from CPUID, and used all the same, on {answer.provenance.witness}",
        alt=f"{told}.",
        caption="A green arrow goes through to the CPU; a red line ends at the guard, with the exception in the guest or the error of the ioctl. "
        "Control registers are set by the guest and, from outside, by KVM_SET_SREGS. The numbers have every machine.",
        numbers=show.used(answers),
    )
