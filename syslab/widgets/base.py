"""How a widget is put together: its own .js and .css behind the shared ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def script(name: str) -> str:
    """The ES module of widget ``name``: common.js, then its own file. Nothing is imported from elsewhere."""
    return _both(name, "js")


@cache
def style(name: str) -> str:
    """The widget's style sheet, shared part first."""
    return _both(name, "css")


def _both(name: str, kind: str) -> str:
    own = Path(name).with_suffix(f".{kind}") if name.endswith(".py") else FOLDER / f"{name}.{kind}"
    parts = [FOLDER / f"common.{kind}", own]
    return "\n".join(part.read_text(encoding="utf-8") for part in parts)
