"""The first structures of a 64-bit little-endian ELF file: the header and the program headers."""

from __future__ import annotations

from functools import cache

from .core import Case, Field, Layout, Source, otherwise
from .structure import Check, Format, Structure, structures

DEFINITION = """
struct ehdr {
    uint8  ei_mag[4];      // 7f 'E' 'L' 'F'
    uint8  ei_class;       // 2: 64-bit
    uint8  ei_data;        // 1: little-endian
    uint8  ei_version;
    uint8  ei_osabi;
    uint8  ei_abiversion;
    uint8  ei_pad[7];
    uint16 e_type;
    uint16 e_machine;
    uint32 e_version;
    uint64 e_entry;
    uint64 e_phoff;
    uint64 e_shoff;
    uint32 e_flags;
    uint16 e_ehsize;
    uint16 e_phentsize;
    uint16 e_phnum;
    uint16 e_shentsize;
    uint16 e_shnum;
    uint16 e_shstrndx;
};
struct phdr {
    uint32 p_type;
    uint32 p_flags;
    uint64 p_offset;
    uint64 p_vaddr;
    uint64 p_paddr;
    uint64 p_filesz;
    uint64 p_memsz;
    uint64 p_align;
};
"""

_GABI = Source(
    "System V ABI (gABI)", "ELF Header; Program Header", "by title; values as in Linux include/uapi/linux/elf.h and elf-em.h"
)


def _enum(name: str, anchor: str, width: int, values: dict[int, str]) -> Layout:
    return Layout(name, anchor, width, (Field(name, 0, "one value", width=width, values=values, show="x"),), sources=(_GABI,))


CLASS = _enum("ei_class", "elf-class", 8, {0: "invalid", 1: "32-bit", 2: "64-bit"})
DATA = _enum("ei_data", "elf-data", 8, {0: "invalid", 1: "little-endian", 2: "big-endian"})
TYPE = _enum("e_type", "elf-type", 16, {
    0: "ET_NONE, no file type", 1: "ET_REL, an object file", 2: "ET_EXEC, a program at a fixed address",
    3: "ET_DYN, a shared library or a program at any address", 4: "ET_CORE, a core dump",
})  # fmt: skip
MACHINE = _enum("e_machine", "elf-machine", 16, {
    0: "EM_NONE", 3: "EM_386", 8: "EM_MIPS", 20: "EM_PPC", 21: "EM_PPC64", 22: "EM_S390", 40: "EM_ARM", 62: "EM_X86_64",
    183: "EM_AARCH64", 243: "EM_RISCV", 258: "EM_LOONGARCH",
})  # fmt: skip
PTYPE = _enum("p_type", "elf-ptype", 32, {
    0: "PT_NULL, unused", 1: "PT_LOAD, to be loaded", 2: "PT_DYNAMIC", 3: "PT_INTERP", 4: "PT_NOTE", 5: "PT_SHLIB",
    6: "PT_PHDR", 7: "PT_TLS", 0x6474E550: "PT_GNU_EH_FRAME", 0x6474E551: "PT_GNU_STACK", 0x6474E552: "PT_GNU_RELRO",
    0x6474E553: "PT_GNU_PROPERTY",
})  # fmt: skip
PFLAGS = Layout(
    "p_flags", "elf-pflags", 32,
    (Field("X", 0, "execute", linux=("PF_X",)), Field("W", 1, "write", linux=("PF_W",)), Field("R", 2, "read", linux=("PF_R",)),
     Field("OS", 20, "for the operating system", width=8, show="x"), Field("PROC", 28, "for the processor", width=4, show="x")),
    sources=(_GABI,),
    clauses=(
        tuple(Case(7, n, words) for n, words in enumerate((
            "no rights", "execute", "write", "write, execute", "read", "read, execute", "read, write", "read, write, execute",
        ))),
        (Case(0xFFF00000, 0, ""), otherwise("; for the OS {OS}, for the processor {PROC}")),
        (otherwise("."),),
    ),
)  # fmt: skip


@cache
def elf64() -> Format:
    """Header and program headers, as :data:`DEFINITION` has them."""
    c = structures(DEFINITION)
    checks = (
        Check("ei_mag", "7f454c46", "an ELF file begins with 7f 45 4c 46."),
        Check("ei_class", 2, "only class 2, 64-bit, is read here."),
        Check("ei_data", 1, "only data 1, little-endian, is read here."),
    )
    head = {"ei_class": CLASS, "ei_data": DATA, "e_type": TYPE, "e_machine": MACHINE}
    return Format("ELF, 64-bit", (
        Structure("ehdr", "ELF header", c["ehdr"], checks=checks, meanings=head),
        Structure("phdr", "program header", c["phdr"], ("ehdr.e_phoff",), "ehdr.e_phnum", "ehdr.e_phentsize",
                  meanings={"p_type": PTYPE, "p_flags": PFLAGS}),
    ))  # fmt: skip
