"""KVM's API in Python: open /dev/kvm, make a VM, give it memory and a vCPU, and run it.

>>> from syslab.kvm import Kvm
>>> from syslab.native import asm
>>> with Kvm() as kvm, kvm.create_vm() as vm:
...     vm.write(0x1000, asm.code16("b0 2a  e6 10  f4", "mov al, 42; out 0x10, al; hlt"))
...     vcpu = vm.create_vcpu()
...     vcpu.real_mode(0x1000)
...     print(vcpu.run(), vcpu.run())
Io(out=True, port=16, size=1, count=1, data=b'*') Hlt()

:mod:`.ioctls` has the requests and their errors, :mod:`.structs` what they carry, :mod:`.exits` why KVM_RUN comes
back, :mod:`.modes` what real, protected and long mode are made of, :mod:`.bounded` why every run ends. Only the
standard library is used, and x86-64 Linux.
"""

from __future__ import annotations

from .backends import BACKENDS, DEVICE, backend, missing, witness
from .cpuid_table import CpuidEntry
from .exits import REASONS, Debug, Exit, FailEntry, Hlt, InternalError, Intr, Io, Mmio, Other, Shutdown, Unknown
from .files import KvmClosed
from .ioctls import Ioctl, KvmError, call, trace
from .vcpu import Vcpu, VcpuTimeout
from .vm import Kvm, KvmMissing, Vm

__all__ = [
    "BACKENDS", "DEVICE", "REASONS", "CpuidEntry", "Debug", "Exit", "FailEntry", "Hlt", "InternalError", "Intr", "Io", "Ioctl", "Kvm",
    "KvmClosed", "KvmError", "KvmMissing", "Mmio", "Other", "Shutdown", "Unknown", "Vcpu", "VcpuTimeout", "Vm", "backend",
    "call", "missing", "trace", "witness",
]  # fmt: skip
