"""What a KVM answers to the library, in one plain dictionary. Runs here and, by the same code, in the lab VM."""

from __future__ import annotations

import os
import threading
from typing import Any

from syslab.kvm import Hlt, Intr, Kvm, KvmError, Vcpu, VcpuTimeout, Vm, backend, witness

CODE = 0x1000


def _vcpu(vm: Vm, code: str, mode: str = "long_mode") -> Vcpu:
    vm.write(CODE, bytes.fromhex(code))
    vcpu = vm.create_vcpu()
    getattr(vcpu, mode)(CODE)
    return vcpu


def _exits(kvm: Kvm, code: str, mode: str = "long_mode", most: int = 4) -> list[str]:
    with kvm.create_vm() as vm:
        vcpu, names = _vcpu(vm, code, mode), []
        sregs = vcpu.sregs()
        sregs.idt.limit = 0
        vcpu.set_sregs(sregs)
        for _ in range(most):
            left = vcpu.run(5)
            names.append(left.name.removeprefix("KVM_EXIT_"))
            if not names[-1].startswith(("IO", "MMIO")):
                break
        return names


def _bounds(kvm: Kvm) -> dict[str, Any]:
    with kvm.create_vm() as vm:
        vcpu, found = _vcpu(vm, "ebfe"), {}
        try:
            vcpu.run(0.1)
        except VcpuTimeout as error:
            found["timeout at"] = hex(error.rip)
        vcpu.kick()
        found["kicked before"] = vcpu.run(20) == Intr()
        threading.Timer(0.2, vcpu.kick).start()
        found["kicked in it"] = vcpu.run(20) == Intr()
        vcpu.immediate_exit = True
        found["immediate"] = vcpu.run(20) == Intr()
    return found


def _steps(kvm: Kvm) -> list[str]:
    with kvm.create_vm() as vm:
        vcpu = _vcpu(vm, "90 90 31c0 ebfe")
        vcpu.guest_debug(single_step=True)
        return [hex(getattr(vcpu.run(5), "pc", 0)) for _ in range(3)]


def _irqchip(kvm: Kvm) -> dict[str, Any]:
    with kvm.create_vm(irqchip=True) as vm:
        vcpu = _vcpu(vm, "f4")
        try:
            vcpu.run(0.1)
        except VcpuTimeout:
            return {"halted": vcpu.mp_state, "second": vm.create_vcpu(1).mp_state}
    return {}


def _cpuid(kvm: Kvm) -> dict[str, Any]:
    with kvm.create_vm() as vm:
        vcpu = vm.create_vcpu()
        supported = kvm.supported_cpuid()
        vcpu.set_cpuid(supported)
        found: dict[str, Any] = {"first": supported[0] == vcpu.get_cpuid()[0]}
        try:
            vcpu.set_cpuid([*supported, *supported] * 4)
        except KvmError as error:
            found["too many"] = str(error)
        return found


def survey() -> dict[str, Any]:
    """Everything, and how many descriptors it left open."""
    before = len(os.listdir("/proc/self/fd"))
    with Kvm() as kvm:
        found = {
            "io": {mode: _exits(kvm, "e610 e420 f4", mode) for mode in ("real_mode", "protected_mode", "long_mode")},
            "mmio": _exits(kvm, "a3 00000030 00000000  8b0425 04000030  f4"),
            "triple fault": _exits(kvm, "0f0b"),
            "bounds": _bounds(kvm), "steps": _steps(kvm), "irqchip": _irqchip(kvm), "cpuid": _cpuid(kvm),
            "hlt is": Hlt().name,
        }  # fmt: skip
    found["left open"] = len(os.listdir("/proc/self/fd")) - before
    return found


def who() -> list[str]:
    """Backend and witness."""
    return [backend(), witness()]
