"""What an experiment needs of a machine, and whether this one has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from ..machines import UnsupportedMachine, require_x86_64_linux, this_machine


@dataclass(frozen=True)
class Need:
    """``missing`` returns None where the need is met, else why not; ``install`` says what would help."""

    name: str
    missing: Callable[[], str | None]
    install: str = ""


def _no_x86() -> str | None:
    try:
        require_x86_64_linux()
    except UnsupportedMachine as reason:
        return str(reason)
    return None


def _no_linux() -> str | None:
    return None if this_machine().endswith(" Linux") else f"this machine is {this_machine()}"


def _no_kvm() -> str | None:
    if not os.path.exists("/dev/kvm"):
        return "there is no /dev/kvm"
    return None if os.access("/dev/kvm", os.R_OK | os.W_OK) else "/dev/kvm is not readable and writable for this user"


X86_64 = Need("x86-64 Linux", _no_x86, "run it on x86-64 Linux")
LINUX = Need("Linux", _no_linux, "run it on Linux")
KVM = Need("/dev/kvm", _no_kvm, "load the kvm module and join the group kvm")


def _outside() -> str | None:
    return None if os.path.exists("/lab/image.json") else "this machine is not the lab VM"


# Met only inside the lab VM: tracefs, module parameters, SVM.
LAB_VM = Need("the lab VM", _outside, "apt install qemu-system-x86 util-linux, on Debian; then python -m syslab.machines.lab_vm")


def tool(name: str, package: str = "") -> Need:
    """A program on PATH, from Debian's ``package`` (by default of the same name)."""
    return Need(
        name,
        lambda: None if shutil.which(name) else f"{name} is not installed",
        f"apt install {package or name}",
    )
