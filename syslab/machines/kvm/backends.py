"""What makes /dev/kvm work here: Intel's VMX, AMD's SVM, PVM, or SVM that is itself emulated."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

DEVICE = "/dev/kvm"
BACKENDS = {
    "vmx": "Intel VMX",
    "svm": "AMD SVM",
    "pvm": "PVM, software virtualization without VMX or SVM",
    "svm-tcg": "AMD SVM, emulated by QEMU TCG",
}
_MODULES = {"vmx": "kvm_intel", "svm": "kvm_amd", "pvm": "kvm_pvm"}
_HYPERVISOR_LEAF = 0x4000_0000
_HYPERVISOR_PRESENT = 1 << 31
_TCG = b"TCGTCGTCGTCG"


def hypervisor() -> bytes:
    """The twelve letters of the hypervisor that this machine runs on, from CPUID; empty where CPUID tells of none."""
    from .. import cpuid  # needs an x86-64 CPU, and is asked on AMD only

    if not cpuid.cpuid(1).ecx & _HYPERVISOR_PRESENT:
        return b""
    return struct.pack("<III", *cpuid.cpuid(_HYPERVISOR_LEAF)[1:])


def backend(modules: str | os.PathLike[str] = "/sys/module", under: Callable[[], bytes] = hypervisor) -> str:
    """A key of :data:`BACKENDS`, by the kernel's modules; ``unknown`` where none of them is there."""
    found = next((name for name, module in _MODULES.items() if os.path.isdir(os.path.join(modules, module))), "unknown")
    return "svm-tcg" if found == "svm" and under() == _TCG else found


def witness() -> str:
    """``kvm-vmx``, ``kvm-svm``, ``kvm-pvm``, ``kvm-svm-tcg`` or ``kvm-unknown``."""
    return f"kvm-{backend()}"


def missing(device: str = DEVICE) -> str | None:
    """Why this user cannot use KVM, with what helps; None where they can."""
    if not os.path.exists(device):
        return f"there is no {device}: load the kvm module"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} is not readable and writable for this user: join the group kvm"
    return None
