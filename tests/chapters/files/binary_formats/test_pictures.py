"""The picture of both files: blocks are where the headers say, in the file, and beside each other."""

from __future__ import annotations

from syslab.chapters.files.binary_formats import ask as experiment
from syslab.chapters.files.binary_formats import pictures
from syslab.chapters.files.binary_formats.parsers import FILES
from syslab.evidence import Answer, recorded

LIBRARIES, POKE, FQ = (Answer(q, [recorded(q)]) for q in (experiment.libraries, experiment.poke, experiment.fq))


def test_blocks_lie_in_the_file_one_after_the_other() -> None:
    for kind, some in pictures.blocks(LIBRARIES).items():
        end = 0
        for block in some:
            assert block.inside or block.start >= end, block
            end = max(end, block.start + block.size)
        assert end == FILES[kind].stat().st_size


def test_offsets_are_what_was_read() -> None:
    found = {kind: {block.title: block for block in some} for kind, some in pictures.blocks(LIBRARIES).items()}
    assert found["elf"]["PT_NOTE, r--"][1:3] == (0x1D09, 20)
    assert found["elf"]["PT_NOTE, r--"].inside
    assert found["elf"]["8 section headers"].start == 0xB040
    assert found["efi"]["PE header"].start == 0x80
    assert found["efi"]["2 section headers"].start == 0x98 + found["efi"]["optional header"].size
    assert FILES["efi"].read_bytes()[found["efi"]["PE header"].start :][:4] == b"PE\0\0"


def test_the_picture_says_what_points_where() -> None:
    alt = pictures.layout(LIBRARIES, POKE, FQ).alt
    assert "3 program headers at 0x40, 168 bytes, found by e_phoff in the ELF header" in alt
    assert ".text at 0x400, 512 bytes, found by pointer_to_raw_data in the 2 section headers" in alt
