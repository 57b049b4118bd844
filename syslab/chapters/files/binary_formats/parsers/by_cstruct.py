"""Read by C declarations: dissect.cstruct takes the text of :mod:`syslab.bits.elf64` and :mod:`~syslab.bits.pe`."""

from __future__ import annotations

from typing import Any

from syslab.bits import elf64, pe

from . import FormatError, Values


def _members(prefix: str, value: Any) -> Values:
    def plain(v: Any) -> int | str:
        return bytes(v).hex() if isinstance(v, list) else int(v)

    return {f"{prefix}.{name}": plain(getattr(value, name)) for name in type(value).fields}


def _load(definition: str) -> Any:
    from dissect.cstruct import cstruct

    return cstruct(endian="<").load(definition)


def _at(kind: Any, data: bytes, start: int, what: str) -> Any:
    try:
        return kind(data[start:])
    except EOFError:
        raise FormatError(f"{what} would begin at {start:#x}; the file ends at {len(data):#x}, too early") from None


def _magic(found: Any, wanted: bytes, what: str) -> None:
    if bytes(found) != wanted:
        raise FormatError(f"{what} is {bytes(found).hex(' ')}, not {wanted.hex(' ')}")


def elf(data: bytes) -> Values:
    """Header and program headers of a 64-bit little-endian ELF file; FormatError says what and where."""
    c = _load(elf64.DEFINITION)
    head = _at(c.ehdr, data, 0, "ehdr")
    _magic(head.ei_mag, b"\x7fELF", "ehdr.ei_mag")
    if (head.ei_class, head.ei_data) != (2, 1):
        raise FormatError(f"ehdr.ei_class and ei_data are {head.ei_class} and {head.ei_data}; only 2 and 1 are read here")
    if head.e_phnum and head.e_phentsize < len(c.phdr):
        raise FormatError(f"ehdr.e_phentsize is {head.e_phentsize}, but a phdr has {len(c.phdr)} bytes")
    values = _members("ehdr", head)
    for i in range(head.e_phnum):
        values |= _members(f"phdr[{i}]", _at(c.phdr, data, head.e_phoff + i * head.e_phentsize, f"phdr[{i}]"))
    return values


def efi(data: bytes) -> Values:
    """The headers of a PE32+ file; FormatError says what and where."""
    c = _load(pe.DEFINITION)
    dos = _at(c.dos, data, 0, "dos")
    _magic(dos.e_magic, b"MZ", "dos.e_magic")
    head = _at(c.pe, data, dos.e_lfanew, "pe")
    _magic(head.signature, b"PE\0\0", "pe.signature")
    opt = _at(c.opt, data, dos.e_lfanew + len(c.pe), "opt")
    if opt.magic != 0x20B:
        raise FormatError(f"opt.magic is {opt.magic:#x}; only 0x20b, PE32+, is read here")
    values = _members("dos", dos) | _members("pe", head) | _members("opt", opt)
    table = dos.e_lfanew + len(c.pe) + head.size_of_optional_header
    for i in range(head.number_of_sections):
        values |= _members(f"section[{i}]", _at(c.section, data, table + i * len(c.section), f"section[{i}]"))
    return values
