"""The two machines that are asked with a bare-metal guest: QEMU's software CPU, and this machine's KVM."""

from __future__ import annotations

from collections.abc import Callable

from syslab.evidence.experiment import Witness
from syslab.evidence.needs import KVM, X86_64, tool
from syslab.kvm import witness
from syslab.qemu.bare_metal import HostKvm, Machine, Tcg

QEMU = tool("qemu-system-x86_64", "qemu-system-x86")
TCG = Witness("tcg-max", (QEMU,), ("qemu-system-x86_64",), machine="tcg")
HOST_KVM = Witness(witness, (X86_64, KVM), machine="kvm")
BOTH = (TCG, HOST_KVM)
"""The witnesses of a question that both are asked; its function takes ``machine``, a key of :data:`MACHINES`."""
MACHINES: dict[str, Callable[[], Machine]] = {"tcg": Tcg, "kvm": HostKvm}
