"""Junctions and symbolic links of NTFS: the chapter book/files/ntfs-links.md."""

from __future__ import annotations

from .ask import buffers, contents, mounted, one

__all__ = ["buffers", "contents", "mounted", "one"]
