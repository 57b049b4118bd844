"""KVM's modules in the lab VM: their parameters, and loading them again with others."""

from __future__ import annotations

import ctypes
import os
import re
import time
from pathlib import Path

FILES = Path("/lab/modules")
MODULES = Path("/sys/module")
NAMES = ("kvm", "kvm_amd")  # in the order in which they load
_FINIT_MODULE, _DELETE_MODULE = 313, 176  # system calls of x86-64


def _call(number: int, what: str, *arguments: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def parameters(module: str = "kvm") -> dict[str, str]:
    """Name -> value of a loaded module's parameters, as sysfs prints them ("Y", "200000"); {} if it has none."""
    found = {}
    for path in sorted((MODULES / module / "parameters").glob("*")):
        try:
            found[path.name] = path.read_text(encoding="ascii").strip()
        except OSError:
            continue  # write-only
    return found


def set_parameter(module: str, name: str, value: object) -> None:
    """Write a parameter that can change while the module is loaded; OSError (EACCES) for one that cannot."""
    path = MODULES / module / "parameters" / name
    if not path.exists():
        raise ValueError(f"{module} has no parameter {name}; it has {', '.join(parameters(module)) or 'none'}")
    if not path.stat().st_mode & 0o222:
        raise PermissionError(f"{module}.{name} is fixed when the module loads: reload({name}={value!r})")
    path.write_text(str(value), encoding="ascii")


def _remove(module: str) -> None:
    for _ in range(200):  # a VM that was just closed may still hold it
        try:
            return _call(_DELETE_MODULE, f"removing {module}", module.encode(), os.O_NONBLOCK)
        except BlockingIOError:
            time.sleep(0.01)
        except FileNotFoundError:
            return None
    raise BlockingIOError(f"{module} is in use: close every Kvm, Vm and Vcpu before reloading")


def _parameters_of(name: str) -> set[str]:
    """What a module file says it takes: its .modinfo has ``parmtype=name:type``."""
    content = (FILES / f"{name.replace('_', '-')}.ko").read_bytes()
    return {found.decode() for found in re.findall(rb"\0parmtype=(\w+):", content)}


def reload(**given: object) -> None:
    """Unload kvm_amd and kvm and load them with these parameters: ``reload(npt=0)``, ``reload(force_emulation_prefix=1)``.

    Each goes to the module that knows it; all others are at their defaults. Without arguments: all defaults. Close
    every Kvm, Vm and Vcpu first (BlockingIOError says so). ValueError for a parameter that neither module has.
    """
    known = {name: _parameters_of(name) for name in NAMES}
    for name in given:
        if not any(name in of for of in known.values()):
            raise ValueError(f"neither {' nor '.join(NAMES)} has a parameter {name}")
    for name in reversed(NAMES):
        _remove(name)
    for name in NAMES:
        text = " ".join(
            f"{key}={value:d}" if isinstance(value, bool) else f"{key}={value}"
            for key, value in given.items()
            if key in known[name]
        )
        with (FILES / f"{name.replace('_', '-')}.ko").open("rb") as file:
            _call(_FINIT_MODULE, f"loading {name} {text}".strip(), file.fileno(), text.encode(), 0)
