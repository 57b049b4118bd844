"""Where code runs: this process, a child, a guest without an operating system under QEMU or KVM, the lab VM."""

from __future__ import annotations

import sys


class UnsupportedMachine(RuntimeError):
    """The experiment needs another kind of machine; the message says which, and what this one is."""


def this_machine() -> str:
    """``x86_64 Linux``, as the running kernel calls itself."""
    import platform  # slow to import, and a runner of guests starts often

    return f"{platform.machine()} {platform.system()}"


def require_x86_64_linux() -> None:
    """Raise :class:`UnsupportedMachine` anywhere but on x86-64 Linux with a 64-bit Python."""
    if this_machine() != "x86_64 Linux" or sys.maxsize < 1 << 32:
        raise UnsupportedMachine(f"this runs x86-64 machine code on Linux; this machine is {this_machine()}")
