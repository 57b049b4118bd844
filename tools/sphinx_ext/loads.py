"""What only some pages load, beside what all do: a directive on the page asks for it."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

EXTRA = {"front": ("css", "js"), "ledger": ("css",), "remembered": ("css", "js"), "search": ("css",)}
LOADS = "rsn_loads"  # of a page's metadata: names of EXTRA


def load(directive: SphinxDirective, name: str) -> None:
    """The page of this directive loads the files of ``name`` in EXTRA."""
    meta: dict[str, Any] = directive.env.metadata[directive.env.docname]
    meta[LOADS] = " ".join(dict.fromkeys([*meta.get(LOADS, "").split(), name]))


def extra(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """What this page alone loads."""
    for name in ((context.get("meta") or {}).get(LOADS) or "").split():
        for kind in EXTRA[name]:
            if kind == "css":
                app.add_css_file(f"rsn/{name}.css", priority=901)
            else:
                app.add_js_file(f"rsn/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register it."""
    app.connect("html-page-context", extra, priority=400)
