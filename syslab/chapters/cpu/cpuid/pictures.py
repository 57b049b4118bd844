"""The picture of the chapter on CPUID: how the signature is put together."""

from __future__ import annotations

from syslab.bits.cpuid import family_model_stepping, leaves_of
from syslab.bits.cpuid.features_1 import CPUID_1_EAX
from syslab.evidence import Answer
from syslab.native.cpuid import Leaf
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from .show import signature as table

PIECES = ("EXT_FAMILY", "EXT_MODEL", "FAMILY", "MODEL", "STEPPING")
"""The fields that count, from the upper end."""
SAID = {
    "EXT_FAMILY": "extended family",
    "EXT_MODEL": "extended model",
    "FAMILY": "family",
    "MODEL": "model",
    "STEPPING": "stepping",
}


def signature(answer: Answer[list[Leaf]]) -> Picture:
    """Leaf 1 EAX as 32 bits, and what the pieces of it come to."""
    eax = leaves_of(answer.data)[1, 0][0]
    fields = {name: CPUID_1_EAX.field(name) for name in PIECES}
    values = {name: field.of(eax) for name, field in fields.items()}
    family, model, stepping = family_model_stepping(eax)
    base = values["FAMILY"]
    with_model = base in (6, 15)
    results = (
        ("family", ("EXT_FAMILY", "FAMILY") if base == 15 else ("FAMILY",), f"{base:#x} + {values['EXT_FAMILY']:#x} = {family}" if base == 15 else f"{base:#x} = {family}"),
        ("model", ("EXT_MODEL", "MODEL") if with_model else ("MODEL",), f"{values['EXT_MODEL']:#x} before {values['MODEL']:#x} = {model}" if with_model else f"{values['MODEL']:#x} = {model}"),
        ("stepping", ("STEPPING",), f"{values['STEPPING']:#x} = {stepping}"),
    )  # fmt: skip

    def row(canvas: Canvas, y: float, cell: float, high: int, low: int) -> dict[str, float]:
        """Bits ``high`` to ``low`` at ``y``; where the middle of each field in them is."""
        canvas.bits(0, y, cell, f"{eax >> low & (1 << high - low + 1) - 1:0{high - low + 1}b}")
        found = {}
        for name, field in fields.items():
            if low <= field.bit <= high:
                left, width = (high - field.bit - field.width + 1) * cell, field.width * cell
                found[name] = left + width / 2
                canvas.box(left, y, width, 22, "", "ink", round=0)
                canvas.text(left + width / 2, y - 6, field.bits, "middle", "soft", 11)
                said = SAID[name] if width > 110 else SAID[name].replace("extended", "ext.")
                canvas.text(left + width / 2, y + 38, said, "middle", size=12)
        return found

    def draw(width: float) -> Canvas:
        canvas = Canvas(width)
        if width > 600:
            places = {name: (x, 74.0) for name, x in row(canvas, 20, width / 32, 31, 0).items()}
            y, wide = 130.0, (width - 40) / 3
            for i, (what, pieces, sum_) in enumerate(results):
                x = i * (wide + 20)
                for piece in pieces:
                    canvas.arrow(
                        (places[piece][0], 66),
                        (places[piece][0], 92 + 8 * i),
                        (x + wide / 2, 92 + 8 * i),
                        (x + wide / 2, y - 2),
                        colour="accent" if i == 0 else "blue" if i == 1 else "soft",
                    )
                canvas.height = y + canvas.note(x, y, wide, f"{what}: {sum_}")
            return canvas
        row(canvas, 20, width / 16, 31, 16)
        row(canvas, 92, width / 16, 15, 0)
        y = 150.0
        for what, _, sum_ in results:
            y += canvas.note(0, y, width, f"{what}: {sum_}") + 8
        canvas.height = y
        return canvas

    told = ", ".join(f"{SAID[name]} {value:#x}" for name, value in values.items())
    return Picture(
        "cpuid-signature",
        draw,
        title="A signature is put together from five pieces",
        alt=f"Leaf 1 EAX is {eax:#010x}: {told}. Together they make "
        + ", ".join(f"{what} {sum_}" for what, _, sum_ in results)
        + ".",
        caption=f"Leaf 1 EAX of this machine, {eax:#010x}. The extended family is added where the family is 15; the extended model goes in front of the model where the family is 6 or 15.",
        numbers=table(answer),
    )
