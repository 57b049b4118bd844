"""Page-table entry: the chapter book/memory/page-table-entry.md."""

from __future__ import annotations

from .ask import accessed_dirty_kvm, accessed_dirty_tcg, one_access, pagemap, rights_kvm, rights_tcg

__all__ = ["accessed_dirty_kvm", "accessed_dirty_tcg", "one_access", "pagemap", "rights_kvm", "rights_tcg"]
