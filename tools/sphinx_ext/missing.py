"""``404.html``, which a host shows for every address that has no page, at any depth: all its links are absolute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx

NAME = "404"
RELATIVE = re.compile(r'(\b(?:href|src|action|data-content_root)=")(?:\./)?(?![a-z]+:|[/#])')


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page; book/_templates/404.html has its text."""
    yield NAME, {"title": "No page at this address"}, f"{NAME}.html"


def absolute(page: str, base: str) -> str:
    """``page`` with every relative address made absolute on the host of ``base``."""
    return RELATIVE.sub(lambda found: found[1] + urlsplit(base).path, page)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Make its links absolute; what is absolute already stays."""
    path = Path(app.outdir) / f"{NAME}.html"
    if not error and path.is_file():
        text = path.read_text(encoding="utf-8")
        path.write_text(absolute(text, app.config.html_baseurl), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register it."""
    app.connect("html-collect-pages", pages)
    app.connect("build-finished", finish, priority=700)
