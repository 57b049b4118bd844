"""The room's HTML: a template beside each module, every value escaped unless it is markup of our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # text needs no Jinja2

    folder = Path(__file__).parent
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=False)


def filled(template: str, **values: Any) -> str:
    """``template``, a file of this folder, with ``values`` in it."""
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(**values))
