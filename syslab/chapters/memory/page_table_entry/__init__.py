"""Page-table entry: the chapter book/memory/page-table-entry.md."""

from __future__ import annotations

from .ask import accessed_dirty, one_access, pagemap, rights, tries

__all__ = ["accessed_dirty", "one_access", "pagemap", "rights", "tries"]
