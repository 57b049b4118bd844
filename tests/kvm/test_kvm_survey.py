"""The library's own survey, here and in the lab VM, whose KVM is SVM as the kernel has it."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.kvm import Kvm
from syslab.lab_vm.host import LabVm
from syslab.lab_vm.host.errors import LabMissing

from . import survey

WANT: dict[str, Any] = {
    "io": {mode: ["IO", "IO", "HLT"] for mode in ("real_mode", "protected_mode", "long_mode")},
    "mmio": ["MMIO", "MMIO", "HLT"],
    "triple fault": ["SHUTDOWN"],
    "bounds": {"timeout at": "0x1000", "kicked before": True, "kicked in it": True, "immediate": True},
    "steps": ["0x1001", "0x1002", "0x1004"],
    "irqchip": {"halted": 3, "second": 1},
    "cpuid": {"first": True, "too many": "KVM_SET_CPUID2: E2BIG (Argument list too long)"},
    "hlt is": "KVM_EXIT_HLT",
    "left open": 0,
}


def test_this_machines_kvm(kvm: Kvm) -> None:
    assert survey.survey() == WANT


def test_the_lab_vms_kvm() -> None:
    try:
        with LabVm() as lab:
            reply = lab.ask("tests.kvm.survey:survey", timeout=60)
            who = lab.ask("tests.kvm.survey:who")
    except LabMissing as reason:
        pytest.skip(str(reason))
    assert not reply.error, reply.error
    assert reply.data == WANT
    assert who.data == ["svm-tcg", "kvm-svm-tcg"]
