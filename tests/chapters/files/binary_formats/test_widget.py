"""HexTree in Python: edits, refusals, and what it hands to the page."""

from __future__ import annotations

import pytest

from syslab.bits.elf64 import elf64
from syslab.chapters.files.binary_formats import show as view
from syslab.chapters.files.binary_formats.parsers import FILES
from syslab.chapters.files.binary_formats.widget import MOST_BYTES, HexTree, Sample, parse

HEAD = Sample("head", elf64(), FILES["elf"].read_bytes()[:232])


def test_edits_make_the_bytes() -> None:
    tree = HexTree({"elf": HEAD}, "elf.10-03.0-7e")
    assert tree.data[0x10] == 3 and tree.data[0] == 0x7E
    assert tree.tree.problem.startswith("ehdr.ei_mag at 0x0")
    assert tree.samples[0]["data"] == HEAD.data.hex()


@pytest.mark.parametrize(
    "bad", ["", "nope", "elf.", "elf.10", "elf.10-3", "elf.10-333", "elf.e8-00", "elf.-1-00", "elf.10-ZZ", "elf.10-03 "]
)
def test_malformed_values(bad: str) -> None:
    with pytest.raises(ValueError, match=r"is none of|is not an offset|is outside"):
        parse(bad, {"elf": HEAD})


def test_samples_are_checked() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HexTree({})
    with pytest.raises(ValueError, match="lower-case"):
        HexTree({"E": HEAD})
    for data in (b"", bytes(MOST_BYTES + 1)):
        with pytest.raises(ValueError, match="can be shown"):
            HexTree({"elf": Sample("x", elf64(), data)})


def test_meanings_travel_as_layouts() -> None:
    [elf, efi] = view.hex_tree().samples
    assert elf["format"]["layouts"]["elf-type"]["fields"][0]["values"]["2"].startswith("ET_EXEC")
    assert efi["format"]["layouts"]["pe-subsystem"]["fields"][0]["values"]["10"] == "EFI application"
