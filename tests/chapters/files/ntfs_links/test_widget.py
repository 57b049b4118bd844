"""The Python half of the encoder: states, what they stand for, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from syslab.chapters.files.ntfs_links.model import BadReparse, encode
from syslab.chapters.files.ntfs_links.widget import ReparseBuffer, state


def test_states() -> None:
    widget = ReparseBuffer("r", {"junction": state("junction", "C:\\target"), "bytes": "bytes:" + encode("relative", "t").hex()})
    assert widget.value == "junction:C:\\target"
    assert widget.buffer == encode("junction", "C:\\target")
    widget.value = "bytes:" + encode("relative", "t").hex(" ")
    assert widget.buffer == encode("relative", "t")
    widget.value = "bytes:00"
    with pytest.raises(BadReparse, match="ends after 1 bytes"):
        _ = widget.buffer


@pytest.mark.parametrize("bad", ["", "junction", "junction:", "junction:..\\t", "hard:x", "bytes:xy", "bytes:00"])
def test_refuses_presets_that_are_no_state(bad: str) -> None:
    with pytest.raises(ValueError, match="is no state"):
        ReparseBuffer("r", {"bad": bad})


def test_refuses_none() -> None:
    with pytest.raises(ValueError, match="at least one preset"):
        ReparseBuffer("r", {})


def test_no_tag_or_field_is_named_in_the_script() -> None:
    script = (Path(__file__).parents[4] / "syslab" / "chapters" / "files" / "ntfs_links" / "widget.js").read_text(encoding="utf-8")
    assert not any(word in script for word in ("a0000003", "A0000003", "SubstituteName", "PrintName", "junction", "symlink"))
