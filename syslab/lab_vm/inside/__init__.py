"""What experiments use inside the lab VM: its kernel's traces, modules, parameters and counters.

Standard library only. Nothing here works outside; an experiment that uses it declares ``LAB_VM``.
"""

from __future__ import annotations

from pathlib import Path

from .modules import parameters, reload, set_parameter
from .trace import FunctionTrace, Trace

__all__ = ["FunctionTrace", "Trace", "debugfs_kvm", "parameters", "reload", "set_parameter"]


def debugfs_kvm(folder: str = "/sys/kernel/debug/kvm") -> dict[str, int]:
    """KVM's counters since it was loaded, over all VMs (Documentation/virt/kvm/api.rst calls them statistics)."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.is_file():
            try:
                found[path.name] = int(path.read_text(encoding="ascii"))
            except (ValueError, OSError):
                continue  # a table, or not readable
    return found
