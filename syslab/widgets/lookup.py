"""Lookup: a long table with a search field: a number, a word, or a log line that has one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import traitlets

from .base import Widget, script, style

FIRST = 5  # rows that its words have


class Lookup(Widget):
    """``rows``: as many texts as ``columns``; ``words``: more words a row, found but not shown.

    A query that is a number, in any base, finds rows that have a cell of that value; other queries find rows that have all
    their words. ``readers`` are patterns of log lines whose group 1 is taken as the query; a row whose cell or word is that query
    to the letter is then the only one. ``refusals`` are patterns of lines about something else, and what to say of them; a
    refusal wins. Of several ``words`` of a row a comma and a space are between two. ``anchor`` is its name in links: ``#exit=48``. ``query`` is shown first; "" shows all rows.
    """

    becomes = "the whole table, with a field that finds rows"
    _esm = script("lookup")
    _css = style("lookup")
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    words: traitlets.List[Any] = traitlets.List().tag(sync=True)
    readers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    refusals: traitlets.List[Any] = traitlets.List().tag(sync=True)
    prompt = traitlets.Unicode("Find").tag(sync=True)
    anchor = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        anchor: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        words: Sequence[str] = (),
        readers: Sequence[str] = (),
        prompt: str = "Find",
        query: str = "",
        refusals: Sequence[tuple[str, str]] = (),
    ) -> None:
        """ValueError for a row of another length, ``words`` that are not one a row, a reader without exactly one group."""
        if not rows:
            raise ValueError(f"lookup {anchor}: it has no rows")
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(f"lookup {anchor}: row {list(row)} has not {len(columns)} cells")
        if words and len(words) != len(rows):
            raise ValueError(f"lookup {anchor}: {len(words)} words for {len(rows)} rows")
        for pattern in readers:
            if re.compile(pattern).groups != 1:
                raise ValueError(f"lookup {anchor}: pattern {pattern!r} needs one group")
        super().__init__(
            anchor=anchor, columns=list(columns), rows=[list(r) for r in rows], words=list(words), readers=list(readers),
            prompt=prompt, value=query, refusals=[list(r) for r in refusals],
        )  # fmt: skip

    def in_words(self) -> str:
        """The head of the table and its first rows."""
        some = [" · ".join(row) for row in self.rows[:FIRST]]
        return "\n".join([f"{len(self.rows)} rows of {', '.join(self.columns)}. The first:", *some])
