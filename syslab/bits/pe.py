"""The headers of a PE32+ file, as .efi files are: DOS header, COFF and optional header, section table."""

from __future__ import annotations

from functools import cache

from .core import Field, Layout, Source
from .structure import Check, Format, Structure, structures

DEFINITION = """
struct dos {
    uint8  e_magic[2];     // 'M' 'Z'
    uint8  unread[58];
    uint32 e_lfanew;       // where the PE header begins
};
struct pe {
    uint8  signature[4];   // 'P' 'E' 0 0
    uint16 machine;
    uint16 number_of_sections;
    uint32 time_date_stamp;
    uint32 pointer_to_symbol_table;
    uint32 number_of_symbols;
    uint16 size_of_optional_header;
    uint16 characteristics;
};
struct opt {
    uint16 magic;          // 0x20b: PE32+
    uint8  major_linker_version;
    uint8  minor_linker_version;
    uint32 size_of_code;
    uint32 size_of_initialized_data;
    uint32 size_of_uninitialized_data;
    uint32 address_of_entry_point;
    uint32 base_of_code;
    uint64 image_base;
    uint32 section_alignment;
    uint32 file_alignment;
    uint8  versions[16];
    uint32 size_of_image;
    uint32 size_of_headers;
    uint32 check_sum;
    uint16 subsystem;      // 10: EFI application
    uint16 dll_characteristics;
};
struct section {
    uint8  name[8];
    uint32 virtual_size;
    uint32 virtual_address;
    uint32 size_of_raw_data;
    uint32 pointer_to_raw_data;
    uint32 pointer_to_relocations;
    uint32 pointer_to_linenumbers;
    uint16 number_of_relocations;
    uint16 number_of_linenumbers;
    uint32 characteristics;
};
"""

_PE = Source("Microsoft, PE Format", "COFF File Header; Optional Header; Section Table", "by title")


def _enum(name: str, anchor: str, values: dict[int, str]) -> Layout:
    return Layout(name, anchor, 16, (Field(name, 0, "one value", width=16, values=values, show="x"),), sources=(_PE,))


MACHINE = _enum("machine", "pe-machine", {
    0: "unknown", 0x14C: "i386", 0x1C0: "ARM", 0x5064: "RISC-V 64", 0x8664: "x86-64", 0xAA64: "ARM64",
})  # fmt: skip
MAGIC = _enum("magic", "pe-magic", {0x10B: "PE32", 0x20B: "PE32+"})
SUBSYSTEM = _enum("subsystem", "pe-subsystem", {
    0: "unknown", 1: "native", 2: "Windows GUI", 3: "Windows console", 10: "EFI application",
    11: "EFI boot service driver", 12: "EFI runtime driver", 13: "EFI ROM image",
})  # fmt: skip


@cache
def pe() -> Format:
    """The four structures, as :data:`DEFINITION` has them. The optional header goes as far as no data directory."""
    c = structures(DEFINITION)
    return Format("PE32+", (
        Structure("dos", "DOS header", c["dos"], checks=(Check("e_magic", "4d5a", "a PE file begins with 4d 5a, MZ."),)),
        Structure("pe", "PE signature and COFF header", c["pe"], ("dos.e_lfanew",), meanings={"machine": MACHINE},
                  checks=(Check("signature", "50450000", "the signature is 50 45 00 00, PE and two zeros."),)),
        Structure("opt", "optional header", c["opt"], ("dos.e_lfanew", 24), meanings={"magic": MAGIC, "subsystem": SUBSYSTEM},
                  checks=(Check("magic", 0x20B, "only 0x20b, PE32+, is read here."),)),
        Structure("section", "section header", c["section"], ("dos.e_lfanew", 24, "pe.size_of_optional_header"),
                  "pe.number_of_sections", 40),
    ))  # fmt: skip
