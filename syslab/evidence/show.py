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
RUN_FAILED = 'data-run="failed"'  # on a record's line that stands in for a run that failed


def styled(body: str) -> str:
    """``body`` with the notebook style in front, unless the page it goes to has the book's style sheet."""
    if os.environ.get(HOSTED):
        return body
    return f"<style>{Path(__file__).with_name('notebook.css').read_text(encoding='utf-8')}</style>{body}"


def provenance_html(provenance: Provenance) -> str:
    """The line that says which machine answered."""
    text = " " + provenance.line().removeprefix(f"{provenance.how} · ")
    failed = f" {RUN_FAILED}" if provenance.failed else ""
    return f'<p class="provenance"{failed}><span class="vb vb-{provenance.how}">{provenance.how}</span>{html.escape(text)}</p>'


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
        body = [[str(cell) for cell in row] for row in self._cells()]
        lines = _text([column.heading for column in self.columns], body)
        return "\n".join([*lines, repr(self.evidence), *map(repr, self.also)])

    def _repr_html_(self) -> str:
        return _figure(self.columns, [("", cells) for cells in self._cells()], self.caption, (self.evidence, *self.also))


@dataclass(frozen=True)
class SideBySide:
    """Rows of several answers, aligned by what the ``keys`` columns show; the ``values`` columns once a witness.

    Where witnesses differ the row is marked "differs", and "only kvm-pvm" where the others have no such row. Rows keep
    the first answer's order; those of later answers follow. Rows with equal keys are aligned one by one.
    """

    answers: Sequence[Evidence]
    keys: Sequence[Column]
    values: Sequence[Column]
    caption: str = ""

    def _witnesses(self) -> list[str]:
        names = [answer.provenance.witness for answer in self.answers]
        return [name if names.count(name) == 1 else f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)]

    def _aligned(self) -> list[tuple[list[Any], list[list[Any] | None]]]:
        """Key cells, and for each answer its value cells (None: it has no such row)."""
        found: dict[tuple[Any, ...], tuple[list[Any], list[list[Any] | None]]] = {}
        for place, answer in enumerate(self.answers):
            seen: dict[tuple[str, ...], int] = {}
            for row in answer.data:
                cells = [column.cell(row) for column in self.keys]
                key = tuple(map(str, cells))
                seen[key] = seen.get(key, 0) + 1
                entry = found.setdefault((*key, seen[key]), (cells, [None] * len(self.answers)))
                entry[1][place] = [column.cell(row) for column in self.values]
        return list(found.values())

    def _mark(self, answers: list[list[Any] | None]) -> str:
        there = [i for i, cells in enumerate(answers) if cells is not None]
        if len(there) < len(answers):
            return "only " + ", ".join(self._witnesses()[i] for i in there)
        return "differs" if len({tuple(map(str, cells or ())) for cells in answers}) > 1 else ""

    def _columns(self) -> list[Column]:
        columns = [*self.keys]
        for witness in self._witnesses():
            for column in self.values:
                heading = f"{column.heading} · {witness}" if len(self.values) > 1 or len(self.answers) == 1 else witness
                columns.append(Column(heading, "", column.number))
        return columns + ([Column("Witnesses", "")] if len(self.answers) > 1 else [])

    def _rows(self) -> list[tuple[str, list[Any]]]:
        """Mark and cells of each row, the mark's own cell included."""
        rows = []
        for key, answers in self._aligned():
            mark = self._mark(answers)
            cells = [
                *key,
                *(cell for some in answers for cell in (some if some is not None else ["no such row"] * len(self.values))),
            ]
            if len(self.answers) > 1:
                cells.append(Verdict(False) if mark == "differs" else mark or "agree")
            rows.append((mark, cells))
        return rows

    @property
    def differing(self) -> int:
        """How many rows are marked."""
        return sum(bool(mark) for mark, _ in self._rows())

    def __repr__(self) -> str:
        rows = [[str(cell) for cell in cells] for _, cells in self._rows()]
        return "\n".join([*_text([column.heading for column in self._columns()], rows), *map(repr, self.answers)])

    def _repr_html_(self) -> str:
        rows = [("differs" if mark else "", cells) for mark, cells in self._rows()]
        return _figure(self._columns(), rows, self.caption, self.answers)


def together(answers: Sequence[Evidence], keys: Sequence[Column], values: Sequence[Column], title: str) -> Measured | SideBySide:
    """One table for all answers where they are equal, else one beside the other."""
    first, *rest = answers
    if all(answer.data == first.data for answer in rest):
        names = " and ".join(answer.provenance.witness for answer in answers)
        return Measured(first, [*keys, *values], also=rest, caption=f"{title}: the same from {names}" if rest else title)
    return SideBySide(answers, keys, values, caption=title)


def _text(head: list[str], body: list[list[str]]) -> list[str]:
    """Lines of a table."""
    wide = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    return ["  ".join(text.ljust(w) for text, w in zip(row, wide, strict=True)).rstrip() for row in [head, *body]]


def _figure(columns: Sequence[Column], rows: Sequence[tuple[str, list[Any]]], caption: str, answers: Sequence[Evidence]) -> str:
    """A table that scrolls by itself, its caption, and a provenance line an answer; each row with its class."""

    def cell(tag: str, column: Column, content: Any) -> str:
        kind = ' class="num"' if column.number else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{kind}>{_inline(content)}</{tag}>\n"  # a line each: the search drops the tags and reads words

    head = "".join(cell("th", column, column.heading) for column in columns)
    body = ""
    for kind, cells in rows:
        inner = "".join(cell("td", column, content) for column, content in zip(columns, cells, strict=True))
        body += f'<tr class="{kind}">{inner}</tr>' if kind else f"<tr>{inner}</tr>"
    label = html.escape(caption or "measured: " + ", ".join(column.heading for column in columns))
    title = f"<caption>{html.escape(caption)}</caption>\n" if caption else ""
    return styled(
        f'<figure class="measured"><div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<figcaption>{''.join(provenance_html(answer.provenance) for answer in answers)}</figcaption></figure>"
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
            "<tr>" + "".join(f"<td{' class=num' if key == 'bits' else ''}>{html.escape(row[key])}</td>\n" for key in keys) + "</tr>"
            for row in self.layout.table()
        )
        titles = "".join(f'<th scope="col"{" class=num" if i == 0 else ""}>{text}</th>\n' for i, text in enumerate(head))
        sources = "; ".join(str(source) for source in self.layout.sources)
        return styled(
            f'<figure class="measured fields"><div class="scroll" tabindex="0" role="region" aria-label="{html.escape(self.layout.name)}">'
            f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
            f"<figcaption>{html.escape(sources)}</figcaption></figure>"
        )
