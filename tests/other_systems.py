"""What Python lacks on another system, and a process that is as poor as Python there.

The lists are typeshed's, which mypy carries: the standard library's stubs say under ``if sys.platform`` what exists
where, and stubtest holds them against real Windows and macOS. The documentation's "Availability: Unix" says the same.

The process runs on Linux with Linux's own third-party packages (their Windows builds are their makers' business), so it
finds what this project imports and asks for, not how Windows spells a path.
"""

from __future__ import annotations

import ast
import ctypes
import enum
import importlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class System:
    """``platform`` as in sys.platform; ``name`` and ``machine`` as platform.system() and platform.machine() say them."""

    platform: str
    name: str
    machine: str

    def __str__(self) -> str:
        return f"{self.name} {self.machine}"


WINDOWS = System("win32", "Windows", "AMD64")
MAC = System("darwin", "Darwin", "arm64")
ARM_LINUX = System("linux", "Linux", "aarch64")
NOWHERE = System("linux", "Nowhere", "none")  # Linux's Python, on a system that this project does not know
SYSTEMS = {str(system): system for system in (WINDOWS, MAC, ARM_LINUX, NOWHERE)}


def _stubs() -> Path:
    import mypy

    return Path(mypy.__file__).parent / "typeshed" / "stdlib"


def _true(test: ast.expr, system: str) -> bool:
    """An ``if`` of a stub: sys.platform and sys.version_info compared with constants, and, or, not."""
    text = compile(ast.Expression(test), "stub", "eval")
    fake = type("sys", (), {"platform": system, "version_info": sys.version_info})
    return bool(eval(text, {"sys": fake, "TYPE_CHECKING": True}))


def _names(body: list[ast.stmt], system: str) -> set[str]:
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.If):
            found |= _names(node.body if _true(node.test, system) else node.orelse, system)
        elif isinstance(node, ast.ClassDef):
            found |= {node.name} | {f"{node.name}.{name}" for name in _names(node.body, system)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):  # "from x import y as y" hands it on
            found |= {alias.name for alias in node.names if alias.asname == alias.name}
    return found


@cache
def lacks(system: System) -> tuple[set[str], dict[str, set[str]]]:
    """Modules that are empty there, and by module the names (``Class.name`` too) that Linux has and it has not."""
    modules, names = set(), {}
    for path in sorted(_stubs().rglob("*.pyi")):
        module = ".".join(path.relative_to(_stubs()).with_suffix("").parts).removesuffix(".__init__")
        text = path.read_bytes()
        if b"sys.platform" not in text:  # the same everywhere
            continue
        body = ast.parse(text).body
        here, there = _names(body, "linux"), _names(body, system.platform)
        gone = here - there
        if gone and all(name.startswith("_") for name in there):
            modules.add(module)
        elif gone:
            names[module] = gone
    return modules, names


class _Hide:
    """A finder that knows better."""

    def __init__(self, modules: set[str]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _without(enumeration: type[enum.IntEnum], gone: set[str]) -> type[enum.IntEnum]:
    left = {name: int(member) for name, member in enumeration.__members__.items() if name not in gone}
    return enum.IntEnum(enumeration.__name__, left)  # type: ignore[return-value]


def become(system: System, packages: set[str]) -> None:
    """Make this process that system. ``packages`` are those of others, which are imported as they are first."""
    for name in sorted(packages):
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] == "syslab"]:
        del sys.modules[name]  # what was imported before, as Linux
    modules, names = lacks(system)
    platform.system = lambda: system.name  # type: ignore[method-assign]
    platform.machine = lambda: system.machine  # type: ignore[method-assign]
    if system.platform == "linux":
        return
    sys.platform = system.platform
    for name in modules:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Hide(modules))  # type: ignore[arg-type]
    for name, gone in names.items():
        module = sys.modules.get(name)
        for entry in sorted(gone) if module else ():
            _remove(module, entry, gone)
    _refuse_children()
    if system.platform == "win32":
        _as_windows()


def _remove(module: Any, entry: str, gone: set[str]) -> None:
    owner, _, name = entry.rpartition(".")
    if not owner:
        vars(module).pop(name, None)
    elif (enumeration := getattr(module, owner, None)) and isinstance(enumeration, enum.EnumType):
        members = {other.removeprefix(f"{owner}.") for other in gone if other.startswith(f"{owner}.")}
        if name in enumeration.__members__:
            setattr(module, owner, _without(enumeration, members))


def _refuse_children() -> None:
    """Nothing is started on a system that is not Linux: what is started there could not be bounded."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError(f"a child was started: {arguments[1:]} {options}")

    subprocess.Popen.__init__ = refuse  # type: ignore[method-assign]


def _as_windows() -> None:
    """What is there and means something else. CDLL(None) is the C library elsewhere, and a TypeError there."""

    class CDLL(ctypes.CDLL):
        def __init__(self, name: str | None, *more: Any, **options: Any) -> None:
            if name is None:
                raise TypeError("LoadLibrary() argument 1 must be str, not None")
            raise FileNotFoundError(f"Could not find module {name!r}")

    ctypes.CDLL = CDLL  # type: ignore[misc]
    os.waitstatus_to_exitcode = lambda status: status >> 8
