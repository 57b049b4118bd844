"""The picture of the chapter on VM exits has every instruction once, where it was counted."""

from __future__ import annotations

import re

import pytest

from syslab.chapters.kvm.vm_exits import ask as experiment
from syslab.chapters.kvm.vm_exits import pictures
from syslab.evidence import recorded
from syslab.kvm.exit_cases import cases

COUNTED, SHADOWED = recorded(experiment.exits), recorded(experiment.exits_without_npt)
ANSWERS = [recorded(experiment.returned, witness) for witness in ("kvm-pvm", "kvm-svm-tcg")]
FOUND = pictures.reached(COUNTED, SHADOWED, ANSWERS)


def test_each_instruction_is_in_one_place() -> None:
    names = [re.sub(r", \d exits$| \*$", "", name) for place in FOUND for name in place]
    assert sorted(names) == sorted(case.shown for case in cases() if case.cpl == 0)


def test_how_far_they_get() -> None:
    assert FOUND.user_space == ["HLT", "IN from a port", "OUT to a port", "load where no memory is", "store where no memory is"]
    assert FOUND.moved == ["INVLPG", "MOV from CR3", "MOV to CR3", "load from a page that is not mapped"]
    assert {"CPUID", "VMCALL, 2 exits", "INVD *", "UD2", "MOV to CR4, no change"} <= set(FOUND.kvm)
    assert {"RDTSC", "PAUSE", "XSETBV *", "MOV to CR0, flips TS"} <= set(FOUND.guest)


@pytest.mark.parametrize("layout", [0, 1])
def test_all_of_them_are_drawn(layout: int) -> None:
    body = str(pictures.far(COUNTED, SHADOWED, ANSWERS).layouts()[layout].body)
    drawn = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", body))
    assert all(name in drawn for place in FOUND for name in place)
