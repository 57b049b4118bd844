"""What the lab VM boots: Debian's kernel as it is, and an initramfs of Python, KVM's modules and our agent."""

from __future__ import annotations

import json
import marshal
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

from ..agent import IMAGE, MODULES, WARM
from . import packages
from .errors import LabMissing
from .kernel import Kernel

AGENT = Path(__file__).parents[1] / "agent"
INIT = "import sys\nsys.path.append('/lab')\nfrom agent.main import main\nmain()\n"
# The standard library without what a guest has no use for; C modules whose libraries are not in the image go too.
_NOT = "lib2to3|distutils|unittest|pydoc_data|idlelib|ensurepip|tkinter|turtledemo|asyncio|wsgiref|xmlrpc|curses|sqlite3|dbm|venv|test|__phello__|multiprocessing|http|email/.*test|config-3.*"
_FOREIGN = "_ssl|_sqlite3|_curses.*|_test.*|_codecs_.*|_multibytecodec|audioop|readline|ossaudiodev|nis|_dbm|_gdbm|_tkinter|xx.*|_xx.*|_lzma|_bz2|_crypt|_hashlib|_ctypes_test|_multiprocessing"
_PYTHON = re.compile(
    rf"usr/bin/python3\.\d+|usr/lib/python3\.\d+/(?!(?:{_NOT})/|lib-dynload/|pydoc\.py|turtle\.py|sitecustomize\.py).*\.py"
    rf"|usr/lib/python3\.\d+/lib-dynload/(?!(?:{_FOREIGN})\.).*\.so"
)
_LIBRARY = re.compile(
    r"(?:usr/)?(?:lib64/ld-linux-x86-64\.so\.2"
    r"|lib/x86_64-linux-gnu/(?:ld-linux-x86-64\.so\.2|lib(?:c|m|dl|pthread|rt|util|expat|z|ffi)[.-].*so.*|lib(?:c|m|dl|pthread|rt|util|expat|z|ffi)\.so.*))"
)


def cpio(entries: Sequence[tuple[str, int, bytes]]) -> bytes:
    """A "newc" archive of (path, mode, content), which the kernel unpacks as its root."""
    parts: list[bytes] = []
    for number, (path, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        name = path.encode() + b"\0"
        links = 2 if mode >> 12 == 4 else 1
        fields = (number if mode else 0, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]
    return b"".join(parts)


def make(debs: Sequence[Path]) -> tuple[bytes, bytes, list[str]]:
    """Kernel, initramfs and the packages' versions. LabMissing if a part is not in the packages."""
    tree: dict[str, tuple[int, bytes]] = {}
    kernel = Kernel([packages.opened(deb) for deb in debs if deb.name.startswith("linux-")], MODULES)
    for deb in debs:
        if not deb.name.startswith("linux-"):
            wanted = _LIBRARY if not re.search("python", deb.name) else _PYTHON
            for path, mode, content in packages.members(deb, wanted):
                tree[_merged(path)] = (mode, content.encode() if isinstance(content, str) else content)
    python = sorted((path for path in tree if re.fullmatch(r"usr/bin/python3\.\d+", path)), key=len)
    absent = kernel.absent + ([] if python else ["python3"])
    absent += [name for name in ("libc.so.6", "libffi.so") if not any(name in path for path in tree)]
    if absent:
        raise LabMissing(f"the packages lack {', '.join(absent)}")
    used = [packages.version(deb) for deb in debs]
    about = {"packages": used, "modules": list(kernel.modules)}
    tree[IMAGE.lstrip("/")] = (0o100644, json.dumps(about).encode())
    tree |= {f"lab/modules/{name}.ko": (0o100644, content) for name, content in kernel.modules.items()}
    tree.update(_compiled(tree, python[-1].rsplit("/", 1)[1]))
    tree |= {f"lab/agent/{path.name}": (0o100644, path.read_bytes()) for path in AGENT.glob("*.py")}
    tree["init"] = (0o100755, f"#!/{python[-1]} -IBS\n{INIT}".encode())
    tree["usr/bin/python3"] = (0o120777, python[-1].rsplit("/", 1)[1].encode())
    for link, to in (("lib", "usr/lib"), ("lib64", "usr/lib64"), ("bin", "usr/bin")):
        tree[link] = (0o120777, to.encode())
    tree.setdefault("usr/lib64/ld-linux-x86-64.so.2", (0o120777, b"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
    folders = {parent.as_posix() for path in tree for parent in Path(path).parents} - {"."}
    folders |= {"proc", "sys", "dev", "tmp", "run", "etc"}
    entries = [(path, 0o040755, b"") for path in sorted(folders)]
    entries += [(path, mode, content) for path, (mode, content) in sorted(tree.items())]
    return kernel.image, cpio(entries), used


def _merged(path: str) -> str:
    """Where it is on a system with one /usr."""
    return path if path.startswith("usr/") else f"usr/{path}"


def _compiled(tree: dict[str, tuple[int, bytes]], python: str) -> dict[str, tuple[int, bytes]]:
    """What the agent imports, compiled here if here runs the same Python: in there it takes seconds."""
    if python != f"python{sys.version_info[0]}.{sys.version_info[1]}":
        return {}
    for name in WARM:
        import_module(name)
    base = f"usr/lib/{python}/"
    made = {}
    for name in {*sys.modules, *WARM}:
        for path in (f"{base}{name.replace('.', '/')}.py", f"{base}{name.replace('.', '/')}/__init__.py"):
            if path in tree:
                folder, _, file = path.rpartition("/")
                code = compiled(tree[path][1], f"/{path}")
                made[f"{folder}/__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"] = (0o100644, code)
    return made


def compiled(source: bytes, path: str) -> bytes:
    """A .pyc for ``path`` that is never checked against its source."""
    code = compile(source, path, "exec", dont_inherit=True)
    return MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(source) + marshal.dumps(code)
