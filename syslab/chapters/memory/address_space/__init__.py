"""The 64-bit address space: the chapter book/memory/address-space.md."""
