"""Modules of Python's library that Windows lacks. Others of this project take them from here, so that all can be imported.

Where one is absent a stand-in takes its place, and who uses it reads which machine it needs.
"""

from __future__ import annotations

from typing import NoReturn

from syslab.native import UnsupportedMachine, this_machine

__all__ = ["fcntl", "pty", "resource", "termios"]


class Absent:
    """In the place of a module: asked for any of its names it raises :class:`.UnsupportedMachine`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # what Python itself looks for
            raise AttributeError(name)
        raise UnsupportedMachine(f"{self._name}.{name} needs Linux; this machine is {this_machine()}")


try:
    import fcntl
    import pty
    import resource
    import termios
except ModuleNotFoundError:
    fcntl, pty, resource, termios = (Absent(name) for name in __all__)  # type: ignore[assignment]
