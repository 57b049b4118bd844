"""A hypervisor on one page: the chapter book/kvm/first-vm.md."""

from __future__ import annotations

from .ask import cost, ioctls, programs, tries, your_bytes

__all__ = ["cost", "ioctls", "programs", "tries", "your_bytes"]
