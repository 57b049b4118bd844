"""Cells of a heat map: a table whose cells are tinted by kind of outcome, and marked where witnesses disagree.

>>> tints = {"ok": "the access is made", "absent": "not present"}
>>> Heat(Said("0x4", "absent", "#pfec=0x4"))                    # all say so
>>> Heat(Said("0x9", "rsvd", who="KVM"), Said("0x8", "rsvd", who="TCG", odd=True))
>>> Table(answer, columns, tints=tints)                         # its columns give such cells

A colour only repeats what stands in the cell. The first kind has none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """What one or several witnesses said: ``kind`` is a key of the table's tints, ``odd`` is not what was expected."""

    text: str
    kind: str
    href: str = ""
    who: str = ""
    odd: bool = False

    def __str__(self) -> str:
        return " ".join(filter(None, [("≠" if self.odd else "") + self.text, self.who]))


class Heat:
    """One value where all say the same, else one for each opinion."""

    def __init__(self, *said: Said) -> None:
        self.said = said

    def __str__(self) -> str:
        return ", ".join(map(str, self.said))

    @property
    def held(self) -> bool:
        """Whether all say the same."""
        return len(self.said) < 2
