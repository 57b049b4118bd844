"""Text to words, the same in Python and in book/_assets/rsn/search.js: what is indexed here is looked up there."""

from __future__ import annotations

import re

ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|ies|es|(?<!s)s|e|y)$")
_STOP = """
    a about an and any are as at be by can do does for from has have how if in into is it its not of on or out so than that the
    their then there these they this to was what when where which who why will with you your
"""
STOP = frozenset(_STOP.split())
LONGEST = 32


def tokens(text: str) -> list[str]:
    """The words of ``text`` as they stand, in small letters: ``#PF: error_code(0x2)`` has pf, error_code and 0x2."""
    return re.findall(r"\w+", text.lower())


def stem(token: str) -> str:
    """``token`` without its ending, so that page, pages and paging are one word; identifiers and numbers stay as they are."""
    return ENDING.sub("", token) if token.isalpha() and token.isascii() else token


def indexed(text: str) -> set[str]:
    """The words by which ``text`` is found: its tokens, and the parts of its identifiers."""
    found: set[str] = set()
    for token in tokens(text):
        found |= {token, *(part for part in token.split("_") if not part.isdigit())} if "_" in token else {token}
    return {stem(word) for word in found if 1 < len(word) <= LONGEST and word not in STOP}


def phrase(text: str) -> str:
    """``text`` as keywords and names of bits are compared: its tokens in order, numbers without their 0x."""
    return " ".join(re.sub(r"^0x0*(?=\w)", "", token) for token in tokens(text))
