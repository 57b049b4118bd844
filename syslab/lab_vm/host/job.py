"""What is sent into the lab VM: the experiment's module and all it imports of this project, compiled where that helps."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from syslab import sources as code_hash

from .image import compiled

# Reached by imports, of no use inside.
_STAYS = ("lab_vm/host/", "lab_vm/agent/", "lab_vm/__main__", "widgets/", "show/")


@cache
def _compiled(path: Path, inside: str, _changed: int) -> bytes:
    """A .pyc that is never checked against its source: compiling in an emulated CPU is slow."""
    return compiled(path.read_bytes(), f"/{inside}")


def _sources(module: str) -> dict[str, Path]:
    """Name inside -> file, for ``module`` and what it imports of this project."""
    found: dict[str, Path] = {}
    modules = {module}
    if not module.startswith("syslab."):  # a test's own experiments
        loaded = sys.modules.get(module)
        if loaded is None or not loaded.__file__:
            raise ValueError(f"{module} is not loaded here, and not part of syslab")
        path = Path(loaded.__file__)
        found[module.replace(".", "/") + ".py"] = path
        modules = code_hash.imports(ast.parse(path.read_bytes()), module.rpartition(".")[0])
    for path in code_hash.closure({*modules, "syslab.messages"}, whole=True):
        name = path.relative_to(code_hash.ROOT).as_posix()
        if path.suffix == ".py" and not name.removeprefix("syslab/").startswith(_STAYS):
            found[name] = path
    return found


def pack(module: str, magic: str) -> list[tuple[str, bytes]]:
    """The files of a job. ``magic`` is what Python inside accepts as compiled, in hexadecimal."""
    packed = []
    for name, path in sorted(_sources(module).items()):
        packed.append((name, path.read_bytes()))
        if magic == MAGIC_NUMBER.hex():
            folder, _, file = name.rpartition("/")
            cached = f"{folder}/__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc".lstrip("/")
            packed.append((cached, _compiled(path, name, path.stat().st_mtime_ns)))
    return packed
