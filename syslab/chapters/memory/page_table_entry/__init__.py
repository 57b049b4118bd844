"""Page-table entry: the chapter book/memory/page-table-entry.md."""
