"""The book's Sphinx extension: markup, launch links, the ledger, the machines, what each page loads, the search, and execution before reading."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from . import assets, build, ledger, machines, markup, search


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    for module in (markup, ledger, machines, assets, search, build):
        module.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
