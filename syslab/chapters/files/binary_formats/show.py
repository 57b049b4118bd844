"""Tables of the chapter on binary formats, and its widget: the heads of both files with their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.bits.elf64 import PTYPE, TYPE, elf64
from syslab.bits.pe import pe
from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, Verdict

from .ask import NOTE
from .parsers import FILES, Values

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import HexTree

TITLES = {"struct": "struct", "cstruct": "C declarations", "kaitai": "Kaitai", "poke": "GNU poke", "fq": "fq"}
CHOSEN = {
    "elf": ("ehdr.ei_mag", "ehdr.e_type", "ehdr.e_machine", "ehdr.e_entry", "ehdr.e_phnum", "phdr[0].p_flags", "phdr[1].p_type",
            "phdr[2].p_type"),
    "efi": ("dos.e_magic", "dos.e_lfanew", "pe.signature", "pe.machine", "pe.number_of_sections", "opt.magic", "opt.subsystem",
            "section[0].virtual_address"),
}  # fmt: skip
Row = dict[str, Any]


def _shown(value: int | str | None) -> str:
    if value is None:
        return "nothing"
    return hex(value) if isinstance(value, int) else value


def members(kind: str, libraries: Evidence, poke: Evidence, fq: Evidence | None = None) -> Measured:
    """A few members of the file ``kind`` by every reader."""
    found: dict[str, Values] = libraries.data[kind] | {"poke": poke.data[kind]} | ({"fq": fq.data[kind]} if fq else {})
    rows: list[Row] = [{"member": name} | {reader: values.get(name) for reader, values in found.items()} for name in CHOSEN[kind]]

    def cell(reader: str) -> Column:
        return Column(TITLES[reader], lambda row: _shown(row[reader]), number=True)

    also = [poke] if fq is None else [poke, fq]
    return Measured(libraries, [Column("Member", "member"), *map(cell, found)], rows, also=also)


def _compared(reference: Values, values: Values) -> tuple[int, list[str]]:
    shared = [name for name in values if name in reference]
    return len(shared), [name for name in shared if values[name] != reference[name]]


def agreement(libraries: Evidence, poke: Evidence, fq: Evidence) -> Measured:
    """Each reader of the ELF file against ``struct``: how many members both have, whether they agree, what is not there."""
    reference: Values = libraries.data["elf"]["struct"]
    rows = []
    for reader, values in (libraries.data["elf"] | {"poke": poke.data["elf"], "fq": fq.data["elf"]}).items():
        shared, differ = _compared(reference, values)
        absent = [name for name in reference if name not in values]
        absent = list(dict.fromkeys(name if name.startswith("ehdr") else name.split(".")[0] for name in absent))
        rows.append({"reader": TITLES[reader], "shared": shared, "differ": differ, "absent": absent})
    columns = [
        Column("Reader", "reader"),
        Column("Members read", "shared", number=True),
        Column("Same values as struct", lambda row: Verdict(not row["differ"], ", ".join(row["differ"]))),
        Column("Not given", lambda row: ", ".join(row["absent"])),
    ]
    return Measured(libraries, columns, rows, also=[poke, fq])


def edited(answer: Evidence) -> Measured:
    """Every reader before and after one byte was written."""

    def kind(value: int) -> str:
        return f"{value:#x}, {PTYPE.fields[0].text(value)}"

    def entries(row: Row, when: str) -> str:
        return f"{row['entries_' + when]}{', then it stops' if row['stopped_' + when] else ''}"

    columns = [
        Column("Reader", lambda row: TITLES[row["reader"]]),
        Column("phdr[1].p_type before", lambda row: kind(row["before"])),
        Column("after", lambda row: Link(kind(row["after"]), f"#bytes=elf.{NOTE:x}-00")),
        Column("Program headers before", lambda row: entries(row, "before")),
        Column("and after", lambda row: entries(row, "after")),
        Column("Members changed", lambda row: ", ".join(row["changed_members"])),
    ]
    return Measured(answer, columns)


def system_files(answer: Evidence) -> Measured:
    """Files of the machine that answered."""
    columns = [
        Column("File", "file"),
        Column("Type", lambda row: "" if row["type"] is None else TYPE.fields[0].text(row["type"])),
        Column("Program headers", lambda row: row["entries"] if not row["why"] else "", number=True),
        Column("Members by all five", lambda row: row["members"] if not row["why"] else "", number=True),
        Column("All agree", lambda row: row["why"] or Verdict(not row["differ"], ", ".join(row["differ"]))),
    ]
    return Measured(answer, columns)


def refusals(answer: Evidence) -> Measured:
    """Broken bytes, and what is said to them."""
    columns = [
        Column("The bytes", "bytes"),
        Column("plain unpack_from", "unpack"),
        Column("by struct, with checks", "struct"),
        Column("Kaitai", lambda row: row["kaitai"].removeprefix("Kaitai Struct: ")),
    ]
    return Measured(answer, columns)


def probes(answer: Evidence) -> Measured:
    """What fq says if it may choose the format itself."""
    rows = [{"file": FILES[kind].name} | said for kind, said in answer.data["probe"].items()]
    columns = [Column("File", "file"), Column("Exit status", "status", number=True), Column("It says", "said")]
    return Measured(answer, columns, rows)


def hex_tree() -> HexTree:
    """The heads of both files, as far as the structures that are read go."""
    from .widget import HexTree, Sample

    samples = {}
    for kind, label, form in (("elf", "page-fault.elf", elf64()), ("efi", "nothing.efi", pe())):
        data = FILES[kind].read_bytes()
        end = max(f.offset + f.size for f in form.read(data).found)
        samples[kind] = Sample(f"{label}, the first {end} bytes", form, data[:end])
    return HexTree(samples)
