"""The line that says which machine answered, as HTML."""

from __future__ import annotations

import html
import os
from pathlib import Path

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
