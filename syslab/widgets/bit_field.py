"""BitField: a register a reader can flip, type into and paste a log line into."""

from __future__ import annotations

from typing import Any

import traitlets

from syslab.bits.bare import as_logged
from syslab.bits.core import Decoded, Layout

from .base import Widget, script, style


class BitField(Widget):
    """One layout, or several with a menu to choose from. ``value`` is hex text, as 64 bits exceed JavaScript's numbers.

    >>> BitField(PFEC, value=0x15)
    """

    home = "desk"
    becomes = "a register whose bits can be flipped, and a field for values and log lines"
    _esm = script("bit_field")
    _css = style("bit_field")
    layouts: traitlets.List[Any] = traitlets.List().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    value = traitlets.Unicode("0x0").tag(sync=True)
    prompt = traitlets.Unicode("Value or log line").tag(sync=True)
    menu = traitlets.Unicode("Register").tag(sync=True)

    def __init__(self, *layouts: Layout, value: int | None = None, prompt: str | None = None, menu: str | None = None) -> None:
        """``value`` of the first layout; by default its first example, or 0. ValueError or TypeError if it does not fit.

        ``prompt`` labels the input and ``menu`` the choice of a layout.
        """
        if not layouts:
            raise ValueError("BitField needs at least one layout")
        layouts = tuple(map(as_logged, layouts))
        starts = [layout.examples[0][1] if layout.examples else 0 for layout in layouts]
        if value is not None:
            starts[0] = layouts[0].check(value)
        self._layouts = layouts
        super().__init__(
            layouts=[layout.to_dict() | {"start": hex(start)} for layout, start in zip(layouts, starts, strict=True)],
            value=layouts[0].hex(starts[0]),
            **{name: text for name, text in (("prompt", prompt), ("menu", menu)) if text is not None},
        )

    @property
    def decoded(self) -> Decoded:
        """What the current state means."""
        return self._layouts[self.selected].decode(int(self.value, 16))

    @property
    def anchor(self) -> str:
        """The name of the current layout in links."""
        return self._layouts[self.selected].anchor

    def in_words(self) -> str:
        """The layout, the value and what it means."""
        found = self.decoded
        name = found.layout.name
        lines = [f"{name[0].upper()}{name[1:]}, {found.layout.hex(found.value)}: {found.sentence}"]
        if len(self._layouts) > 1:
            lines.append(f"{self.menu}: {', '.join(layout.name for layout in self._layouts)}.")
        return "\n".join(lines)

    def fragment(self) -> str:
        """``pfec=0x15``."""
        return f"{self.anchor}={int(self.value, 16):#x}"
