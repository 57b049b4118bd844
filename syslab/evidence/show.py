"""Measured tables and provenance lines, as HTML for the book and JupyterLab and as text for everything else."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import Evidence
from .provenance import Provenance

# The hosted pages carry the book's own style sheet; a notebook does not.
HOSTED = "SYSLAB_HOSTED"


def styled(body: str) -> str:
    """``body`` with the notebook style in front, unless the page it goes to has the book's style sheet."""
    if os.environ.get(HOSTED):
        return body
    return f"<style>{Path(__file__).with_name('notebook.css').read_text(encoding='utf-8')}</style>{body}"


def provenance_html(provenance: Provenance) -> str:
    """The line that says which machine answered."""
    text = " " + provenance.line().removeprefix(f"{provenance.how} · ")
    return f'<p class="provenance"><span class="vb vb-{provenance.how}">{provenance.how}</span>{html.escape(text)}</p>'


@dataclass(frozen=True)
class Link:
    """A table cell that leads somewhere, such as into a widget on the same page: ``Link("0x15", "#pfec=0x15")``."""

    text: str
    href: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Verdict:
    """A cell that compares: what was expected, and whether it came out."""

    held: bool
    text: str = ""

    def __str__(self) -> str:
        return ("holds" if self.held else "differs") + (f": {self.text}" if self.text else "")


@dataclass(frozen=True)
class Column:
    """``of`` is a key of the row, or a function of the row; ``number`` aligns right, in monospace."""

    heading: str
    of: str | Callable[[dict[str, Any]], Any]
    number: bool = False

    def cell(self, row: dict[str, Any]) -> Any:
        """The content for one row."""
        return row[self.of] if isinstance(self.of, str) else self.of(row)


@dataclass(frozen=True)
class Measured:
    """Rows of an answer as a table with its provenance underneath. ``rows`` defaults to the whole answer.

    ``also`` are other answers that the rows draw on: each gets a provenance line.
    """

    evidence: Evidence
    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]] | None = None
    caption: str = ""
    also: Sequence[Evidence] = ()

    def _cells(self) -> list[list[Any]]:
        rows = self.evidence.data if self.rows is None else self.rows
        return [[column.cell(row) for column in self.columns] for row in rows]

    def __repr__(self) -> str:
        head = [column.heading for column in self.columns]
        body = [[str(cell) for cell in row] for row in self._cells()]
        wide = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
        lines = ["  ".join(text.ljust(w) for text, w in zip(row, wide, strict=True)).rstrip() for row in [head, *body]]
        return "\n".join([*lines, repr(self.evidence), *map(repr, self.also)])

    def _repr_html_(self) -> str:
        def cell(tag: str, i: int, content: Any) -> str:
            kind = ' class="num"' if self.columns[i].number else ""
            scope = ' scope="col"' if tag == "th" else ""
            return f"<{tag}{scope}{kind}>{_inline(content)}</{tag}>"

        head = "".join(cell("th", i, column.heading) for i, column in enumerate(self.columns))
        body = "".join("<tr>" + "".join(cell("td", i, content) for i, content in enumerate(row)) + "</tr>" for row in self._cells())
        label = html.escape(self.caption or "measured: " + ", ".join(column.heading for column in self.columns))
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        return styled(
            f'<figure class="measured"><div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
            f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            f"<figcaption>{''.join(provenance_html(e.provenance) for e in (self.evidence, *self.also))}</figcaption></figure>"
        )


def _inline(content: Any) -> str:
    if isinstance(content, Link):
        return f'<a href="{html.escape(content.href)}">{html.escape(content.text)}</a>'
    if isinstance(content, Verdict):
        kind = "confirmed" if content.held else "corrected"
        return f'<span class="vb vb-{kind}">{html.escape(str(content))}</span>'
    return html.escape(str(content))


@dataclass(frozen=True)
class Fields:
    """A layout's table: a row a field, with what brought it and the kernel's name for it."""

    layout: Any

    def __repr__(self) -> str:
        return "\n".join(f"{row['bits']:>6}  {row['name']:<6} {row['meaning']}" for row in self.layout.table())

    def _repr_html_(self) -> str:
        head = ("Bits", "Name", "Meaning", "Since", "Linux")
        keys = ("bits", "name", "meaning", "since", "linux")
        rows = "".join(
            "<tr>" + "".join(f"<td{' class=num' if key == 'bits' else ''}>{html.escape(row[key])}</td>" for key in keys) + "</tr>"
            for row in self.layout.table()
        )
        titles = "".join(f'<th scope="col"{" class=num" if i == 0 else ""}>{text}</th>' for i, text in enumerate(head))
        sources = "; ".join(str(source) for source in self.layout.sources)
        return styled(
            f'<figure class="measured fields"><div class="scroll" tabindex="0" role="region" aria-label="{html.escape(self.layout.name)}">'
            f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
            f"<figcaption>{html.escape(sources)}</figcaption></figure>"
        )
