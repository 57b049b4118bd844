"""Provoking exceptions: the child answers, or its silence and its death are told."""

from __future__ import annotations

import os
import time

import pytest

from syslab.native import code as native
from syslab.native import faults


def test_no_fault_is_none() -> None:
    assert faults.provoke(lambda: None) is None


def test_a_fault_has_address_code_and_instruction() -> None:
    code = native.Code(faults.READ)
    fault = faults.provoke(lambda: code(0x18))
    assert fault is not None
    assert (fault.signal, fault.vector, fault.error_code) == ("SIGSEGV", 14, 0x4)
    assert fault.cr2 == fault.si_addr == 0x18
    assert fault.rip == code.address


def test_a_child_that_dies_another_way_is_told() -> None:
    with pytest.raises(RuntimeError, match="ended with status"):
        faults.provoke(lambda: os._exit(3))


def test_a_silent_child_is_killed() -> None:
    with pytest.raises(TimeoutError, match=r"nothing for 0.3 s"):
        faults.provoke(lambda: time.sleep(100), seconds=0.3)


def test_the_handler_is_what_its_comments_say() -> None:
    text = native.disassemble(faults.handler_code(0x1000, 5))
    for instruction in (
        "mov r12, rdx",
        "movabs rdi, 0x1000",
        "rep movsq",
        "mov edi, 5",
        "mov edx, 0x180",
        "syscall",
        "mov eax, 0xe7",
    ):
        assert instruction in text
