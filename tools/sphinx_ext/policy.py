"""The Content Security Policy that stands on every page: scripts from the book's own files only, no ``eval``, no other host.

It is a ``<meta>`` because a static host sets no headers of ours. ``file:`` is there for a book that is read from disk, where
no address is 'self'; on a page that came over http a browser loads nothing from ``file:``. Styles may stand in the page:
widgets bring theirs, and Sphinx's index sets the width of its columns.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from .widgets import short


@cache
def early() -> str:
    """The one script that stands in the page itself."""
    return short(Path(__file__).with_name("early.js").read_text(encoding="utf-8"), "js")


@cache
def policy() -> str:
    """The policy, with the hash of :func:`early`."""
    known = base64.b64encode(hashlib.sha256(early().encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' file: 'sha256-{known}'",
            "style-src 'self' file: 'unsafe-inline'",
            "img-src 'self' file: data:",
            "font-src 'self' file:",
            "connect-src 'self'",
            "form-action 'self' file:",
            "base-uri 'none'",
        ]
    )
