"""BitField: a register a reader can flip, type into and paste a log line into."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from syslab.bits.core import Decoded, Layout

from .base import script, style


class BitField(anywidget.AnyWidget):
    """One layout, or several with a menu to choose from. ``value`` is hex text, as 64 bits exceed JavaScript's numbers.

    >>> BitField(PFEC, value=0x15)
    """

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
