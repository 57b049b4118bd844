"""ioctl from Python: the chapter book/files/ioctl.md."""

from __future__ import annotations

from .ask import arguments, files, kvm, numbers, one, resized, room

__all__ = ["arguments", "files", "kvm", "numbers", "one", "resized", "room"]
