"""Read by hand: Python's ``struct``, and the manual beside the keyboard. Nothing but the standard library."""

from __future__ import annotations

from struct import calcsize, unpack_from
from typing import Any

from . import FormatError, Values, need

# < little-endian, no padding; 4s four bytes, x one byte left out, B 1 byte, H 2, I 4, Q 8
EHDR = "<4sBBBBB7sHHIQQQIHHHHHH"
PHDR = "<IIQQQQQQ"
DOS = "<2s58sI"
PE = "<4sHHIIIHH"
OPT = "<HBBIIIIIQII16sIIIHH"
SECTION = "<8sIIIIIIHHI"

EHDR_NAMES = [
    "ei_mag",
    "ei_class",
    "ei_data",
    "ei_version",
    "ei_osabi",
    "ei_abiversion",
    "ei_pad",
    "e_type",
    "e_machine",
    "e_version",
    "e_entry",
    "e_phoff",
    "e_shoff",
    "e_flags",
    "e_ehsize",
    "e_phentsize",
    "e_phnum",
    "e_shentsize",
    "e_shnum",
    "e_shstrndx",
]
PHDR_NAMES = ["p_type", "p_flags", "p_offset", "p_vaddr", "p_paddr", "p_filesz", "p_memsz", "p_align"]
DOS_NAMES = ["e_magic", "unread", "e_lfanew"]
PE_NAMES = [
    "signature",
    "machine",
    "number_of_sections",
    "time_date_stamp",
    "pointer_to_symbol_table",
    "number_of_symbols",
    "size_of_optional_header",
    "characteristics",
]
OPT_NAMES = [
    "magic",
    "major_linker_version",
    "minor_linker_version",
    "size_of_code",
    "size_of_initialized_data",
    "size_of_uninitialized_data",
    "address_of_entry_point",
    "base_of_code",
    "image_base",
    "section_alignment",
    "file_alignment",
    "versions",
    "size_of_image",
    "size_of_headers",
    "check_sum",
    "subsystem",
    "dll_characteristics",
]
SECTION_NAMES = [
    "name",
    "virtual_size",
    "virtual_address",
    "size_of_raw_data",
    "pointer_to_raw_data",
    "pointer_to_relocations",
    "pointer_to_linenumbers",
    "number_of_relocations",
    "number_of_linenumbers",
    "characteristics",
]


def _take(data: bytes, form: str, names: list[str], at: int, prefix: str) -> dict[str, Any]:
    need(data, at, calcsize(form), prefix)
    values = (v.hex() if isinstance(v, bytes) else v for v in unpack_from(form, data, at))
    return {f"{prefix}.{name}": value for name, value in zip(names, values, strict=True)}


def _expect(values: dict[str, Any], name: str, wanted: Any, meaning: str, at: int) -> None:
    if values[name] != wanted:
        shown = values[name] if isinstance(wanted, str) else f"{values[name]:#x}"
        raise FormatError(f"{name} at {at:#x} is {shown or 'nothing'}: {meaning}")


def elf(data: bytes) -> Values:
    """Header and program headers of a 64-bit little-endian ELF file; FormatError says what and where."""
    need(data, 0, 4, "ehdr.ei_mag")
    _expect({"ehdr.ei_mag": data[:4].hex()}, "ehdr.ei_mag", "7f454c46", "an ELF file begins with 7f 45 4c 46", 0)
    values = _take(data, EHDR, EHDR_NAMES, 0, "ehdr")
    _expect(values, "ehdr.ei_class", 2, "only class 2, 64-bit, is read here", 4)
    _expect(values, "ehdr.ei_data", 1, "only data 1, little-endian, is read here", 5)
    step, size = values["ehdr.e_phentsize"], calcsize(PHDR)
    if values["ehdr.e_phnum"] and step < size:
        raise FormatError(f"ehdr.e_phentsize at 0x36 is {step}, but a program header has {size} bytes")
    for i in range(values["ehdr.e_phnum"]):
        values |= _take(data, PHDR, PHDR_NAMES, values["ehdr.e_phoff"] + i * step, f"phdr[{i}]")
    return values


def efi(data: bytes) -> Values:
    """The headers of a PE32+ file; FormatError says what and where."""
    need(data, 0, 2, "dos.e_magic")
    _expect({"dos.e_magic": data[:2].hex()}, "dos.e_magic", "4d5a", "a PE file begins with 4d 5a, MZ", 0)
    values = _take(data, DOS, DOS_NAMES, 0, "dos")
    at = values["dos.e_lfanew"]
    values |= _take(data, PE, PE_NAMES, at, "pe")
    _expect(values, "pe.signature", "50450000", "the signature is 50 45 00 00, PE and two zeros", at)
    values |= _take(data, OPT, OPT_NAMES, at + 24, "opt")
    _expect(values, "opt.magic", 0x20B, "only 0x20b, PE32+, is read here", at + 24)
    table = at + 24 + values["pe.size_of_optional_header"]
    for i in range(values["pe.number_of_sections"]):
        values |= _take(data, SECTION, SECTION_NAMES, table + 40 * i, f"section[{i}]")
    return values
