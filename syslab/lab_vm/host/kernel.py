"""The kernel and the modules that the agent loads, out of a distribution's packages.

What is a module in one kernel is built into the next, and what a module needs changes too. So nothing of it is a list
here: ``modules.builtin`` names what is built in, and each module names those that it depends on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from importlib import import_module

from .errors import LabMissing

_KERNEL = re.compile(r"boot/vmlinuz-.*")
_BUILTIN = re.compile(r"(?:usr/)?lib/modules/[^/]+/modules\.builtin")
_MODULE = re.compile(r"(?:usr/)?lib/modules/.*/([^/]+)\.ko(\.xz|\.zst|\.gz)?")
_DEPENDS = re.compile(rb"depends=([\w,-]*)\0")


class Kernel:
    """A kernel in opened packages: its image, and the modules that ``roots`` and all they depend on need.

    ``modules`` are name (as the file has it) -> content, in an order in which they can be loaded; what is built into
    the kernel is not among them. ``absent`` are the parts that the packages lack.
    """

    def __init__(self, archives: Sequence[tarfile.TarFile], roots: Sequence[str]) -> None:
        self.image = b""
        self.modules: dict[str, bytes] = {}
        self.absent: list[str] = []
        self._builtin: set[str] = set()
        self._files: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo, str, str]] = {}
        for archive in archives:
            for entry in archive:
                self._sort(archive, entry)
        if not self.image:
            self.absent.append("the kernel")
        for root in roots:
            self._need(root)

    def _sort(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        path = entry.name.removeprefix("./")
        if not entry.isfile():
            return
        if _KERNEL.fullmatch(path):
            self.image = _read(archive, entry)
        elif _BUILTIN.fullmatch(path):
            lines = _read(archive, entry).decode(errors="replace").split()
            self._builtin |= {_key(line.rsplit("/", 1)[-1].removesuffix(".ko")) for line in lines}
        elif found := _MODULE.fullmatch(path):
            self._files[_key(found[1])] = archive, entry, found[1], found[2] or ""

    def _need(self, name: str) -> None:
        key = _key(name)
        if key in self._builtin or key in {_key(loaded) for loaded in self.modules}:
            return
        if key not in self._files:
            self.absent.append(f"{name}.ko")
            return
        archive, entry, name, suffix = self._files[key]
        content = _plain(_read(archive, entry), suffix)
        if not (depends := _DEPENDS.search(content)):
            raise LabMissing(f"{entry.name} in the packages is no kernel module")
        for other in filter(None, depends[1].decode().split(",")):
            self._need(other)
        self.modules[name] = content


def _key(name: str) -> str:
    """The kernel takes both spellings for one: kvm-amd is loaded as kvm_amd."""
    return name.replace("-", "_")


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    return file.read() if file else b""


def _plain(content: bytes, suffix: str) -> bytes:
    """A module uncompressed. LabMissing where neither this Python nor a program here can."""
    if suffix == ".zst":
        return _unzstd(content)
    if not suffix:
        return content
    try:
        return bytes(import_module({".xz": "lzma", ".gz": "gzip"}[suffix]).decompress(content))
    except ImportError as error:
        raise LabMissing(f"this kernel's modules are {suffix} files, which this Python cannot read: {error}") from None
    except Exception as error:  # OSError, EOFError, zlib.error, lzma.LZMAError: each names its own
        raise LabMissing(f"a module of this kernel cannot be read: {error}") from None


def _unzstd(content: bytes) -> bytes:
    program = shutil.which("zstd")
    if not program:
        raise LabMissing("this kernel's modules are compressed with zstd, which is not installed", "apt install zstd")
    done = subprocess.run([program, "-dc"], input=content, capture_output=True, timeout=60, start_new_session=True)
    if done.returncode:
        raise LabMissing(f"zstd cannot read a module of this kernel: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return done.stdout
