"""The picture of the chapter on KVM_GET_SUPPORTED_CPUID: every bit of every entry, and what KVM did to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syslab.bits.cpuid import REGISTERS
from syslab.evidence import Evidence
from syslab.show.drawing import Canvas
from syslab.show.picture import Picture

from . import show_fields
from .ask import Entry
from .pairs import HYPERVISORS

PITCH = 11
"""From a row to the next, in CSS pixels."""
KINDS = (
    ("passed", "edge", 4, "both have it"),
    ("masked", "accent", 9, "masked: only the host"),
    ("added", "green", 9, "added: only KVM"),
)
"""What became of a bit, its colour, how high it is drawn, and the words of the legend."""


def split(host: int, kvm: int) -> tuple[int, int, int]:
    """The bits of both words, of the host's alone and of KVM's alone."""
    return host & kvm, host & ~kvm, kvm & ~host


def runs(word: int, width: int) -> Iterator[tuple[int, int]]:
    """(place, length) of each run of set bits, the highest bit at place 0."""
    digits = f"{word:0{width}b}"
    at = 0
    while (at := digits.find("1", at)) >= 0:
        length = len(digits[at:]) - len(digits[at:].lstrip("1"))
        yield at, length
        at += length


def leaves(answers: Sequence[Evidence[list[Entry]]]) -> Picture:
    """The entries of the first answer as rows of 32-bit words; neighbours that look the same are one stroke."""
    answer = answers[0]
    rows = [row for row in answer.data if row["leaf"] not in HYPERVISORS and (any(row["host"] or ()) or any(row["kvm"] or ()))]
    halves = [{kind: "" for kind, *_ in KINDS} for _ in range(2)]
    totals = dict.fromkeys((kind for kind, *_ in KINDS), 0)
    for number, row in enumerate(rows):
        host, kvm = row["host"] or [0] * 4, row["kvm"] or [0] * 4
        for half in range(2):
            pair = (words[2 * half] << 33 | words[2 * half + 1] for words in (host, kvm))  # an empty place between two words
            for kind, bits in zip(totals, split(*pair), strict=True):
                totals[kind] += bits.bit_count()
                halves[half][kind] += "".join(f"M{x} {number * PITCH}h{length}" for x, length in runs(bits, 65))
    names = "".join(f'<text y="{i * PITCH + 13}">{row["leaf"]:x}.{row["subleaf"]}</text>' for i, row in enumerate(rows))
    high = len(rows) * PITCH

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas = Canvas(width)
        x = 0.0
        for _, colour, tall, words in KINDS:
            if x + 22 + len(words) * 7.3 > width:
                x, canvas.height = 0, canvas.height + 20
            canvas.box(x, canvas.height + 8 - tall / 2, 12, tall, colour, "", round=0)
            canvas.text(x + 18, canvas.height + 13, words)
            x += 40 + len(words) * 7.3
        canvas.height += 22
        left = 80
        scale = round((width - left) / (130 if wide else 66), 2)
        for half, strokes in enumerate(halves):
            x, top = (left + half * 66 * scale, canvas.height) if wide else (left, canvas.height + half * (high + 28))
            for i in range(2):
                canvas.text(x + (i * 33 + 16) * scale, top + 13, REGISTERS[2 * half + i].upper(), "middle", bold=True)
            if not half or not wide:
                canvas.put(f'<g class="m" font-size="11" transform="translate(0 {top + 18:g})">{names}</g>')
            with canvas.moved(x, top + 26.5):
                for i in range(2):
                    canvas.box(i * 33 * scale, -7, 32 * scale, high, "panel", "", round=0)
                for kind, colour, tall, _ in KINDS:
                    canvas.put(f'<path class="s-{colour}" stroke-width="{tall}" transform="scale({scale} 1)" d="{strokes[kind]}"/>')
        canvas.height += 22 + high + (0 if wide else high + 28)
        return canvas

    who = answer.provenance.witness
    return Picture(
        "kvmcpuid-leaves",
        draw,
        title=f"All leaves of {who}, host against KVM",
        alt=f"{len(rows)} entries as rows, each with its words EAX, EBX, ECX and EDX. {totals['passed']} bits are set in the host’s word and in "
        f"KVM’s, {totals['masked']} only in the host’s, {totals['added']} only in KVM’s.",
        caption="A row is an entry, leaf and subleaf in hex; in each word bit 31 is on the left. Left out are entries that are zeros on both sides, and the leaves in which hypervisors tell of themselves. "
        "Bits of wider fields are shown as they are. The numbers count fields, of every machine.",
        numbers=show_fields.tally(answers),
    )
