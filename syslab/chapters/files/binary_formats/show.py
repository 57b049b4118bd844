"""Tables of the chapter on binary formats, and its widget: the heads of both files with their members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.bits.elf64 import PTYPE, TYPE, elf64
from syslab.bits.pe import pe
from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table, Verdict

from .ask import LIBRARIES, NOTE, Edited, Fq, Probe, Refusal, SystemFile
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


def _shown(value: int | str | None) -> str:
    if value is None:
        return "nothing"
    return hex(value) if isinstance(value, int) else value


class Read(NamedTuple):
    """A member of a file, and its value by each reader."""

    kind: str
    member: str
    values: dict[str, str]


def members(libraries: Answer[dict[str, dict[str, Values]]], poke: Answer[dict[str, Values]], fq: Answer[Fq]) -> Table:
    """A few members of both files by every reader; fq has no decoder for the second."""
    rows = []
    for kind, chosen in CHOSEN.items():
        found = {reader: libraries.data[kind][reader] for reader in LIBRARIES} | {"poke": poke.data[kind]}
        found |= {"fq": fq.data["elf"]} if kind == "elf" else {}
        for member in chosen:
            values = {reader: _shown(some.get(member)) for reader, some in found.items()}
            rows.append(Read(kind, member, {"fq": "no decoder", **values}))

    def cell(reader: str) -> Column[Read]:
        return Column(TITLES[reader], lambda row: row.values[reader], number=True)

    columns: list[Column[Read]] = [Column("File", lambda row: FILES[row.kind].name), Column("Member", lambda row: row.member)]
    return Table([libraries, poke, fq], [*columns, *(cell(reader) for reader in TITLES)], rows)


class Agreement(NamedTuple):
    """A reader beside ``struct``: how many members both have, those that differ, and what it does not give."""

    reader: str
    shared: int
    differ: list[str]
    absent: list[str]


def _agreement(reader: str, reference: Values, values: Values) -> Agreement:
    shared = [name for name in values if name in reference]
    absent = [name if name.startswith("ehdr") else name.split(".")[0] for name in reference if name not in values]
    return Agreement(reader, len(shared), [name for name in shared if values[name] != reference[name]], list(dict.fromkeys(absent)))


def agreement(libraries: Answer[dict[str, dict[str, Values]]], poke: Answer[dict[str, Values]], fq: Answer[Fq]) -> Table:
    """Each reader of the ELF file against ``struct``: how many members both have, whether they agree, what is not there."""
    found = {reader: libraries.data["elf"][reader] for reader in LIBRARIES} | {"poke": poke.data["elf"], "fq": fq.data["elf"]}
    rows = [_agreement(TITLES[reader], found["struct"], values) for reader, values in found.items()]
    columns: list[Column[Agreement]] = [
        Column("Reader", lambda row: row.reader),
        Column("Members read", lambda row: row.shared, number=True),
        Column("Same values as struct", lambda row: Verdict(not row.differ, ", ".join(row.differ))),
        Column("Not given", lambda row: ", ".join(row.absent)),
    ]
    return Table([libraries, poke, fq], columns, rows)


def edited(answers: Sequence[Evidence[list[Edited]]]) -> Table:
    """Every reader before and after one byte was written."""

    def kind(value: int) -> str:
        return f"{value:#x}, {PTYPE.fields[0].text(value)}"

    def entries(count: int, stopped: bool) -> str:
        return f"{count}{', then it stops' if stopped else ''}"

    return Table(
        answers,
        [
            Column("Reader", lambda row: TITLES[row["reader"]]),
            Column("phdr[1].p_type before", lambda row: kind(row["before"])),
            Column("after", lambda row: Link(kind(row["after"]), f"#bytes=elf.{NOTE:x}-00")),
            Column("Program headers before", lambda row: entries(row["entries_before"], row["stopped_before"])),
            Column("and after", lambda row: entries(row["entries_after"], row["stopped_after"])),
            Column("Members changed", lambda row: ", ".join(row["changed_members"])),
        ],
    )


def system_files(answers: Sequence[Evidence[list[SystemFile]]]) -> Table:
    """Files of the machine that answered."""
    return Table(
        answers,
        [
            Column("File", lambda row: row["file"]),
            Column("Type", lambda row: "" if row["type"] is None else TYPE.fields[0].text(row["type"])),
            Column("Program headers", lambda row: row["entries"] if not row["why"] else "", number=True),
            Column("Members by all five", lambda row: row["members"] if not row["why"] else "", number=True),
            Column("All agree", lambda row: row["why"] or Verdict(not row["differ"], ", ".join(row["differ"]))),
        ],
    )


def refusals(answers: Sequence[Evidence[list[Refusal]]]) -> Table:
    """Broken bytes, and what is said to them."""
    return Table(
        answers,
        [
            Column("The bytes", lambda row: row["bytes"]),
            Column("plain unpack_from", lambda row: row["unpack"]),
            Column("by struct, with checks", lambda row: row["struct"]),
            Column("Kaitai", lambda row: row["kaitai"].removeprefix("Kaitai Struct: ")),
        ],
    )


def probes(answer: Answer[Fq]) -> Table:
    """What fq says if it may choose the format itself."""
    columns: list[Column[tuple[str, Probe]]] = [
        Column("File", lambda row: FILES[row[0]].name),
        Column("Exit status", lambda row: row[1]["status"], number=True),
        Column("It says", lambda row: row[1]["said"]),
    ]
    return Table(answer, columns, list(answer.data["probe"].items()))


def hex_tree() -> HexTree:
    """The heads of both files, as far as the structures that are read go."""
    from .widget import HexTree, Sample

    samples = {}
    for kind, label, form in (("elf", "page-fault.elf", elf64()), ("efi", "nothing.efi", pe())):
        data = FILES[kind].read_bytes()
        end = max(f.offset + f.size for f in form.read(data).found)
        samples[kind] = Sample(f"{label}, the first {end} bytes", form, data[:end])
    return HexTree(samples)
