"""The Python half of the link graph."""

from __future__ import annotations

import pytest
import traitlets

from syslab.chapters.files.links.model import LONGEST, PATHS, TARGETS, token
from syslab.chapters.files.links.widget import LinkGraph

STORY = {"Two names": "create-a.link-a-b", "Empty": ""}


def test_state_of_the_value() -> None:
    graph = LinkGraph("links", STORY)
    assert graph.value == "create-a.link-a-b"
    assert graph.state["names"] == [["a", 1, "file", 2, "", "text 1"], ["b", 1, "file", 2, "", "text 1"]]
    graph.value = ""
    assert graph.state == {"names": [], "files": []}


def test_operands_are_told_apart_in_links() -> None:
    assert len({token(path) for path in TARGETS}) == len(TARGETS) == len(PATHS) + 1


@pytest.mark.parametrize("bad", ["chmod-a", "link-a", "create-e", "create-a.", ".", ".".join(["create-a"] * (LONGEST + 1))])
def test_refuses_what_is_no_sequence(bad: str) -> None:
    graph = LinkGraph("links", STORY)
    with pytest.raises(traitlets.TraitError, match="link graph links"):
        graph.value = bad
    with pytest.raises(ValueError):
        LinkGraph("links", {"Bad": bad})


def test_needs_a_story() -> None:
    with pytest.raises(ValueError, match="at least one story"):
        LinkGraph("links", {})
