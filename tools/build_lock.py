"""One build at a time in a checkout. The kernel frees the lock of a process that died, however it died."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .environment import BUILD

HANDED = "RSN_BUILD_LOCK"  # the file descriptor of a lock that our parent holds and hands on


def _say(line: str) -> None:
    print(line, flush=True)


def _is(fd: int, path: Path) -> bool:
    """Whether ``fd`` is the file that ``path`` names now: ``make clean`` may have removed it in the meantime."""
    try:
        ours, there = os.fstat(fd), path.stat()
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def handed(path: Path = BUILD / "lock") -> int | None:
    """The lock's file descriptor if this process or its parent holds it, for ``pass_fds``."""
    number = os.environ.get(HANDED, "")
    if not number.isdecimal() or not _is(int(number), path):
        return None
    os.set_inheritable(int(number), False)  # no program that we start may keep it longer than we do
    return int(number)


def _take(path: Path, say: Callable[[str], object]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                    return fd  # a file system without locks: as good as it gets
                if error.errno != errno.EWOULDBLOCK:
                    raise
                holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
                say(f"Another build is at work in {path.parent} (process {holder or 'not known'}). Waiting until it has finished.")
                fcntl.flock(fd, fcntl.LOCK_EX)
            if _is(fd, path):
                os.ftruncate(fd, 0)
                os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


@contextmanager
def held(say: Callable[[str], object] = _say, path: Path = BUILD / "lock") -> Iterator[None]:
    """Wait for the lock, saying in one line who has it, and hold it; nothing to do if this process or its parent does."""
    if handed(path) is not None:
        yield
        return
    fd = _take(path, say)
    os.environ[HANDED] = str(fd)
    try:
        yield
    finally:
        del os.environ[HANDED]
        os.close(fd)


def descriptors() -> tuple[int, ...]:
    """What a child needs to share the lock that we hold: its ``pass_fds``."""
    fd = handed()
    return () if fd is None else (fd,)
