"""A VM for each test, and what is checked after each: no file descriptor and no signal is left."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest

from syslab.kvm import Kvm, KvmMissing, Vm


def why_not() -> str:
    """Why no VM can be made here; empty where one can."""
    try:
        with Kvm() as kvm, kvm.create_vm() as vm:
            vm.create_vcpu()
        return ""
    except (KvmMissing, OSError) as reason:
        return str(reason)


WHY_NOT = why_not()


def descriptors() -> list[str]:
    """What this process has open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue  # the listing's own
    return sorted(name for name in found if "kvm" in name)


@pytest.fixture
def kvm() -> Iterator[Kvm]:
    """/dev/kvm; afterwards nothing of it may be open."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with Kvm() as opened:
        yield opened
    gc.collect()
    assert descriptors() == []
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
    assert not signal.sigpending()


@pytest.fixture
def vm(kvm: Kvm) -> Vm:
    return kvm.create_vm()
