"""Pictures of the chapter on MP states: which numbers x86 takes, and how an AP is started."""

from __future__ import annotations

from collections.abc import Sequence

from syslab.evidence import Evidence
from syslab.show.drawing import PAUSE, SIZE, Canvas, lines
from syslab.show.picture import Picture

from . import model, show
from .ask import SetState, Start


def numbers(answers: Sequence[Evidence[list[SetState]]]) -> Picture:
    """Every number that was set, in three strips: without an irqchip, with one, and what the documentation says."""
    rows = answers[0].data
    strips: dict[str, dict[int, str]] = {"No irqchip": {}, "Irqchip in KVM": {}}
    for name, irqchip in zip(strips, (False, True), strict=True):
        for number in model.TRIED:
            found = {
                str(row["reads"]) if row["result"] == "ok" else "×"
                for row in rows
                if (row["irqchip"], row["set"]) == (irqchip, number)
            }
            strips[name][number] = found.pop() if len(found) == 1 else "?"
    documented = {n: "x86" in (model.BY_NUMBER[n].documented or ()) if n in model.BY_NUMBER else False for n in model.TRIED}
    strips["api.rst: for x86"] = {n: "yes" if named else "" for n, named in documented.items()}

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, y = Canvas(width), 16.0
        label = 130 if wide else 0
        cell = (width - label) / len(model.TRIED)
        for i, number in enumerate(model.TRIED):
            canvas.text(label + (i + 0.5) * cell, y - 3, str(number), "middle", bold=True, size=SIZE if wide else 12)
        y += 4
        for name, said in strips.items():
            if wide:
                canvas.text(0, y + 20, name)
            else:
                y += 18
                canvas.text(0, y - 5, name)
            for i, number in enumerate(model.TRIED):
                fill = "" if said[number] in ("×", "") else "green" if name != "api.rst: for x86" else "soft"
                canvas.box(label + i * cell, y, cell, 30, fill, "edge", 0.22 if fill else 1, 0)
                if said[number]:
                    size = SIZE if wide or len(said[number]) < 3 else 11
                    canvas.text(label + (i + 0.5) * cell, y + 20, said[number], "middle", size=size)
            y += 36 if wide else 34
        canvas.height = y - 4
        return canvas

    taken = {name: ", ".join(f"{n} (reads {read})" for n, read in said.items() if read != "×") for name, said in strips.items()}
    return Picture(
        "mp-numbers",
        draw,
        title="Which numbers KVM_SET_MP_STATE takes on x86",
        alt=f"Of 0 to 11 and 255, taken without an irqchip: {taken['No irqchip']}; with an irqchip in KVM: {taken['Irqchip in KVM']}; "
        f"named for x86 in api.rst: {', '.join(str(n) for n, named in documented.items() if named)}.",
        caption="A number in a cell is what KVM_GET_MP_STATE then reads; × is EINVAL.",
        numbers=show.set_states(answers),
    )


def start(answers: Sequence[Evidence[list[Start]]]) -> Picture:
    """The start of an AP, time going down: what vCPU 0 sends, what KVM_RUN of vCPU 1 does, and its state."""
    rows = answers[0].data

    def draw(width: float) -> Canvas:
        wide = width > 600
        gap, left, right = (56, 130, 190) if wide else (22, 74, 86)
        middle = width - left - right - 2 * gap
        canvas, y = Canvas(width), 30.0
        heads = ("vCPU 0 sends", "vCPU 1, KVM_RUN", "Its state") if wide else ("vCPU 0", "vCPU 1", "State")
        for head, x, w in zip(heads, (0, left + gap, width - right), (left, middle, right), strict=True):
            canvas.text(x + w / 2, 16, head, "middle", bold=True)
        spans: list[tuple[int, float, float]] = []
        for row in rows:
            sent = row["done"].removeprefix("vCPU 0 sends ") if row["done"].startswith("vCPU 0") else ""
            told = [] if sent else [row["done"].replace("KVM_RUN", f"KVM_{PAUSE}RUN")]
            told += ["; ".join(filter(None, (row["run"].replace(", ", ", then ").replace("_", "_" + PAUSE), row["said"])))]
            text = "\n".join(filter(None, told))
            high = len(lines(text, middle - 14)) * 17 + 11.0
            if sent:
                words = lines(sent, left - 14)
                tall = len(words) * 17 + 11
                canvas.note(0, y, left, sent, edge="accent")
                high = max(high, tall)
                canvas.arrow((left, y + 14), (left + gap - 1, y + 14), colour="accent")
            canvas.note(left + gap, y, middle, text)
            canvas.line((left + gap + middle, y + 14), (width - right, y + 14), colour="line")
            if spans and spans[-1][0] == row["state"]:
                spans[-1] = (row["state"], spans[-1][1], y + high)
            else:
                spans.append((row["state"], y, y + high))
            y += high + 10
        for state, top, bottom in spans:
            canvas.box(width - right, top, right, bottom - top, "accent" if state == model.RUNNABLE else "soft", "edge", 0.16)
            words = lines(show.titled(state).replace("_", "_" + PAUSE).replace("UNINIT", "UNINIT" + PAUSE), right - 10)
            for i, line in enumerate(words):
                canvas.text(width - right / 2, (top + bottom) / 2 + 4.5 + (i - (len(words) - 1) / 2) * 16, line, "middle")
        canvas.height = y - 8
        return canvas

    return Picture(
        "mp-start",
        draw,
        title="How vCPU 0 starts vCPU 1",
        alt="; ".join(f"{row['done']}: {row['run'] or 'outside KVM_RUN'}, state {show.titled(row['state'])}" for row in rows) + ".",
        caption="Time goes down. In the middle stands what KVM_RUN of vCPU 1 does: it waits, or comes back with an error, an exit or, kicked, "
        "EINTR. An NMI and a halt are at the end.",
        numbers=show.ap_start(answers),
    )
