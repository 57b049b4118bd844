"""ReparseBuffer: a link's target becomes bytes, and bytes become a link or a sentence that says what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

from .model import BadReparse, decode, encode, read_hex, rules


def state(kind: str, target: str) -> str:
    r"""A link to make, as the address bar says it: ``junction:C:\target``."""
    return f"{kind}:{target}"


class ReparseBuffer(Widget):
    """``presets``: label -> state, the first one shown first.

    A state is ``junction:``, ``symlink:`` or ``relative:`` and a target, or ``bytes:`` and hex digits; in links
    ``#reparse=junction:C:\\target``. ValueError for a preset that is none of them.
    """

    becomes = "a field for a target and one for bytes, each made from the other"
    _esm = script(__file__)
    _css = style(__file__)
    rules: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    presets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, anchor: str, presets: Mapping[str, str]) -> None:
        if not presets:
            raise ValueError("ReparseBuffer needs at least one preset")
        for given in presets.values():
            try:
                self.read(given)
            except BadReparse as wrong:
                raise ValueError(f"ReparseBuffer: {given!r} is no state. {wrong}") from None
        super().__init__(
            anchor=anchor, rules=rules(), presets=[list(item) for item in presets.items()], value=next(iter(presets.values()))
        )

    @staticmethod
    def read(given: str) -> bytes:
        """The buffer that a state stands for; BadReparse says why there is none."""
        kind, _, rest = given.partition(":")
        if kind == "bytes":
            data = read_hex(rest)
            decode(data)
            return data
        return encode(kind, rest)

    @property
    def buffer(self) -> bytes:
        """The buffer of the current state; BadReparse says why there is none."""
        return self.read(self.value)

    def in_words(self) -> str:
        """The bytes of the current state, and what they say."""
        found = decode(self.buffer)
        return "\n".join([found.sentence, f"{len(self.buffer)} bytes: {self.buffer.hex(' ')}", *found.notes])
