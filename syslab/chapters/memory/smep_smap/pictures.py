"""Pictures of the chapter on SMEP and SMAP: who may touch whose page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from syslab.evidence import Evidence
from syslab.show.drawing import Canvas, lines
from syslab.show.picture import Picture

from .ask import ACCESSES, Access, Answered, Case, case_of

Value = int | str | None
Measured = Mapping[Case, Mapping[Access, Value]]
ON = Case(smep=True, smap=True)


class Row(NamedTuple):
    """Who touches, under which setting, whose page, and the case that was measured."""

    who: str
    setting: str
    whose: str
    case: Case


ROWS = (
    Row("A user program", "SMEP and SMAP on", "a user page", replace(ON, user_mode=True)),
    Row("A user program", "SMEP and SMAP on", "a kernel page", replace(ON, user_mode=True, page="sw")),
    Row("The kernel", "SMEP and SMAP on", "a kernel page", replace(ON, page="sw")),
    Row("The kernel", "both off", "a user page", Case()),
    Row("The kernel", "SMEP and SMAP on", "a user page", ON),
    Row("The kernel", "both on, AC set", "a user page", replace(ON, ac=True)),
)


class Strand(NamedTuple):
    """One access: the error code, or what else came, and the guard without which it would be made; both "" if it is made."""

    access: Access
    code: str
    guard: str


def strands(measured: Measured, case: Case) -> list[Strand]:
    """What became of each access in ``case``, as it was measured with the guards and without."""
    found = []
    for access in ACCESSES:
        value = measured[case][access]
        code = "" if value is None else value if isinstance(value, str) else f"#PF {value:#x}"
        less = {"SMEP": replace(case, smep=False), "SMAP": replace(case, smap=False)}
        guards = [name for name, other in less.items() if measured[other][access] is None]
        found.append(Strand(access, code, "" if not code else guards[0] if len(guards) == 1 else "U/S = 0"))
    return found


def who_may(answer: Evidence[list[Answered]]) -> Picture:
    """Three strands for read, write and fetch, from who touches to whose page; a strand that is refused ends at a wall."""
    measured: Measured = {case_of(row): {"read": row["read"], "write": row["write"], "fetch": row["fetch"]} for row in answer.data}
    rows = [(row.who, row.setting, row.whose, strands(measured, row.case)) for row in ROWS]

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, y = Canvas(width), 0.0
        box, page, wall = (168.0, 130.0, 400.0) if wide else (88.0, 62.0, 158.0)
        size = 13 if wide else 12
        start, end = box + (62 if wide else 44), width - page
        for who, setting, whose, found in rows:
            canvas.box(0, y, box, 74)
            words = [*lines(who, box - 20, size), *lines(setting, box - 20, size)]
            for n, line in enumerate(words):
                named = line in who
                canvas.text(
                    box / 2, y + 41.5 - (len(words) - 1) * 8.5 + n * 17, line, "middle", "" if named else "soft", size, bold=named
                )
            canvas.box(end, y, page, 74, edge="accent" if "user" in whose else "edge")
            for n, line in enumerate([whose] if wide else whose.split(" ")[1:]):
                canvas.text(end + page / 2, y + (41 if wide else 33 + n * 17), line, "middle")
            for n, (access, code, guard) in enumerate(found):
                at = y + 14 + n * 23
                canvas.text(start - 6, at + 4.5, access, "end", "soft", size)
                if not code:
                    canvas.arrow((start, at), (end - 2, at), colour="green")
                    continue
                canvas.line((start, at), (wall, at), colour="bad")
                canvas.line((wall, at - 9), (wall, at + 9), colour="bad", width=4)
                canvas.text(wall + 8, at + 4.5, f"{code.removeprefix('' if wide else '#PF ')} {guard}", colour="bad", size=size)
            y += 88
        canvas.height = y - 12
        return canvas

    told = ". ".join(
        f"{who}, {setting}, to {whose}: "
        + ", ".join(f"{one.access} {f'refused with {one.code} ({one.guard})' if one.code else 'made'}" for one in found)
        for who, setting, whose, found in rows
    )
    return Picture(
        "smap-who",
        draw,
        title="Who may touch whose page",
        alt=f"{told}.",
        caption="A strand that arrives was allowed. One that ends at a wall was refused, with the error code and the rule without which it "
        "would have arrived. All pages are writable and have XD clear; AC is clear but in the last row.",
        answers=answer,
    )
