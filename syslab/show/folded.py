"""Something shown that is folded away: what is looked up, and not read on the way."""

from __future__ import annotations

import html
from typing import Any


class Folded:
    """``shown``, such as a Table, under a line that opens it; print opens it too."""

    def __init__(self, title: str, shown: Any) -> None:
        self.title, self.shown = title, shown

    def __repr__(self) -> str:
        return f"{self.title}\n{self.shown!r}"

    def _repr_html_(self) -> str:
        return f'<details class="dropdown"><summary>{html.escape(self.title)}</summary>{self.shown._repr_html_()}</details>'
