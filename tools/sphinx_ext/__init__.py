"""The book's Sphinx extension: markup, generated pages and lists, what each page loads and says of itself, search, execution before reading."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from . import (
    assets,
    build,
    cells,
    feed,
    front,
    ledger,
    loads,
    machines,
    markup,
    missing,
    onward,
    own,
    progress,
    reading,
    search,
    sharing,
    shorten,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    for module in (
        markup,
        cells,
        ledger,
        front,
        machines,
        onward,
        loads,
        progress,
        reading,
        sharing,
        feed,
        missing,
        assets,
        own,
        search,
        shorten,
        build,
    ):
        module.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
