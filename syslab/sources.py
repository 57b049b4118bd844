"""A hash of the code that makes a result: a module of this project and all it imports of it.

Records carry it, so a test can say which are stale; the book's execution cache carries it, so a changed helper
re-runs the chapters that use it and no others.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "syslab"
REGISTRY = ("syslab.bits.get", "syslab.bits.anchors")


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
    """What ``tree`` imports, names in modules included (``a.b.Name``); ``package`` resolves relative imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{parent}.{base}".rstrip(".")
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def _neighbours(path: Path) -> set[Path]:
    """What a cell's output depends on beside a module: a table's template. Scripts and styles are files of their own."""
    template = path.with_suffix(".html")
    return {template} if template.is_file() else set()


@cache
def _direct(path: Path) -> frozenset[str]:
    relative = path.relative_to(ROOT).with_suffix("")
    package = ".".join(relative.parts[:-1])
    return frozenset(imports(ast.parse(path.read_bytes()), package))


@cache
def _reexports(path: Path) -> dict[str, str]:
    """Name -> module, for a package that does nothing but hand on names, at once or when asked for; {} for other modules."""
    if path.name != "__init__.py":
        return {}
    package = ".".join(path.parent.relative_to(ROOT).parts)
    found: dict[str, str] = {}
    body = ast.parse(path.read_bytes()).body
    for node in [inner for outer in body for inner in (outer.body if _is_for_types(outer) else [outer])]:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            found.update({alias.asname or alias.name: f"{package}.{node.module}" for alias in node.names})
        elif not (_is_text(node) or _is_list_of_names(node) or _is_future(node) or _is_lazy(node)):
            return {}
    return found


def _is_for_types(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _is_lazy(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_list_of_names(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module in ("__future__", "typing")


def closure(modules: set[str], whole: bool = False) -> list[Path]:
    """Every Python file of the project that ``modules`` reach, sorted.

    A package that only hands on names stands for the module of the name that is asked for: who imports one widget does
    not depend on the others. ``whole`` has everything that Python itself would load. A widget's script is not among them:
    pages load it as a file of its own, and no cell's output depends on it.
    """
    seen: set[Path] = set()
    done: set[str] = set()
    todo = set(modules)
    while todo:
        name = todo.pop()
        done.add(name)
        if name in REGISTRY:  # it may load any of them
            seen |= set((PACKAGE / "bits").rglob("*.py"))
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            path = _file(".".join(parts[:length]))
            handed = {} if whole or path is None or length == len(parts) else _reexports(path)
            if handed and parts[length] in handed:
                todo |= {handed[parts[length]]} - done
            elif path and path not in seen and not (handed and _file(".".join(parts[: length + 1]))):
                seen |= {path} | _neighbours(path)
                todo |= _direct(path) - done
    return sorted(seen)


def with_questions() -> list[str]:
    """The modules with questions: the chapters' own, and those that several chapters ask."""
    found = [*PACKAGE.glob("chapters/*/*/ask.py"), *PACKAGE.glob("questions/[a-z]*.py")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(found)]


def hash_files(files: list[Path]) -> str:
    """Sixteen hex digits over names and contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_hash(module: str) -> str:
    """The hash of an experiment's module and of what decides its data: experiments, machines and layouts.

    Without the registry's list: a new layout changes no answer that does not use it. Without the lab VM's host side:
    it carries experiments, and evidence imports it.
    """
    rooms = ("chapters", "questions", "native", "kvm", "qemu", "lab_vm", "bits")
    files = [p for p in closure({module}) if p.relative_to(PACKAGE).parts[0] in rooms]
    host = (PACKAGE / "lab_vm" / "host", PACKAGE / "lab_vm" / "agent")
    return hash_files([p for p in files if p != PACKAGE / "bits" / "__init__.py" and p.parent not in host])
