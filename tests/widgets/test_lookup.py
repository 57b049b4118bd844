"""The Python half of the lookup: what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.widgets import Lookup


def test_it_takes_rows_and_words() -> None:
    found = Lookup("x", ["Number", "Name"], [("1", "one"), ("2", "two")], words=["uno", "due"], readers=[r"no (\d+)"], query="two")
    assert (found.rows, found.words, found.value) == ([["1", "one"], ["2", "two"]], ["uno", "due"], "two")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"rows": []}, "no rows"),
        ({"rows": [("1",)]}, "has not 2 cells"),
        ({"rows": [("1", "one")], "words": ["a", "b"]}, "2 words for 1 rows"),
        ({"rows": [("1", "one")], "readers": [r"\d+"]}, "needs one group"),
    ],
)
def test_refuses(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Lookup("x", ["Number", "Name"], **given)
