"""What a function of this package was given: the right type in the right range, or an error that says what is expected."""

from __future__ import annotations

from typing import Any


def _of(kind: type, called: str, value: Any, what: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{what} is {called}, not {type(value).__name__} {value!r:.60}")
    return value


def text(value: str, what: str) -> str:
    """``value`` if it is text; else TypeError."""
    found: str = _of(str, "text", value, what)
    return found


def raw(value: bytes, what: str) -> bytes:
    """``value`` if it is bytes; else TypeError."""
    found: bytes = _of(bytes, "bytes", value, what)
    return found


def number(value: int, what: str, low: int, high: int) -> int:
    """``value`` if it is an int from ``low`` to ``high``; else TypeError or ValueError."""
    found: int = _of(int, "an int", value, what)
    if not low <= found <= high:
        raise ValueError(f"{what} is {low} to {high}, not {found}")
    return found


def one_of(value: Any, known: Any, what: str) -> Any:
    """``value`` if it is in ``known``; else ValueError that lists them."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{what} {value!r:.60} is none of {', '.join(known)}")
    return value
