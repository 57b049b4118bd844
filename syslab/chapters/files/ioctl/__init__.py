"""ioctl from Python: the chapter book/files/ioctl.md."""
