"""Read by the parsers that Kaitai Struct generated from ``elf64.ksy`` and ``pe.ksy`` (see ``generate.js``)."""

from __future__ import annotations

from typing import Any

from . import FormatError, Values


def _members(prefix: str, value: Any) -> Values:
    shown = {name: v for name, v in vars(value).items() if not name.startswith("_")}
    return {f"{prefix}.{name}": v.hex() if isinstance(v, bytes) else int(v) for name, v in shown.items()}


def _refused(error: Exception) -> FormatError:
    return FormatError(f"Kaitai Struct: {' '.join(str(error).split())}")


def elf(data: bytes) -> Values:
    """Header and program headers of a 64-bit little-endian ELF file; FormatError with Kaitai's own words."""
    from kaitaistruct import KaitaiStructError

    from .elf64_headers import Elf64Headers

    try:
        parsed = Elf64Headers.from_bytes(data)
        values = _members("ehdr", parsed.ehdr)
        for i, entry in enumerate(parsed.phdr):
            values |= _members(f"phdr[{i}]", entry)
    except (KaitaiStructError, EOFError, ValueError, OverflowError) as error:
        raise _refused(error) from None
    return values


def efi(data: bytes) -> Values:
    """The headers of a PE32+ file; FormatError with Kaitai's own words."""
    from kaitaistruct import KaitaiStructError

    from .pe_headers import PeHeaders

    try:
        parsed = PeHeaders.from_bytes(data)
        values = _members("dos", parsed.dos) | _members("pe", parsed.pe) | _members("opt", parsed.opt)
        for i, entry in enumerate(parsed.section):
            values |= _members(f"section[{i}]", entry)
    except (KaitaiStructError, EOFError, ValueError, OverflowError) as error:
        raise _refused(error) from None
    return values
