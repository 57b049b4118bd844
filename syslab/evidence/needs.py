"""What an experiment needs of a machine, and whether this one has it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from syslab.native import UnsupportedMachine, kvm_device, require_x86_64_linux, this_machine


@dataclass(frozen=True)
class Need:
    """``missing`` returns None where the need is met, else why not; ``install`` says what would help.

    ``tells``: the reason itself ends in what helps, after a colon.
    """

    name: str
    missing: Callable[[], str | None]
    install: str = ""
    tells: bool = False

    def hint(self, reason: str) -> str:
        """What would help against ``reason``, as :attr:`missing` gave it; "" where nothing simple does."""
        why, colon, helps = reason.partition(": ")
        return f"{helps} ({why})" if self.tells and colon else self.install


def _no_x86() -> str | None:
    try:
        require_x86_64_linux()
    except UnsupportedMachine as reason:
        return str(reason)
    return None


def _no_linux() -> str | None:
    return None if this_machine().endswith(" Linux") else f"this machine is {this_machine()}"


_WSL = "; on Windows, in WSL" if sys.platform == "win32" else ""
X86_64 = Need("x86-64 Linux", _no_x86, f"run it on x86-64 Linux{_WSL}")
LINUX = Need("Linux", _no_linux, f"run it on Linux{_WSL}")
KVM = Need("/dev/kvm", lambda: kvm_device.missing(), "load the kvm module and join the group kvm", tells=True)


def _outside() -> str | None:
    return None if os.path.exists("/lab/image.json") else "this machine is not the lab VM"


# Met only inside the lab VM: tracefs, module parameters, SVM.
LAB_VM = Need("the lab VM", _outside, "apt install qemu-system-x86 util-linux, on Debian; then python -m syslab.lab_vm")


def tool(name: str, package: str = "") -> Need:
    """A program on PATH, from Debian's ``package`` (by default of the same name)."""
    return Need(
        name,
        lambda: None if shutil.which(name) else f"{name} is not installed",
        f"apt install {package or name}",
    )
