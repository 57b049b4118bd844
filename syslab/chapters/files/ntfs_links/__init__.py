"""Junctions and symbolic links of NTFS: the chapter book/files/ntfs-links.md."""
