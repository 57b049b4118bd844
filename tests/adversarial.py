"""Texts that a pattern takes long over, if it takes long over anything: made from the pattern itself.

A search is slow where it begins again and again, or where two repeats can share the same characters in many ways. So: each
beginning of a match, over and over; and each beginning followed by very many of one character that may come next.

    python -m tests.adversarial

searches them with all of the book's patterns, and names those that are not done within :data:`SECONDS`.
"""

from __future__ import annotations

import os
import re
import re._parser as parser  # type: ignore[import-not-found]
import resource
from collections.abc import Iterator
from typing import Any

from syslab.bits import anchors, get
from syslab.bits.reading import LONGEST, PLAIN
from syslab.chapters.files.ioctl import show as ioctl
from syslab.chapters.kvm.vm_exits import show as vm_exits

_CHARACTERS = " \t\n039afxzAFZ_<>()[]=:,.;-/*\"'$?"
SECONDS = 10  # of CPU for a pattern, which needs a tenth of one; one that squares its work needs minutes
_OFTEN = 50  # a repeat with at least that many rounds counts as one without end


def patterns() -> list[str]:
    """Every pattern that text somebody pasted is searched with, by Python or on a page."""
    found = [reader.pattern for anchor in anchors() for reader in get(anchor).readers]
    lines = [ioctl.STRACE, *vm_exits.READERS, *(pattern for pattern, _ in (ioctl.UNKNOWN, *vm_exits.REFUSALS))]
    return list(dict.fromkeys([*found, *(reader.pattern for reader in PLAIN), *lines]))


def _fits(item: Any) -> str:
    """The characters that one item of a parsed pattern matches."""
    return "".join(c for c in _CHARACTERS if re.fullmatch(_written(item), c, re.ASCII | re.IGNORECASE | re.DOTALL))


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def _written(item: Any) -> str:
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return re.escape(chr(value))
    if kind == "NOT_LITERAL":
        return f"[^{re.escape(chr(value))}]"
    if kind == "ANY":
        return "."
    assert kind == "IN", f"no single character: {item}"
    inside = ""
    for part, of in value:
        inside += {
            "NEGATE": lambda of: "^",
            "LITERAL": lambda of: re.escape(chr(of)),
            "RANGE": lambda of: f"{re.escape(chr(of[0]))}-{re.escape(chr(of[1]))}",
            "CATEGORY": lambda of: _CATEGORIES[str(of)],
        }[str(part)](of)
    return f"[{inside}]"


def _walk(items: Any, before: str, cuts: dict[str, str]) -> str:
    """An example of what ``items`` match; every beginning of it goes into ``cuts``, with what can come there without end."""
    example = ""
    for item in items:
        kind, value = str(item[0]), item[1]
        if kind == "SUBPATTERN":
            example += _walk(value[3], before + example, cuts)
        elif kind == "BRANCH":
            ways = [_walk(way, before + example, cuts) for way in value[1]]
            example += ways[0]
        elif kind.endswith("_REPEAT"):
            least, most, inner = value
            once = _walk(inner, before + example, cuts)
            if most == 1 and once:
                example += once  # what may be there, is
            elif int(most) >= _OFTEN and len(inner) == 1 and str(inner[0][0]) != "SUBPATTERN":
                cuts[before + example] = cuts.get(before + example, "") + _fits(inner[0])
                example += once * max(least, 1)
            else:
                example += once * least
        elif kind != "AT":
            example += _fits(item)[0] if kind != "LITERAL" else chr(value)
        cuts.setdefault(before + example, "")
    return example


def recipes(pattern: str) -> Iterator[tuple[str, str]]:
    """A beginning, and what follows it over and over. No hard text ends as a match does."""
    cuts: dict[str, str] = {}
    _walk(parser.parse(pattern, re.IGNORECASE | re.ASCII), "", cuts)
    for beginning, rest in cuts.items():
        if beginning:
            yield "", beginning
        for character in dict.fromkeys(rest):
            yield beginning, character
            yield "", beginning + character


def texts(pattern: str, length: int = 2 * LONGEST) -> Iterator[str]:
    """Hard ones for ``pattern``, of ``length`` characters."""
    for beginning, unit in recipes(pattern):
        yield (beginning + unit * length)[: length - 1] + "!"


def main() -> None:
    """Search, each pattern in a process that has its CPU time limited."""
    for pattern in patterns():
        pid = os.fork()
        if pid == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            for text in texts(pattern):
                re.search(pattern, text, re.IGNORECASE | re.ASCII)
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            print(pattern, flush=True)


if __name__ == "__main__":
    main()
