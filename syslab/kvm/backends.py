"""What makes /dev/kvm work here: Intel's VMX, AMD's SVM, PVM, or SVM that is itself emulated."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from syslab.native.kvm_device import DEVICE, missing

__all__ = ["BACKENDS", "DEVICE", "backend", "hypervisor", "missing", "offers", "witness"]

BACKENDS = {
    "vmx": "Intel VMX",
    "svm": "AMD SVM",
    "pvm": "PVM, software virtualization without VMX or SVM",
    "svm-tcg": "AMD SVM, emulated by QEMU TCG",
}
_MODULES = {"vmx": "kvm_intel", "svm": "kvm_amd", "pvm": "kvm_pvm"}
_VMX = 1 << 5  # CPUID 1, ECX
_SVM = 1 << 2  # CPUID 0x80000001, ECX
_HYPERVISOR_LEAF = 0x4000_0000
_HYPERVISOR_PRESENT = 1 << 31
_TCG = b"TCGTCGTCGTCG"


def hypervisor() -> bytes:
    """The twelve letters of the hypervisor that this machine runs on, from CPUID; empty where CPUID tells of none."""
    from syslab.native import cpuid  # needs an x86-64 CPU

    if not cpuid.cpuid(1).ecx & _HYPERVISOR_PRESENT:
        return b""
    return struct.pack("<III", *cpuid.cpuid(_HYPERVISOR_LEAF)[1:])


def offers() -> frozenset[str]:
    """What hardware virtualization this CPU has, by CPUID: ``vmx``, ``svm`` or neither."""
    from syslab.native import cpuid

    has = {"vmx": cpuid.cpuid(1).ecx & _VMX, "svm": cpuid.cpuid(0x8000_0001).ecx & _SVM}
    return frozenset(name for name, bit in has.items() if bit)


def backend(
    modules: str | os.PathLike[str] = "/sys/module",
    under: Callable[[], bytes] = hypervisor,
    cpu: Callable[[], frozenset[str]] = offers,
) -> str:
    """A key of :data:`BACKENDS`, by what the CPU has and the kernel's modules; ``unknown`` where none fits.

    The folder of a module says little by itself: where kvm_intel and kvm_amd are built into the kernel, both folders are
    there on every CPU. So VMX and SVM count only where CPUID has them.
    """
    there = [name for name, module in _MODULES.items() if os.path.isdir(os.path.join(modules, module))]
    if {"vmx", "svm"} & set(there):
        has = cpu()
        there = [name for name in there if name in has or name == "pvm"]
    found = there[0] if there else "unknown"
    return "svm-tcg" if found == "svm" and under() == _TCG else found


def witness() -> str:
    """``kvm-vmx``, ``kvm-svm``, ``kvm-pvm``, ``kvm-svm-tcg`` or ``kvm-unknown``."""
    return f"kvm-{backend()}"
