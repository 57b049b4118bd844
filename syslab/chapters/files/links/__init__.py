"""Hard links and symbolic links: the chapter book/files/links.md."""
