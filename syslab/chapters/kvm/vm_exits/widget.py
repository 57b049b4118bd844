"""MaskedRegister: mask, read shadow and operand of a control register as rows of bits. Does the write leave the guest?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

from .model import ALL, Write, after, guest_reads, refused

PARTS = ("mask", "shadow", "real", "operand")
"""The words of a state, in the order of links."""


def state(write: Write, mask: int, shadow: int, real: int, operand: int = 0) -> str:
    """A state as links say it: ``mov-cr0.80000021.21.31.80000021``. ValueError for a word of more than 64 bits."""
    for name, word in zip(PARTS, (mask, shadow, real, operand), strict=True):
        if not 0 <= word <= ALL:
            raise ValueError(f"MaskedRegister: {name} {word:#x} does not fit into 64 bits")
    return ".".join([write.key, *(f"{word:x}" for word in (mask, shadow, real, operand))])


class MaskedRegister(Widget):
    """``writes``: the instructions to choose from. ``presets``: label -> :func:`state`, the first one shown first.

    ``anchor`` is its name in links: ``#crmask=mov-cr0.80000021.21.31.80000021`` has mask, shadow, real register and
    operand, in hex.
    """

    becomes = "mask, shadow and operand, bit by bit"
    _esm = script(__file__)
    _css = style(__file__)
    writes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    fields: traitlets.List[Any] = traitlets.List().tag(sync=True)
    presets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, anchor: str, writes: Sequence[Write], presets: Mapping[str, str]) -> None:
        """ValueError where there is nothing to choose from, or a preset is not a state of one of ``writes``."""
        if not writes or not presets:
            raise ValueError("MaskedRegister needs at least one instruction and one preset")
        self._writes = {write.key: write for write in writes}
        for value in presets.values():
            self._parts(value)
        layouts = list({write.layout.anchor: write.layout for write in writes}.values())
        super().__init__(
            anchor=anchor,
            value=next(iter(presets.values())),
            presets=[list(item) for item in presets.items()],
            fields=[{"name": x.name, "fields": [[f.bit, f.name, f.title] for f in x.fields]} for x in layouts],
            writes=[
                {"key": w.key, "name": w.name, "layout": layouts.index(w.layout), "looks": hex(w.looks), "sets": hex(w.sets_only)}
                | ({} if w.operand is None else {"operand": hex(w.operand)})
                for w in writes
            ],
        )

    def _parts(self, value: str) -> tuple[Write, int, int, int, int]:
        found = re.fullmatch(r"([a-z0-9-]+)" + r"\.([0-9a-f]{1,16})" * len(PARTS), value)
        if not found or found[1] not in self._writes:
            raise ValueError(f"MaskedRegister: {value!r} is not an instruction and {', '.join(PARTS)} in hex, with dots between")
        mask, shadow, real, operand = (int(word, 16) for word in found.groups()[1:])
        return self._writes[found[1]], mask, shadow, real, operand

    @property
    def refused(self) -> int:
        """The bits for which the current write leaves the guest; 0 where it stays."""
        write, mask, shadow, _, operand = self._parts(self.value)
        return refused(write, mask, shadow, operand)

    @property
    def reads(self) -> int:
        """What the guest reads after the current write, or before it where the write leaves."""
        write, mask, shadow, real, operand = self._parts(self.value)
        return guest_reads(mask, shadow, real if self.refused else after(write, mask, shadow, real, operand))

    def in_words(self) -> str:
        """The write, its words, and what becomes of it."""
        write, *words = self._parts(self.value)
        given = ", ".join(f"{name} {word:#x}" for name, word in zip(PARTS, words, strict=True))
        end = f"leaves the guest: {self.refused:#x} would not match the shadow" if self.refused else "stays in the guest"
        return f"{write.name} with {given}.\nIt {end}. The guest reads {self.reads:#x}."
