"""A real folder that takes the calls of ``chapters/files/links/model.py`` and says what it then looks like."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

from .model import DIRECTORY, FILE, SYMLINK, lowest_free, parse
from .state import Name, OpenFile, State

_KINDS = {stat.S_IFREG: FILE, stat.S_IFLNK: SYMLINK, stat.S_IFDIR: DIRECTORY}


class Folder:
    """A context manager: a temporary folder, below ``base`` if given, gone in the end together with what is open.

    All paths are resolved from the folder's own descriptor, so that symlinks on the way to it do not count.
    """

    def __init__(self, base: str | None = None) -> None:
        self._base, self._made = base, 0
        self._files: dict[int, int] = {}
        self._numbers: dict[int, int] = {}  # st_ino -> which one made here; the file system uses it again

    def __enter__(self) -> Folder:
        self._home = tempfile.TemporaryDirectory(prefix="syslab-", dir=self._base)
        self.path = Path(self._home.name) / "folder"
        self.path.mkdir()
        self.fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (*self._files.values(), self.fd):
            os.close(fd)
        self._home.cleanup()

    def do(self, step: str) -> str:
        """One call for real: ``""``, or the errno's name. ValueError for a step that is none."""
        call, operands = parse(step)
        try:
            getattr(self, f"_{call.key}")(*operands)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return ""

    def _create(self, path: str) -> None:
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=self.fd)
        self._count(os.fstat(fd))
        os.write(fd, f"text {self._made}".encode())
        os.close(fd)

    def _count(self, seen: os.stat_result) -> None:
        self._made += 1
        self._numbers[seen.st_ino] = self._made

    def _symlink(self, target: str, path: str) -> None:
        os.symlink(target, path, dir_fd=self.fd)
        self._count(os.lstat(path, dir_fd=self.fd))

    def _mkdir(self, path: str) -> None:
        os.mkdir(path, dir_fd=self.fd)
        self._count(os.lstat(path, dir_fd=self.fd))

    def _link(self, old: str, new: str) -> None:
        os.link(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)

    def _rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def _unlink(self, path: str) -> None:
        os.unlink(path, dir_fd=self.fd)

    def _rmdir(self, path: str) -> None:
        os.rmdir(path, dir_fd=self.fd)

    def _open(self, path: str) -> None:
        fd = os.open(path, os.O_RDWR, dir_fd=self.fd)
        self._files[lowest_free(self._files)] = fd

    def _close(self, descriptor: str) -> None:
        if int(descriptor) not in self._files:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        os.close(self._files.pop(int(descriptor)))

    def state(self) -> State:
        """As :meth:`Model.state <syslab.chapters.files.links.model.Model.state>`, from what the machine says. The inode of each name is
        told by its number: the first one made here is 1."""
        rows = []
        for path in sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*")):
            seen = os.lstat(path, dir_fd=self.fd)
            kind = _KINDS[stat.S_IFMT(seen.st_mode)]
            target = os.readlink(path, dir_fd=self.fd) if kind == SYMLINK else ""
            links = None if kind == DIRECTORY else seen.st_nlink
            rows.append(list(Name(path, self._numbers[seen.st_ino], kind, links, target, self.reads(path))))
        files = []
        for number, fd in sorted(self._files.items()):
            seen = os.fstat(fd)
            files.append(list(OpenFile(number, self._numbers[seen.st_ino], seen.st_nlink, os.pread(fd, 100, 0).decode())))
        return {"names": rows, "files": files}

    def reads(self, path: str) -> str:
        """What a file contains that is opened by this name, or the errno's name."""
        try:
            fd = os.open(path, os.O_RDWR, dir_fd=self.fd)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        text = os.pread(fd, 100, 0).decode()
        os.close(fd)
        return text
