"""Hard links and symbolic links: the chapter book/files/links.md."""

from __future__ import annotations

from .ask import across, chain, directory_counts, each, one, protections, protections_switched, sizes, stories, without_name

__all__ = [
    "across",
    "chain",
    "directory_counts",
    "each",
    "one",
    "protections",
    "protections_switched",
    "sizes",
    "stories",
    "without_name",
]
