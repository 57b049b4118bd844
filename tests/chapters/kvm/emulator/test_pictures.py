"""The pictures of the chapter on the emulator show what was traced and counted."""

from __future__ import annotations

import re

import pytest

from syslab.chapters.kvm import emulator
from syslab.chapters.kvm.emulator import pictures, show
from syslab.chapters.kvm.emulator.cases import PLAIN, RIP_CASES
from syslab.chapters.kvm.emulator.model import COMMON, DOWN, UP, VENDOR
from syslab.evidence import Answer, Evidence, Experiment, recorded
from syslab.show.picture import Picture

CALLS: Answer = Answer(emulator.calls, [recorded(emulator.calls)])


def each(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in ("kvm-pvm", "kvm-svm-tcg")]


def words(picture: Picture, layout: int = 0) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", str(picture.layouts()[layout].body))


@pytest.mark.parametrize("instruction", ["mmio-store", "cpuid", "mov-cr0"])
def test_a_ladder_has_every_call_in_order(instruction: str) -> None:
    made = pictures.calls(CALLS, instruction)
    own = [call for call in made if call.lane != pictures.USER_SPACE]
    assert [call.name for call in own] == [
        show.called_as(*one) for one in show.folded(show.found(CALLS, instruction, PLAIN)["calls"])
    ]
    for layout in (0, 1):
        drawn = words(pictures.ladder("x", CALLS, instruction, "A title"), layout)
        assert [word for word in drawn if word in {call.name for call in made}] == [call.name for call in made]
    assert all((call.table == DOWN) <= (call.lane == VENDOR) and (call.table == UP) <= (call.lane == COMMON) for call in made)


def test_user_space_has_its_turn_before_an_access_is_completed() -> None:
    lanes = [call.lane for call in pictures.calls(CALLS, "mmio-store")]
    assert lanes.count(pictures.USER_SPACE) == 1
    assert lanes[-2] == pictures.USER_SPACE
    assert pictures.USER_SPACE not in [call.lane for call in pictures.calls(CALLS, "mov-cr0")]


def test_where_rip_is() -> None:
    picture = pictures.where(each(emulator.rip))
    assert "OUT to port 0x42: behind it: kvm-pvm; at it: kvm-svm-tcg" in picture.alt
    assert "ADD to memory, a load and a store: at it, then behind it" in picture.alt
    assert "MOVUPS, a store of 16 bytes: behind it, twice" in picture.alt
    drawn = words(picture)
    assert sum(len(word) == 2 and word == word.lower() for word in drawn) == sum(len(case.code) for case in RIP_CASES)


def test_what_was_executed() -> None:
    answers = each(emulator.knows)
    drawn = words(pictures.executed(answers))
    for answer in answers:
        for kind in show.kinds(answer):
            assert f"{len(kind.tried) - len(kind.refused)} of {len(kind.tried)}" in drawn
            assert kind.kind in drawn
