"""A file descriptor that says which of KVM's objects is closed, and is closed when nobody has it any more."""

from __future__ import annotations

import os


class KvmClosed(RuntimeError):
    """The Kvm, Vm or Vcpu that was used is closed."""


class File:
    """Owns descriptor ``number`` of a ``what``, such as ``VM``."""

    def __init__(self, number: int, what: str) -> None:
        self._number, self._what = number, what

    @property
    def number(self) -> int:
        """The descriptor; :class:`KvmClosed` afterwards."""
        if self._number < 0:
            raise KvmClosed(f"this {self._what} is closed")
        return self._number

    @property
    def open(self) -> bool:
        """Whether it is not closed yet."""
        return self._number >= 0

    def close(self) -> None:
        """A second call does nothing."""
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        self.close()
