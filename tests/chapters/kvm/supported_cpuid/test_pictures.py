"""The picture of all leaves has each bit once, and in few strokes."""

from __future__ import annotations

import gzip
import re

import pytest

from syslab.chapters.kvm.supported_cpuid import pictures

from .test_show import BOTH, OTHER, answer


@pytest.mark.parametrize(("word", "found"), [(0, []), (1, [(31, 1)]), (0xFFFF_FFFF, [(0, 32)]), (0x8000_0006, [(0, 1), (29, 2)])])
def test_runs(word: int, found: list[tuple[int, int]]) -> None:
    assert list(pictures.runs(word, 32)) == found


def test_every_bit_is_in_one_stroke() -> None:
    picture = pictures.leaves([answer(OTHER, "kvm-two"), *BOTH])
    rows = [row for row in OTHER if row["leaf"] >> 28 != 4]  # hypervisors tell of themselves there
    host = sum(word.bit_count() for row in rows for word in row["host"] or ())
    kvm = sum(word.bit_count() for row in rows for word in row["kvm"] or ())
    passed, masked, added = map(int, re.findall(r"(\d+) (?:bits are set|only in)", picture.alt))
    assert (passed + masked, passed + added) == (host, kvm)
    for layout in picture.layouts():
        drawn = {tall: 0 for tall in ("4", "9")}
        for tall, strokes in re.findall(r'stroke-width="(\d+)" transform="[^"]*" d="([^"]*)"', layout.body):
            drawn[tall] += sum(map(int, re.findall(r"h(\d+)", strokes)))
        assert drawn == {"4": passed, "9": masked + added}


def test_it_is_cheap() -> None:
    from syslab.chapters.kvm.supported_cpuid import ask
    from syslab.evidence import recorded

    bodies = [layout.body for layout in pictures.leaves([recorded(ask.compared)]).layouts()]
    assert len(gzip.compress("".join(bodies).encode(), 9)) < 2_200, "the page has little weight left"
