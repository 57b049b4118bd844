"""A hash of the code that makes a result: a module of this project and all it imports of it.

Records carry it, so a test can say which are stale; the book's execution cache carries it, so a changed helper
re-runs the chapters that use it and no others.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "syslab"
REGISTRY = ("syslab.layouts.get", "syslab.layouts.anchors")


def _file(module: str) -> Path | None:
    """The source of ``syslab.x.y``, or None for other packages."""
    if module != "syslab" and not module.startswith("syslab."):
        return None
    base = ROOT.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imports(tree: ast.AST, package: str) -> set[str]:
    """Names of modules that ``tree`` imports; ``package`` resolves relative imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{parent}.{base}".rstrip(".")
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def _neighbours(path: Path) -> set[Path]:
    """Data that belongs to a module: a widget's script and style."""
    found = {path.with_suffix(suffix) for suffix in (".js", ".css")}
    if path.parent.name == "widgets":
        found |= set(path.parent.glob("common.*"))
    return {p for p in found if p.is_file()}


@cache
def _direct(path: Path) -> tuple[frozenset[str], frozenset[Path]]:
    relative = path.relative_to(ROOT).with_suffix("")
    package = ".".join(relative.parts[:-1])
    return frozenset(imports(ast.parse(path.read_bytes()), package)), frozenset(_neighbours(path))


def closure(modules: set[str]) -> list[Path]:
    """Every file of the project that ``modules`` reach, sorted."""
    seen: set[Path] = set()
    todo = set(modules)
    while todo:
        name = todo.pop()
        if name in REGISTRY:  # it may load any of them
            seen |= set((PACKAGE / "layouts").rglob("*.py"))
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            path = _file(".".join(parts[:length]))
            if path and path not in seen:
                names, files = _direct(path)
                seen |= {path} | files
                todo |= names
    return sorted(seen)


def hash_files(files: list[Path]) -> str:
    """Sixteen hex digits over names and contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_hash(module: str) -> str:
    """The hash of an experiment's module and of what decides its data: experiments, machines and layouts.

    Without the registry's list: a new layout changes no answer that does not use it.
    """
    rooms = ("experiments", "machines", "layouts")
    files = [p for p in closure({module}) if p.relative_to(PACKAGE).parts[0] in rooms]
    return hash_files([p for p in files if p != PACKAGE / "layouts" / "__init__.py"])
