"""The page on machines: who answered, and where they differ."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from docutils import nodes
from sphinx.application import Sphinx

from syslab.evidence import records

from ..chapters import BOOK, Chapter, written_chapters
from ..machines import Machine, compared, differences, machines
from .ledger import Generated


def _table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML; the first of a row is its header. On a phone a row is a card, like those of syslab.show.table."""
    columns = "".join(f'<th scope="col" role="columnheader">{text}</th>\n' for text in head)
    body = "".join(
        f'<tr role="row"><th scope="row" role="rowheader">{first}</th>\n'
        + "".join(f'<td role="cell" data-h="{text}">{cell}</td>\n' for text, cell in zip(head[1:], rest, strict=True))
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="cards machines"><div class="scroll" tabindex="0" role="region" aria-label="{html.escape(name)}">'
        f'<table role="table"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div></div>'
    )


def _row(machine: Machine) -> list[str]:
    first, last = machine.dates
    when = first if first == last else f"{first} to {last}"
    under = f", under {machine.hypervisor}" if machine.hypervisor else ""
    return [
        f"<code>{machine.name}</code>",
        html.escape(machine.cpu + under),
        html.escape(", ".join(machine.kernels)),
        ", ".join(f"<code>{name}</code>" for name in machine.kvm) or "none",
        f"{machine.count}",
        when,
        html.escape(", ".join(machine.lacked)) or "nothing",
    ]


class Machines(Generated):
    """Every machine that has a record here."""

    def run(self) -> list[nodes.Node]:
        """A table."""
        self.env.note_dependency(str(records.FOLDER / "records.json"))
        head = ("Machine", "CPU", "Kernel", "KVM", "Questions", "Asked", "It lacked")
        return [nodes.raw("", _table("Machines", head, [_row(m) for m in machines()]), format="html")]


class Differences(Generated):
    """Every question that two machines answered with different data."""

    def run(self) -> list[nodes.Node]:
        """How many were compared, and a table of those that differ."""
        self.env.note_dependency(str(records.FOLDER / "records.json"))
        self.env.note_dependency(str(BOOK / "differences.yml"))
        pages = {chapter.name.split("/")[-1].replace("-", "_"): chapter for chapter in written_chapters()}
        rows = []
        for found in differences():
            module = found.question.split(".")[0]
            asking = (chapter for chapter in written_chapters() if found.question in chapter.text)  # what several may ask
            page: Chapter | None = pages.get(module) or next(asking, None)
            where = self.link(page) if page else ""
            sides = " \u2260 ".join(", ".join(f"<code>{name}</code>" for name in group) for group in found.groups)
            question = re.sub(r"([._])", r"\1<wbr>", html.escape(found.question))  # where it may break
            rows.append([f"<code>{question}</code>", where, sides, html.escape(found.why)])
        several = sum(1 for _ in compared())
        text = (
            f"<p>More than one machine answered {several} questions; in {several - len(rows)} of them all gave the same data.</p>"
        )
        table = _table("Where machines differ", ("Question", "Chapter", "Who", "Why"), rows)
        return [nodes.raw("", text + table, format="html")]


def setup(app: Sphinx) -> None:
    """Register them."""
    app.add_directive("machines", Machines)
    app.add_directive("differences", Differences)
