"""Exit reasons against the headers of three kernels: every constant, every number, every version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syslab.chapters.kvm.vm_exits.exit_reasons import SVM, VERSIONS, VMX, ExitReason, find, named

ORACLE = json.loads((Path(__file__).parents[3] / "oracles" / "linux_kvm.json").read_text())["constants"]


def test_the_kernels_are_those_of_the_oracle() -> None:
    assert set(VERSIONS) == set(ORACLE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("vendor", "group"), [("VMX", "vmx_exit_reasons"), ("SVM", "svm_exit_codes")])
def test_every_constant_of_the_kernel_and_no_other(vendor: str, group: str, version: str) -> None:
    assert named(vendor, version) == ORACLE[version][group]


@pytest.mark.parametrize("rows", [VMX, SVM], ids=["VMX", "SVM"])
def test_numbers_and_names_are_unique(rows: tuple[ExitReason, ...]) -> None:
    assert len({r.number for r in rows}) == len({r.name for r in rows}) == len(rows)
    assert all(r.meaning and not r.meaning.endswith(".") for r in rows)


def test_find() -> None:
    assert find("VMX", 10).constant == "EXIT_REASON_CPUID"
    assert find("SVM", 0x72).constant == "SVM_EXIT_CPUID"
    assert (find("VMX", 48).shown, find("SVM", 0x400).shown, find("SVM", -1).shown) == ("48", "0x400", "-1")
    assert find("SVM", 0x4E).meaning == "exception 14, #PF"
    with pytest.raises(KeyError, match="VMX has no exit reason 5"):
        find("VMX", 5)
    with pytest.raises(ValueError, match=r"'5.10' was not read; 6.1.192"):
        named("VMX", "5.10")


def test_reasons_that_linux_does_not_name() -> None:
    assert [r.name for r in (*VMX, *SVM) if not r.since] == ["GETSEC", "RSM"]


def test_words_of_the_trace() -> None:
    words = {
        0x72: "cpuid",
        0x7B: "io",
        0x60: "interrupt",
        0x6D: "write_rt",
        0x66: "read_idtr",
        0x400: "npf",
        0x4E: "PF excp",
        0x53: "XF excp",
    }
    assert {number: find("SVM", number).trace for number in words} == words
    assert find("VMX", 48).trace == "EPT_VIOLATION"
