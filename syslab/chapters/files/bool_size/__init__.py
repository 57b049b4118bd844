"""The size of bool: the chapter book/files/bool-size.md."""
