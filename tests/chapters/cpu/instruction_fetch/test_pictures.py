"""The picture of the starts has every start that was measured."""

from __future__ import annotations

from syslab.chapters.cpu import instruction_fetch
from syslab.chapters.cpu.instruction_fetch import pictures
from syslab.evidence import Answer, recorded


def test_every_start_is_in_it() -> None:
    answer = Answer(instruction_fetch.modes, [recorded(instruction_fetch.modes)])
    picture = pictures.starts(answer)
    for row in answer.data:
        assert f"base {row['base']:#x}: {row['fetched']:#x}" in picture.alt
    assert (
        picture.draw(800).parts("x")[2].count("<circle")
        == picture.draw(320).parts("x")[2].count("<circle")
        == len(answer.data)
        == 9
    )
