"""What bits mean: tables and decoding, pure, no I/O.

:func:`get` finds a layout by its anchor, :func:`anchors` lists them; modules load when they are asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .core import Case, Decoded, Field, Layout, Source, otherwise
from .reading import Reader, Reading

__all__ = ["Case", "Decoded", "Field", "Layout", "Reader", "Reading", "Source", "anchors", "get", "otherwise"]

_HOMES = {
    "pfec": ("page_fault", "PFEC"),
    "wait": ("wait_status", "WAIT"),
    "shell-status": ("wait_status", "SHELL_STATUS"),
    "sigmask": ("signal_mask", "SIGMASK"),
    "va": ("address", "VA"),
    "pte": ("paging", "PTE"),
    "pde-2m": ("paging", "PDE_2M"),
    "pdpte-1g": ("paging", "PDPTE_1G"),
    "paging-table": ("paging", "TABLE"),
    "pat": ("memory_type", "PAT"),
    "cr0": ("control_registers", "CR0"),
    "cr3": ("control_registers", "CR3"),
    "cr3-pcid": ("control_registers", "CR3_PCID"),
    "cr4": ("control_registers", "CR4"),
    "cr8": ("control_registers", "CR8"),
    "efer": ("control_registers", "EFER"),
    "rflags": ("control_registers", "RFLAGS"),
    "icr": ("apic", "ICR"),
    "kvm-req": ("kvm_requests", "KVM_REQ"),
    "kvm-req-6-12": ("kvm_requests", "KVM_REQ_6_12"),
    "kvm-req-6-1": ("kvm_requests", "KVM_REQ_6_1"),
    "kvm-requests": ("kvm_requests", "KVM_REQUESTS"),
    "kvm-requests-6-12": ("kvm_requests", "KVM_REQUESTS_6_12"),
    "kvm-requests-6-1": ("kvm_requests", "KVM_REQUESTS_6_1"),
    "ioc": ("ioctl_request", "IOC"),
}
_HOMES |= {f"elf-{name}": ("elf64", name.upper()) for name in ("class", "data", "type", "machine", "ptype", "pflags")}
_HOMES |= {f"pe-{name}": ("pe", name.upper()) for name in ("machine", "magic", "subsystem")}
_CPUID = {  # module -> anchors without "cpuid-"; the constant of "7-0-ebx" is CPUID_7_0_EBX
    "basic": """
        0-eax 0-ebx 0-edx 0-ecx 2-eax 2-ebx 2-ecx 2-edx 4-n-eax 4-n-ebx 4-n-ecx 4-n-edx 5-eax 5-ebx 5-ecx 5-edx 6-eax
        6-ebx 6-ecx 6-edx b-n-eax b-n-ebx b-n-ecx b-n-edx 16-eax 16-ebx 16-ecx
    """,
    "features_1": "1-eax 1-ebx 1-ecx 1-edx",
    "features_7": "7-0-eax 7-0-ebx 7-0-ecx 7-0-edx 7-1-eax 7-1-ebx 7-1-ecx 7-1-edx 7-2-edx",
    "state": "d-0-eax d-0-ebx d-0-ecx d-0-edx d-1-eax d-1-ebx d-1-ecx d-n-eax d-n-ebx d-n-ecx",
    "hypervisor": "40000000-eax 40000000-ebx 40000000-ecx 40000000-edx 40000001-eax 40000001-edx",
    "extended": """
        80000000-eax 80000000-ebx 80000000-edx 80000000-ecx 80000001-eax 80000001-ebx 80000001-ecx 80000001-edx
        80000002-eax 80000002-ebx 80000002-ecx 80000002-edx 80000003-eax 80000003-ebx 80000003-ecx 80000003-edx
        80000004-eax 80000004-ebx 80000004-ecx 80000004-edx
    """,
    "extended_sizes": """
        80000005-eax 80000005-ebx 80000005-ecx 80000005-edx 80000006-eax 80000006-ebx 80000006-ecx 80000006-edx
        80000007-ebx 80000007-ecx 80000007-edx 80000008-eax 80000008-ebx 80000008-ecx 80000008-edx 8000001e-eax
        8000001e-ebx 8000001e-ecx
    """,
}
_HOMES |= {
    f"cpuid-{name}": (f"cpuid.{module}", f"CPUID_{name.upper().replace('-', '_')}")
    for module, names in _CPUID.items()
    for name in names.split()
}


def anchors() -> tuple[str, ...]:
    """Every layout's anchor."""
    return tuple(_HOMES)


def get(anchor: str) -> Layout:
    """The layout with this anchor; KeyError that names the known ones."""
    if anchor not in _HOMES:
        raise KeyError(f"no layout {anchor!r}; known: {', '.join(_HOMES)}")
    module, name = _HOMES[anchor]
    return _made(module, name)


@cache
def _made(module: str, name: str) -> Layout:
    layout: Layout = getattr(import_module(f"{__name__}.{module}"), name)
    found: Layout = import_module(f"{__name__}.bare").as_logged(layout)
    return found
