"""The Python half of the struct widget: what it starts with, and what it refuses."""

from __future__ import annotations

import pytest

from syslab.chapters.files.bool_size.model import TYPES
from syslab.chapters.files.bool_size.widget import StructLayout


def test_it_starts_with_the_first_preset() -> None:
    widget = StructLayout("struct", {"padded": "bool,int", "bits": "bool:1,bool:1"})
    assert widget.value == "bool,int"
    assert widget.struct.size == 8
    widget.value = "packed,bool,int"
    assert widget.struct.size == 5


def test_the_types_come_from_python() -> None:
    widget = StructLayout("struct", {"one": "bool"})
    assert [kind["name"] for kind in widget.types] == list(TYPES)
    assert widget.room == {"members": 24, "elements": 16, "bytes": 128, "packed": "packed"}


@pytest.mark.parametrize("bad", ["", "bool:2", "float", "double[16],bool"])
def test_refuses_what_is_no_struct(bad: str) -> None:
    with pytest.raises(ValueError, match="StructLayout: preset 'bad': "):
        StructLayout("struct", {"good": "bool", "bad": bad})
    with pytest.raises(ValueError, match="at least one preset"):
        StructLayout("struct", {})
