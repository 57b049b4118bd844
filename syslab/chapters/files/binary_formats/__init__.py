"""Tools for binary formats: the chapter book/files/binary-formats.md."""
