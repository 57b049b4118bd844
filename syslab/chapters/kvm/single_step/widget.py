"""InstructionTape: a short program, and the instruction boundaries where several debuggers stop in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style


@dataclass(frozen=True)
class Mark:
    """One stop of a lane. ``at``: index of the cell it is in front of. ``text``: what came, in a few words.

    ``other``: a stop of another kind than the lane is about; it is drawn differently.
    """

    at: int
    text: str
    other: bool = False


@dataclass(frozen=True)
class Tape:
    """``cells``: (heading of a group, instruction): a new heading starts a new block. ``lanes``: the stops, in order."""

    key: str
    label: str
    cells: Sequence[tuple[str, str]]
    lanes: Sequence[Sequence[Mark]]
    note: str = ""


class InstructionTape(Widget):
    """``lanes`` are the names of those who stop; every tape has a list of marks for each. Printed, all marks show.

    ``anchor`` is its name in links: ``#tape=rep.2`` is the tape ``rep`` at its second stop. ``value`` is the same text.
    """

    becomes = "a listing with every stop in it, to go through one by one"
    _esm = script(__file__)
    _css = style(__file__)
    anchor = traitlets.Unicode().tag(sync=True)
    lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    tapes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    prompt = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, anchor: str, lanes: Sequence[str], tapes: Sequence[Tape], prompt: str = "Program") -> None:
        if not tapes or not lanes:
            raise ValueError(f"instruction tape {anchor}: it needs at least one lane and one tape")
        if len(set(lanes)) != len(lanes) or len({tape.key for tape in tapes}) != len(tapes):
            raise ValueError(f"instruction tape {anchor}: two lanes or two tapes have the same name")
        for tape in tapes:
            _check(anchor, tape, len(lanes))
        shown = [
            {
                "key": tape.key,
                "label": tape.label,
                "note": tape.note,
                "cells": [list(cell) for cell in tape.cells],
                "lanes": [[{"at": m.at, "text": m.text, "other": m.other} for m in lane] for lane in tape.lanes],
            }
            for tape in tapes
        ]
        super().__init__(anchor=anchor, lanes=list(lanes), tapes=shown, prompt=prompt, value=f"{tapes[0].key}.1")

    @traitlets.validate("value")
    def _known(self, proposal: Any) -> str:
        key, _, number = proposal["value"].partition(".")
        found = [tape for tape in self.tapes if tape["key"] == key]
        most = max((len(lane) for tape in found for lane in tape["lanes"]), default=0)
        if not number.isdecimal() or not 1 <= int(number) <= most:
            known = ", ".join(tape["key"] for tape in self.tapes)
            raise traitlets.TraitError(
                f"instruction tape {self.anchor}: {proposal['value']!r} is no stop; write a tape and a number, as in rep.2. Tapes: {known}"
            )
        return str(proposal["value"])

    def in_words(self) -> str:
        """The program, and what each lane says at its current stop."""
        key, _, number = self.value.partition(".")
        tape = next(tape for tape in self.tapes if tape["key"] == key)
        lanes = [
            f"{name}: {marks[int(number) - 1]['text'] if int(number) <= len(marks) else 'no more stops'}"
            for name, marks in zip(self.lanes, tape["lanes"], strict=True)
        ]
        listing = "; ".join(text for _, text in tape["cells"])
        return "\n".join([f"{tape['label']}, stop {number}:", *lanes, f"The listing: {listing}"])


def _check(anchor: str, tape: Tape, lanes: int) -> None:
    where = f"instruction tape {anchor}, tape {tape.key}"
    if not tape.key.replace("-", "").isalnum():
        raise ValueError(f"{where}: a key is made of letters, digits and hyphens")
    if not tape.cells or len(tape.lanes) != lanes:
        raise ValueError(f"{where}: it needs cells, and marks for each of {lanes} lanes; there are {len(tape.lanes)}")
    if not any(tape.lanes):
        raise ValueError(f"{where}: nobody stops")
    for mark in (mark for lane in tape.lanes for mark in lane):
        if not 0 <= mark.at < len(tape.cells):
            raise ValueError(f"{where}: a mark is in front of cell {mark.at}; there are {len(tape.cells)}")
