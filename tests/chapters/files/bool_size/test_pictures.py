"""Pictures of the chapter on the size of bool, from the records."""

from __future__ import annotations

from typing import Any

from syslab.chapters.files.bool_size import ask as experiment
from syslab.chapters.files.bool_size import pictures
from syslab.chapters.files.bool_size.model import lay_out
from syslab.evidence import Answer, Experiment, recorded


def answer(question: Experiment[Any]) -> Answer[Any]:
    return Answer(question, [recorded(question)])


def test_the_bits_drawn_are_those_the_compiler_gave_each_member() -> None:
    for row in recorded(experiment.structs).data:
        struct, owner = lay_out(row["declaration"]), pictures.owners(row)
        assert len(owner) == 8 * row["size"]
        assert owner.count("") == struct.padding, row["title"]
        for placed in struct.members:
            assert {*owner[placed.at : placed.at + placed.member.bits]} <= {placed.name}


def test_a_struct_in_the_picture_opens_in_the_widget() -> None:
    body = pictures.layouts(answer(experiment.structs))._repr_html_()
    assert body.count('href="#struct=bool,int,bool"') == 3, "two layouts and the numbers"
    assert "bools around an int, 12 bytes, aligned to 4; 6 bytes of padding" in body


def test_the_lost_write_uses_the_compiled_load_and_store() -> None:
    picture = pictures.lost(answer(experiment.code))
    assert "movzx esi, BYTE [rdi]" in picture.alt
    assert "mov BYTE [rdi], sil" in picture._repr_html_()
    assert "stores 00001000" in picture.alt


def test_each_offset_is_at_the_byte_that_changed() -> None:
    rows = recorded(experiment.bits).data
    labels = dict(pictures._labels(rows))
    assert labels[12] == "100" and labels[-1] == "-1, -8"
    assert sum(len(words.split(", ")) for words in labels.values()) == len(rows) - 2
    assert "bts rax, rsi with offset 100: bit 36 of the register" in pictures.bit_string(answer(experiment.bits)).alt
