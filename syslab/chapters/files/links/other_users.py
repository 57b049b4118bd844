"""A file operation as another user, for a process that may become one: a forked child tries it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

NOBODY, SOMEBODY = 65534, 65533
"""Two user numbers that own nothing else. The second one has no name on most machines, and needs none."""


def may_change_users() -> bool:
    """Whether this process can become another user: root can, if its user namespace has the numbers."""
    return os.geteuid() == 0 and attempt(lambda: None, NOBODY) == "" and attempt(lambda: None, SOMEBODY) == ""


def attempt(action: Callable[[], object], user: int | None = None) -> str:
    """``""`` if ``action`` succeeds, else the errno's name; ``user``: in a child that has become this one.

    RuntimeError if the child dies of anything but an OSError.
    """
    if user is None:
        return _result(action)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.write(writer, f"{_result(action)}.".encode())
        except OSError as error:  # it could not become this user
            os.write(writer, f"{_name(error)}.".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if not said.endswith("."):
        raise RuntimeError(f"the child of user {user} died before it answered")
    return said.rstrip(".")


def _result(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return _name(error)
    return ""


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))
