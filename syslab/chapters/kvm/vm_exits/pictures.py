"""The picture of the chapter on VM exits: two borders, and how far each instruction gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.evidence.lab import WITNESS
from syslab.kvm.exit_guest import TIMES
from syslab.show.drawing import Canvas, lines
from syslab.show.picture import Picture

from .ask import Exits, Returned
from .show import CASES, Both, as_asked, case_key, counts, helpers, joined

LINE = 18
"""From one name to the next, in CSS pixels."""


class Reached(NamedTuple):
    """The instructions by how far they get; ``moved`` are those of the guest's that leave without nested paging."""

    guest: list[str]
    moved: list[str]
    kvm: list[str]
    user_space: list[str]


def reached(counted: Answer[list[Exits]], shadowed: Answer[list[Exits]], answers: Sequence[Evidence[list[Returned]]]) -> Reached:
    """How far the instructions get in the lab VM, in the guest's kernel mode."""
    lab = [answer.data for answer in answers if answer.provenance.witness.startswith(WITNESS)][:1]
    heard = {case_key(row) for data in lab for row in data if row["user_space"]}
    found = Reached([], [], [], [])
    for row in joined(counted, shadowed):
        place = (
            found.user_space
            if case_key(row) in heard
            else found.kvm
            if row["exits"]
            else found.moved
            if row["off"]
            else found.guest
        )
        place.append(_name(row))
    return found


def _name(row: Both) -> str:
    own = set(row["exits"]) - helpers(row["instruction"], True)
    times = sum(row["exits"][reason] for reason in own) // TIMES
    return CASES[case_key(row)].shown + (f", {times} exits" if times > 1 else "") + ("" if as_asked(row).held else " *")


LANES = (
    ("The guest", "the CPU executes it"),
    ("KVM", "leaves, and goes back in"),
    ("User space", "KVM_RUN returns"),
)
BORDERS = ("VM exit", "return")


def far(counted: Answer[list[Exits]], shadowed: Answer[list[Exits]], answers: Sequence[Evidence[list[Returned]]]) -> Picture:
    """Which instructions stay in the guest, which KVM hears of, and which user space."""
    found = reached(counted, shadowed, answers)

    def draw(width: float) -> Canvas:
        return _beside(width, found) if width > 600 else _below(width, found)

    def told(names: Sequence[str]) -> str:
        return ", ".join(names) or "none"

    return Picture(
        "how-far",
        draw,
        title="Two borders, and how far an instruction gets",
        alt=f"Of {sum(map(len, found))} instructions, each executed {TIMES} times in the guest's kernel mode, these stay in the guest: "
        f"{told(found.guest)}. These stay with nested paging and leave without: {told(found.moved)}. These leave, and KVM handles them: "
        f"{told(found.kvm)}. These reach user space: {told(found.user_space)}.",
        caption=f"Each was executed {TIMES} times by the kernel of a guest in the lab VM, on SVM, and left as often, or twice as often where "
        "that is said, or never. * The emulated CPU did not do what KVM asked for.",
        numbers=counts(counted, shadowed),
    )


def _names(canvas: Canvas, x: float, y: float, width: float, names: Sequence[str]) -> float:
    """One name below the other. Returns the y of the next."""
    for name in names:
        for number, line in enumerate(lines(name, width - (10 if len(name) * 7 > width else 0))):
            canvas.text(x + (10 if number else 0), y, line)
            y += LINE
    return y


def _beside(width: float, found: Reached) -> Canvas:
    canvas, gap = Canvas(width), 48.0
    wide = (width - 2 * gap) / 3
    top, texts = 66.0, []
    for number, names in enumerate((found.guest, found.kvm, found.user_space)):
        texts.append(_names(canvas, number * (wide + gap) + 10, top, wide - 20, names))
    y = max(texts[:2])
    if found.moved:
        y += 14
        canvas.text(wide + gap + 10, y, "without nested paging (npt=0)", colour="soft")
        for name in found.moved:
            canvas.arrow((wide - 8, y - 4), (wide + gap + 6, y - 4), colour="accent", dash="4 3")
            y = _names(canvas, 10, y, wide - 20, [name])
    bottom, shapes = max(y, texts[2]) - 4, canvas.shapes
    canvas.shapes = []
    for number, (name, does) in enumerate(LANES):
        x = number * (wide + gap)
        canvas.box(x, 22, wide, bottom - 22, "panel" if number else "paper", "edge")
        canvas.text(x + 10, 14, name, bold=True)
        canvas.text(x + 10, 42, does, colour="soft")
    for number, border in enumerate(BORDERS):
        x = (number + 1) * (wide + gap) - gap / 2
        canvas.text(x, 14, border, "middle", "accent")
        canvas.line((x, 22), (x, bottom), colour="accent", width=2)
    canvas.shapes += shapes
    canvas.height = bottom
    return canvas


def _below(width: float, found: Reached) -> Canvas:
    canvas, y = Canvas(width), 0.0
    for number, names in enumerate((found.guest, found.kvm, found.user_space)):
        if number:
            canvas.arrow((20, y), (20, y + 28), colour="accent")
            canvas.text(32, y + 18, BORDERS[number - 1], colour="accent")
            y += 32
        shapes, canvas.shapes = canvas.shapes, []
        name, does = LANES[number]
        canvas.text(8, y + 18, name, bold=True)
        canvas.text(width - 8, y + 18, does, "end", "soft")
        end = _columns(canvas, y + 42, width, names)
        if not number and found.moved:
            canvas.text(8, end + 4, "With npt=0 these leave, too:", colour="accent")
            end = _columns(canvas, end + 4 + LINE, width, found.moved)
        inside, canvas.shapes = canvas.shapes, shapes
        canvas.box(0, y, width, end - y - 6, "panel" if number else "paper", "edge")
        canvas.shapes += inside
        y = end - 6
    canvas.height = y
    return canvas


def _columns(canvas: Canvas, y: float, width: float, names: Sequence[str]) -> float:
    """Names in two columns of about the same height."""
    half, wide = (len(names) + 1) // 2, width / 2 - 12
    return max(_names(canvas, 8, y, wide, names[:half]), _names(canvas, width / 2 + 4, y, wide, names[half:]))
