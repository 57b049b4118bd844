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
    text = provenance.line().removeprefix(provenance.how)
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
        return ("as predicted" if self.held else "not as predicted") + (f": {self.text}" if self.text else "")


Column = tuple[str, str] | tuple[str, str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Measured:
    """Rows of an answer as a table with its provenance underneath.

    ``columns`` are (key, heading) or (heading, number marker "#" kept in the heading, function of the row).
    A heading that starts with ``#`` is a column of numbers: right-aligned, monospaced.
    """

    evidence: Evidence
    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]] | None = None
    caption: str = ""

    def _cells(self) -> list[list[Any]]:
        rows = self.evidence.data if self.rows is None else self.rows
        return [[column[2](row) if len(column) == 3 else row[column[0]] for column in self.columns] for row in rows]

    def __repr__(self) -> str:
        head = [column[1].lstrip("#") for column in self.columns]
        body = [[str(cell) for cell in row] for row in self._cells()]
        wide = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
        lines = ["  ".join(text.ljust(w) for text, w in zip(row, wide, strict=True)).rstrip() for row in [head, *body]]
        return "\n".join([*lines, repr(self.evidence)])

    def _repr_html_(self) -> str:
        numeric = [column[1].startswith("#") for column in self.columns]

        def cell(tag: str, i: int, content: Any) -> str:
            kind = ' class="num"' if numeric[i] else ""
            scope = ' scope="col"' if tag == "th" else ""
            return f"<{tag}{scope}{kind}>{_inline(content)}</{tag}>"

        head = "".join(cell("th", i, column[1].lstrip("#")) for i, column in enumerate(self.columns))
        body = "".join(
            "<tr>" + "".join(cell("td", i, content) for i, content in enumerate(row)) + "</tr>" for row in self._cells()
        )
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        return styled(
            f'<figure class="measured"><div class="scroll" tabindex="0" role="region" aria-label="measured table"><table>'
            f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
            f"<figcaption>{provenance_html(self.evidence.provenance)}</figcaption></figure>"
        )


def _inline(content: Any) -> str:
    if isinstance(content, Link):
        return f'<a href="{html.escape(content.href)}">{html.escape(content.text)}</a>'
    if isinstance(content, Verdict):
        kind = "confirmed" if content.held else "corrected"
        return f'<span class="vb vb-{kind}">{html.escape(str(content))}</span>'
    return html.escape(str(content))
