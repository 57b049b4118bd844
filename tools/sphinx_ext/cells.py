"""Cells that only show something (tag ``hide-input``): the answer first, the cell's code folded under it, as "How it was asked" is."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

TITLE = "The cell that shows it"


class AnswerFirst(SphinxPostTransform):
    """Before MyST-NB's own fold, which would put the code above."""

    default_priority = 198
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Turn each such cell around."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") != "cell_code" or cell.get("hide_mode") != "input" or len(cell.children) < 2:
                continue
            code, *answer = cell.children
            opened = nodes.raw("", f'<details class="asked"><summary>{TITLE}</summary>', format="html")
            cell.children = [*answer, opened, code, nodes.raw("", "</details>", format="html")]
            del cell["hide_mode"]


def older_link(app: Sphinx, doctree: nodes.document) -> None:
    """``#explore`` was the widget's section until it moved up into In short; links to it still lead there."""
    for section in doctree.findall(nodes.section):
        if section["ids"] == ["in-short"]:
            section["ids"].append("explore")


def heard(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """MyST-NB calls all of its folds "Toggle hidden content", and a screen reader would hear that instead of what each one says."""
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")


def setup(app: Sphinx) -> None:
    """Register."""
    app.connect("html-page-context", heard)
    app.add_post_transform(AnswerFirst)
    app.connect("doctree-read", older_link)
