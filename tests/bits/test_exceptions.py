"""The exceptions' vectors against Linux's, and which push an error code against how Linux enters each."""

from __future__ import annotations

import json
from pathlib import Path

from syslab.bits.exceptions import BY_VECTOR, EXCEPTIONS, VECTORS, WITH_ERROR_CODE, name

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_traps.json").read_text())["constants"]
OTHERS = {"X86_TRAP_SPURIOUS", "X86_TRAP_IRET"}  # no exception has vector 15; 32 is a number of Linux's own


def _constant(mnemonic: str) -> str:
    linux = {"#XM": "XF", "": "OLD_MF"}.get(mnemonic, mnemonic.removeprefix("#"))
    return f"X86_TRAP_{linux}"


def test_vectors_are_the_kernels() -> None:
    theirs = {constant: vector for constant, vector in ORACLE["vectors"].items() if constant not in OTHERS}
    ours = {_constant(exception.mnemonic): exception.vector for exception in EXCEPTIONS}
    assert {constant: vector for constant, vector in ours.items() if constant in theirs} == theirs
    assert ours.keys() - theirs.keys() == {"X86_TRAP_HV", "X86_TRAP_SX"}  # AMD's alone


def test_an_error_code_is_pushed_where_the_kernel_takes_one() -> None:
    theirs = {constant: pushed for constant, pushed in ORACLE["error_code"].items() if constant not in OTHERS}
    ours = {_constant(exception.mnemonic): exception.vector in WITH_ERROR_CODE for exception in EXCEPTIONS}
    assert {constant: pushed for constant, pushed in ours.items() if constant in theirs} == theirs
    assert ours.keys() - theirs.keys() == {"X86_TRAP_SX"}


def test_names() -> None:
    assert [name(vector) for vector in (0, 13, 14, 19, 30)] == ["#DE", "#GP", "#PF", "#XM", "#SX"]
    assert [name(vector) for vector in (2, 9, 15, 32)] == ["NMI", "vector 9", "vector 15", "vector 32"]
    assert [exception.vector for exception in EXCEPTIONS] == sorted(BY_VECTOR) and set(BY_VECTOR) <= set(VECTORS)
