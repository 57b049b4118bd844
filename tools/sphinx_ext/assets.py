"""What a page loads: the book's one style sheet and script instead of the themes' and extensions' many.

Rechecked by tests/pages/test_weight.py whenever a theme is upgraded: no page may load what this takes out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from .markup import describe
from .policy import early, policy
from .widgets import finish, shrink_script, write

# replaced by rsn.css and rsn.js
STYLES = re.compile(r"(pygments|sphinx-book-theme|togglebutton|copybutton|mystnb\.[0-9a-f]+|sphinx-design\.min|sphinx-thebe)\.css")
SCRIPTS = re.compile(
    r"(clipboard\.min|copybutton|togglebutton|design-tabs|sphinx-thebe|sphinx-book-theme|fontawesome"
    r"|doctools|sphinx_highlight|documentation_options)\.js"
)
INLINE = re.compile(
    r"toggleHint|toggleOpenOnPrint|togglebuttonSelector|THEBE|selector_to_html|commentsRunWhenDOMLoaded"
    r"|DOCUMENTATION_OPTIONS\.(pagename|search_as_you_type)"  # for a version menu and a search box that the book has not
)
LOADER = "rsn/loader.js"
LAB = "http://localhost:8888/lab/tree/"  # where `make lab` listens; its root is the reader's copy, work/


def lean(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Take out what the book replaces; add the description."""

    def filename(entry: Any) -> str:
        return str(getattr(entry, "filename", entry) or "")

    def keep(entry: Any) -> bool:
        body = (getattr(entry, "attributes", None) or {}).get("body") or ""
        return not SCRIPTS.search(filename(entry)) and not INLINE.search(body)

    context["css_files"] = [f for f in context["css_files"] if not STYLES.search(filename(f))]
    context["script_files"] = [f for f in context["script_files"] if keep(f)]
    context["rsn_scripts"] = []
    for state in filter(None, map(shrink_script, context["script_files"])):
        context["rsn_scripts"] = [*write(Path(app.outdir) / "_static", state.scripts), LOADER]
        context["body"] = state.place(context["body"])
    context["rsn_policy"], context["rsn_early"] = policy(), early()
    description = describe(doctree)
    if description and 'name="description"' not in context.get("metatags", ""):
        context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{description}" />'


def links(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """The "Run or edit" menu, flat; running leads to the generated notebook, not to the Markdown source."""
    flat: list[dict[str, Any]] = []
    if doctree is not None:
        for button in context.get("header_buttons", []):
            group = button.get("buttons") if button.get("type") == "group" else [button]
            flat += [dict(entry) for entry in group or [] if entry.get("url")]
    notebook = f"notebooks/{pagename}.ipynb"
    runs = any("mybinder" in entry["url"] for entry in flat)
    for entry in flat:
        entry["run"] = "mybinder" in entry["url"]
        if entry["run"]:
            entry["url"] = re.sub(r"book(/|%2F)" + re.escape(pagename) + r"\.md", notebook, entry["url"])
            entry["label"] = "Run on Binder"
        else:
            entry["label"] = str(entry.get("text") or entry.get("tooltip") or "")
    flat = [e for e in flat if e["label"] not in ("", "Download source file", "Print to PDF", ".ipynb", ".pdf", ".md")]
    if runs:
        local = {"url": f"{LAB}{pagename}.ipynb", "label": "Open in JupyterLab (make lab)", "run": True}
        flat.insert(1, local)
    context["rsn_links"] = flat


def setup(app: Sphinx) -> None:
    """Register files and hooks; after the themes' own hooks, whose work this undoes."""
    app.add_css_file("rsn/rsn.css", priority=900)
    app.add_js_file("rsn/rsn.js", loading_method="defer")
    app.connect("html-page-context", lean, priority=950)
    app.connect("html-page-context", links, priority=951)
    app.connect("build-finished", finish)
