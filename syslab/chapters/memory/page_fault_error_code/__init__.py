"""Page-fault error code: the chapter book/memory/page-fault-error-code.md."""

from __future__ import annotations

from .ask import faults, last_page, one_fault, tries

__all__ = ["faults", "last_page", "one_fault", "tries"]
