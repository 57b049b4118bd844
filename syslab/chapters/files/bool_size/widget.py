"""StructLayout: declare a C struct, and see which bytes and bits its members take and what is padding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

from .model import BYTES, ELEMENTS, MEMBERS, PACKED, TYPES, Struct, lay_out


class StructLayout(Widget):
    """``presets``: label -> declaration (:mod:`syslab.chapters.files.bool_size.model`), the first one shown first.

    ``anchor`` is its name in links: ``#struct=bool,int:3``.
    """

    becomes = "a struct whose members can be changed, with a drawing of its bytes"
    _esm = script(__file__)
    _css = style(__file__)
    types: traitlets.List[Any] = traitlets.List().tag(sync=True)
    room: traitlets.Dict[Any, Any] = traitlets.Dict().tag(sync=True)
    presets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    anchor = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, anchor: str, presets: Mapping[str, str]) -> None:
        """ValueError without presets, or where one of them is no declaration."""
        if not presets:
            raise ValueError("StructLayout needs at least one preset")
        for label, text in presets.items():
            try:
                lay_out(text)
            except ValueError as error:
                raise ValueError(f"StructLayout: preset {label!r}: {error}") from None
        super().__init__(
            anchor=anchor,
            value=next(iter(presets.values())),
            presets=[list(item) for item in presets.items()],
            types=[asdict(kind) for kind in TYPES.values()],
            room={"members": MEMBERS, "elements": ELEMENTS, "bytes": BYTES, "packed": PACKED},
        )

    @property
    def struct(self) -> Struct:
        """The current declaration, laid out. ValueError where it is none."""
        return lay_out(self.value)

    def in_words(self) -> str:
        """The declaration, its size, and where each member lies."""
        struct = self.struct
        places = [f"{placed.name}: {placed.where}" for placed in struct.members if placed.name]
        return "\n".join([struct.c(), struct.sentence, f"{'; '.join(places)}."])
