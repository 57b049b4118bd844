"""The guest that executes one instruction: it comes to its end, or says why not; nothing stays open."""

from __future__ import annotations

import os

import pytest

from syslab.evidence import KVM
from syslab.kvm.exit_cases import Case, find
from syslab.kvm.exit_guest import NO_ANSWER, TIMES, guest

pytestmark = pytest.mark.skipif(KVM.missing() is not None, reason="needs /dev/kvm")


@pytest.mark.parametrize("cpl", [0, 3])
def test_nothing_happens(cpl: int) -> None:
    with guest() as machine:
        for _ in range(2):  # a case can be executed again
            told = machine.execute(find("nop", cpl))
            assert (told.exits, told.faults, told.messages, told.stopped) == ({}, {}, 1, "")


def test_every_exception_is_told() -> None:
    with guest() as machine:
        told = machine.execute(find("ud2"))
        assert (told.faults, told.messages, told.stopped) == ({"#UD": TIMES}, TIMES + 1, "")


def test_a_guest_that_loops_is_ended() -> None:
    with guest() as machine:
        assert machine.execute(Case("loop", "JMP to itself", b"\xeb\xfe"), timeout=0.2).stopped == NO_ANSWER


def test_too_much_code() -> None:
    with guest() as machine, pytest.raises(ValueError, match="33 bytes of code, at most 32 fit"):
        machine.execute(Case("long", "NOPs", b"\x90" * 33))


def test_nothing_stays_open() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with guest() as machine:
        machine.execute(find("hlt"))
    assert set(os.listdir("/proc/self/fd")) == before
