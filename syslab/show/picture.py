"""Every picture of the book: measured (:mod:`.chart`) or drawn (:mod:`.drawing`), as one ``<figure class="picture">``.

>>> Picture("halt-window", chart(window), title="The window follows the halts", alt="…", caption="…", answers=ask(halt.polling))
>>> Picture("page-walk", walk, title="How an address is found", alt="…", caption="…", source="Intel SDM, volume 3A, …")

In a cell it shows itself: HTML in the book and in JupyterLab, its words elsewhere. matplotlib is imported for charts alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from syslab.evidence import Evidence
from syslab.evidence.line import HOSTED, provenance_html

from .asked import under
from .cells import flat
from .drawing import SIZE
from .table import Table
from .template import filled

WIDE, NARROW = 800, 320
"""The two layouts, in CSS pixels; a container query shows one of them."""
STYLE = Path(__file__).with_name("picture.css")


class Shapes(Protocol):
    """A layout that is done: a Canvas or a Chart."""

    def parts(self, name: str) -> tuple[float, float, str]:
        """Width and height in CSS pixels, and the SVG inside; ids in it begin with ``name``."""


class Layout(NamedTuple):
    """One of the two, for the template."""

    kind: str
    width: str
    height: str
    body: str


class Picture:
    """One picture.

    ``name`` is its id, of its own on the page. ``draw(width)`` makes a layout and is asked for :data:`WIDE` and :data:`NARROW`.
    ``title`` is a sentence without its full stop that says what is to be seen; ``alt`` says it in words to whom cannot see it,
    with the numbers that matter; ``caption`` how to read it, units included. What is measured names its ``answers``, or has
    ``numbers``, the same as a table that is folded away; who answered then stands under the caption, and the code that asked
    under it or in the fold. Everything else names its ``source``. ``links``: there are links in it.
    """

    def __init__(
        self,
        name: str,
        draw: Callable[[float], Shapes],
        *,
        title: str,
        alt: str,
        caption: str,
        answers: Evidence[Any] | Iterable[Any] = (),
        numbers: Table | None = None,
        source: str = "",
        links: bool = False,
    ) -> None:
        self.name, self.draw, self.links = name, draw, links
        self.title, self.alt, self.caption, self.source = title, alt, caption, source
        self.answers, self.numbers = flat(answers), numbers
        if not (self.answers or (numbers and numbers.answers) or source):
            raise ValueError(f"the picture {name!r} says neither who measured it nor from which source it is drawn")

    def layouts(self) -> list[Layout]:
        """Both, with the id's letter that keeps theirs apart."""
        from markupsafe import Markup

        made = []
        for kind, width in (("wide", WIDE), ("narrow", NARROW)):
            w, h, body = self.draw(width).parts(f"{self.name}-{kind[0]}")
            made.append(Layout(kind, f"{w + 2:g}", f"{h + 2:g}", Markup(body)))
        return made

    def _under(self) -> Any:
        from markupsafe import Markup

        if self.numbers and not self.answers:  # their table has the code
            return Markup("".join(provenance_html(one.provenance) for one in self.numbers.answers))
        return under(self.answers)

    def __repr__(self) -> str:
        told = [f"{self.title}.", self.alt, self.caption, self.source, repr(self.numbers) if self.numbers else ""]
        return "\n".join([*filter(None, told), *map(repr, self.answers)])

    def _repr_html_(self) -> str:
        from markupsafe import Markup

        body = str(
            filled(
                "picture.html",
                **{key: getattr(self, key) for key in ("name", "title", "alt", "caption", "source", "links")},
                size=SIZE,
                layouts=self.layouts(),
                under=self._under(),
                numbers=Markup(self.numbers._repr_html_()) if self.numbers else "",
            )
        )
        return body if os.environ.get(HOSTED) else f"<style>{STYLE.read_text(encoding='utf-8')}</style>{body}"
