"""AddressMap: the regions of an address space, drawn to scale; zoom into one, find the region of an address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

KINDS = ("user", "hole", "free", "kernel", "used")
"""What a region may be: it decides the look. ``used`` is what a process has mapped."""


@dataclass(frozen=True)
class Space:
    """``regions``: (start, end, name, kind), ends included, lowest first; ``views``: label -> (start, end) to zoom to.

    ``line`` says where the regions are from.
    """

    label: str
    regions: Sequence[tuple[int, int, str, str]]
    views: Mapping[str, tuple[int, int]]
    line: str = ""


class AddressMap(Widget):
    """``spaces``: key -> :class:`Space`, the first one shown first. ``value`` is the address that is looked up, hex text.

    ``anchor`` is its name in links: ``#va=0x7fff00000000``. ``follows`` is for a page where another widget with the
    same anchor stands before it: then links scroll to that one, and what is set there is shown here.
    """

    becomes = "a map drawn to scale, with zoom and a field for an address"
    _esm = script(__file__)
    _css = style(__file__)
    spaces: traitlets.List[Any] = traitlets.List().tag(sync=True)
    width = traitlets.Int(64).tag(sync=True)
    anchor = traitlets.Unicode("va").tag(sync=True)
    follows = traitlets.Bool(False).tag(sync=True)
    value = traitlets.Unicode("0x0").tag(sync=True)

    def __init__(
        self, spaces: Mapping[str, Space], value: int = 0, anchor: str = "va", width: int = 64, follows: bool = False
    ) -> None:
        """ValueError for no space, a bad key, regions out of order or outside ``width`` bits, and an unknown kind."""
        if not spaces:
            raise ValueError("AddressMap needs at least one space")
        if not 0 <= value < 1 << width:
            raise ValueError(f"AddressMap: {value:#x} does not fit in {width} bits")
        for key, space in spaces.items():
            if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
                raise ValueError(f"AddressMap: the key {key!r} is not lower-case letters, digits and hyphens")
            _check(key, space, width)
        super().__init__(
            spaces=[
                {
                    "key": key,
                    "label": space.label,
                    "line": space.line,
                    "regions": [[hex(start), hex(end), name, kind] for start, end, name, kind in space.regions],
                    "views": [[label, hex(start), hex(end)] for label, (start, end) in space.views.items()],
                }
                for key, space in spaces.items()
            ],
            value=f"0x{value:0{(width + 3) // 4}x}",
            anchor=anchor,
            width=width,
            follows=follows,
        )

    def in_words(self) -> str:
        """The regions of the first map, and the one the address is in."""
        space, at = self.spaces[0], int(self.value, 16)
        regions = [(int(first, 16), int(last, 16), name) for first, last, name, _ in space["regions"]]
        where = next((name for first, last, name in regions if first <= at <= last), "nothing is listed there")
        lines = [
            f"{space['label']}. {self.value}: {where}.",
            *(f"{first:#018x} to {last:#018x}: {name}" for first, last, name in regions),
        ]
        return "\n".join(lines)

    def fragment(self) -> str:
        """``va=0x7fff00000000``."""
        return f"{self.anchor}={int(self.value, 16):#x}"


def _check(key: str, space: Space, width: int) -> None:
    after = 0
    for start, end, name, kind in space.regions:
        if not after <= start <= end < 1 << width:
            raise ValueError(f"AddressMap {key}: {name} ({start:#x} to {end:#x}) overlaps, is out of order or leaves {width} bits")
        if kind not in KINDS:
            raise ValueError(f"AddressMap {key}: {name} is {kind!r}, none of {', '.join(KINDS)}")
        after = end + 1
    for label, (start, end) in space.views.items():
        if not 0 <= start < end < 1 << width:
            raise ValueError(f"AddressMap {key}: the view {label} is {start:#x} to {end:#x}")
