"""One file read by several means, all answering alike: name of a member -> its value, an int or the hex digits of bytes.

:data:`FILES` are the project's own, there for every reader: an ELF program and a UEFI application.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[4]
FILES = {"elf": PACKAGE / "qemu" / "guest" / "page-fault.elf", "efi": Path(__file__).parents[1] / "efi" / "nothing.efi"}

Values = dict[str, int | str]
"""``{"ehdr.ei_mag": "7f454c46", "ehdr.e_type": 2, "phdr[0].p_type": 1, ...}``, in the order of the file's structures."""


class FormatError(ValueError):
    """The bytes are not what the reader takes them for: what is wrong, and where."""


def need(data: bytes, start: int, size: int, what: str) -> None:
    """FormatError unless ``data`` has the ``size`` bytes from ``start`` on."""
    if start + size > len(data):
        raise FormatError(f"{what} would be bytes {start:#x} to {start + size - 1:#x}, but the file has {len(data):#x} bytes")
