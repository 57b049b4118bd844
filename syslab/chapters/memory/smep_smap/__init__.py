"""SMEP and SMAP: the chapter book/memory/smep-smap.md."""
