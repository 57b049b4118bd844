"""What can go wrong with the lab VM."""

from __future__ import annotations

from typing import Any


class LabError(RuntimeError):
    """All of them. ``rows`` are what the experiment had measured by then."""

    def __init__(self, message: str, rows: list[Any] | None = None) -> None:
        super().__init__(message)
        self.rows = rows or []


class LabMissing(LabError):
    """There is no lab VM here: ``why``, and ``helps``, what would change that ("" where nothing simple does)."""

    def __init__(self, why: str, helps: str = "") -> None:
        super().__init__(f"no lab VM: {why}" + (f" ({helps})" if helps else ""))
        self.why, self.helps = why, helps


class LabCorrupt(LabError):
    """The kept image is not what was built, or does not start."""


class LabHung(LabError):
    """The guest did not answer in time and was killed."""


class LabDied(LabError):
    """QEMU ended while an experiment ran; the message has the last lines of the guest's console."""
