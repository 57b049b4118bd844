"""What fs.protected_hardlinks and fs.protected_symlinks allow: to whom, with which file, in which directory."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypedDict

from .other_users import NOBODY, SOMEBODY, attempt, may_change_users

HARDLINKS, SYMLINKS = "protected_hardlinks", "protected_symlinks"
ROOT, ORDINARY = "root", "an ordinary user"
_KNOB = "/proc/sys/fs/{}"
_FOREIGN = ("/etc/passwd", "/etc/hosts", os.__file__, "/bin/sh")
"""Files that most users do not own and may not write; one of them may be on the temporary folder's file system."""


def setting(rule: str) -> int | None:
    """What the kernel says, 0 or 1; None where it does not say."""
    try:
        return int(Path(_KNOB.format(rule)).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def switch(rule: str, value: int) -> None:
    """Set it. OSError where this is not allowed. Meant for the lab VM: it changes the whole machine."""
    Path(_KNOB.format(rule)).write_text(f"{value}\n", encoding="ascii")


@dataclass(frozen=True)
class Case:
    """``owner`` of the file or of the symlink, with what ``mode``; ``sticky``: the link's directory is like /tmp."""

    rule: str
    what: str
    who: str
    owner: int
    mode: int = 0o600
    sticky: bool = True


CASES = (
    Case(HARDLINKS, "one's own file", ORDINARY, NOBODY),
    Case(HARDLINKS, "another's file that one may read and write", ORDINARY, SOMEBODY, 0o666),
    Case(HARDLINKS, "another's file that one may not write", ORDINARY, SOMEBODY, 0o644),
    Case(HARDLINKS, "another's file that one may not write", ROOT, SOMEBODY, 0o644),
    Case(SYMLINKS, "one's own symlink in a sticky directory", ORDINARY, NOBODY),
    Case(SYMLINKS, "a symlink of the sticky directory's owner", ORDINARY, 0),
    Case(SYMLINKS, "another's symlink in a directory that is not sticky", ORDINARY, SOMEBODY, sticky=False),
    Case(SYMLINKS, "another's symlink in a sticky directory", ORDINARY, SOMEBODY),
    Case(SYMLINKS, "another's symlink in a sticky directory", ROOT, SOMEBODY),
)


class Outcome(TypedDict):
    """A case: ``setting`` of its rule (None: unknown), and "" or an errno's name, or None where this user cannot try it."""

    rule: str
    setting: int | None
    what: str
    who: str
    result: str | None


def outcomes() -> Iterator[Outcome]:
    """A row for each of :data:`CASES`."""
    several = may_change_users()
    for case in CASES:
        result = _as_root(case) if several else _as_oneself(case)
        yield {"rule": case.rule, "setting": setting(case.rule), "what": case.what, "who": case.who, "result": result}


def _action(case: Case, fd: int, source: str = "file") -> Callable[[], object]:
    """All below ``fd``, since another user cannot reach a private folder by its path."""
    if case.rule == HARDLINKS:
        return partial(os.link, source, "new", src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    return partial(os.stat, "link", dir_fd=fd)


def _as_root(case: Case) -> str:
    with tempfile.TemporaryDirectory(prefix="syslab-") as home:
        fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fchmod(fd, 0o777 | (stat.S_ISVTX if case.sticky else 0))
            _make(case, fd)
            return attempt(_action(case, fd), NOBODY if case.who == ORDINARY else None)
        finally:
            os.close(fd)


def _make(case: Case, fd: int) -> None:
    file = os.open("file", os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=fd)
    os.fchmod(file, case.mode)
    os.close(file)
    if case.rule == SYMLINKS:
        os.symlink("file", "link", dir_fd=fd)
    if os.geteuid() == 0:
        os.chown("file" if case.rule == HARDLINKS else "link", case.owner, case.owner, dir_fd=fd, follow_symlinks=False)


def _as_oneself(case: Case) -> str | None:
    """What a user without privileges can try: his own, and files that are there for everybody."""
    own = case.owner == NOBODY
    if case.who == ROOT or not (own or case.mode == 0o644):
        return None
    with tempfile.TemporaryDirectory(prefix="syslab-") as home:
        source = "file" if own else _foreign(home)
        fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fchmod(fd, 0o777 | stat.S_ISVTX)
            _make(case, fd)
            return attempt(_action(case, fd, source)) if source else None
        finally:
            os.close(fd)


def _foreign(home: str) -> str:
    for path in _FOREIGN:
        try:
            seen = os.lstat(path)
        except OSError:
            continue
        same = seen.st_dev == os.stat(home).st_dev and stat.S_ISREG(seen.st_mode)
        if same and seen.st_uid != os.geteuid() and not os.access(path, os.W_OK):
            return path
    return ""
