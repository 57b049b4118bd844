"""Structures in a file: made from C declarations, read without ever raising, and the same as the kernel's header has them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syslab.bits import elf64 as elf
from syslab.bits import pe
from syslab.bits.structure import MOST, Check, Format, Member, Structure
from syslab.chapters.files.binary_formats.parsers import FILES

ELF, PE = FILES["elf"].read_bytes(), FILES["efi"].read_bytes()
FORMATS = {"elf": (elf.elf64(), ELF), "efi": (pe.pe(), PE)}


def test_members_lie_where_c_puts_them() -> None:
    head, entry = elf.elf64().structures
    assert (head.size, entry.size) == (64, 56)
    where = {m.name: (m.offset, m.size) for m in head.members}
    assert where["e_type"] == (16, 2) and where["e_entry"] == (24, 8) and where["e_shstrndx"] == (62, 2)
    assert [s.size for s in pe.pe().structures] == [64, 24, 72, 40]


@pytest.mark.parametrize("kind", FORMATS)
def test_whole_files_have_no_problem(kind: str) -> None:
    form, data = FORMATS[kind]
    tree = form.read(data)
    assert not tree.problem
    assert all(data[f.offset : f.offset + f.size] for f in tree.found)
    json.dumps(form.to_dict())


@pytest.mark.parametrize("kind", FORMATS)
@given(at=st.integers(0, 0x1D7), byte=st.integers(0, 255), cut=st.integers(0, 0x200))
@example(at=0x36, byte=0, cut=0x200)
@example(at=0x39, byte=0xFF, cut=0x200)
def test_any_bytes_are_read_as_far_as_they_go(kind: str, at: int, byte: int, cut: int) -> None:
    form, data = FORMATS[kind]
    bent = (data[:at] + bytes([byte]) + data[at + 1 :])[:cut]
    tree = form.read(bent)
    assert all(f.offset + f.size <= len(bent) for f in tree.found)
    if tree.problem:
        assert re.search(r"0x|\d", tree.problem), "it says where, or how many"


@given(st.binary(max_size=300))
def test_noise_never_raises(data: bytes) -> None:
    for form, _ in FORMATS.values():
        form.read(data)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({0: 0x7E}, r"^ehdr.ei_mag at 0x0: an ELF file begins with 7f 45 4c 46"),
        ({4: 1}, "^ehdr.ei_class at 0x4"),
        ({5: 2}, "^ehdr.ei_data at 0x5"),
        ({0x36: 0}, "^ehdr.e_phentsize is 0, but a phdr has 56 bytes"),
        ({0x27: 0x80}, "^phdr\\[0\\] would be bytes 0x8000000000000040 to"),
    ],
)
def test_what_is_wrong_and_where(edit: dict[int, int], says: str) -> None:
    data = bytearray(ELF)
    for at, byte in edit.items():
        data[at] = byte
    assert re.search(says, elf.elf64().read(bytes(data)).problem)


@pytest.mark.skipif(not Path("/usr/include/linux/elf.h").is_file(), reason="needs the kernel's headers")
def test_values_are_those_of_the_kernels_headers() -> None:
    text = "".join(Path("/usr/include/linux", name).read_text() for name in ("elf.h", "elf-em.h"))
    known = {m[1]: int(m[2], 0) for m in re.finditer(r"^#define\s+((?:ET|EM|PT|PF)_\w+)\s+(0x[0-9a-f]+|\d+)\b", text, re.M)}
    named = {
        words.split(",")[0]: value
        for layout in (elf.TYPE, elf.MACHINE, elf.PTYPE)
        for value, words in layout.fields[0].values.items()
    }
    compared = [name for name in named if name in known]
    assert len(compared) > 15
    assert {name: named[name] for name in compared} == {name: known[name] for name in compared}
    assert [known[f"PF_{f.name}"] for f in elf.PFLAGS.fields[:3]] == [f.mask for f in elf.PFLAGS.fields[:3]]


def test_long_tables_are_cut_with_a_word() -> None:
    one = Structure("head", "head", (Member("n", 0, 2, "uint16"),))
    many = Structure("row", "row", (Member("x", 0, 1, "uint8"),), (0,), "head.n", 1, (Check("x", 0, "never zero"),))
    tree = Format("toy", (one, many)).read(bytes([0, 1]) + bytes(300))
    assert tree.problem == "row[1].x at 0x1: never zero"
    tree = Format("toy", (one, Structure("row", "row", many.members, (0,), "head.n", 1))).read(bytes([0, 1]) + bytes(300))
    assert len(tree.found) == 1 + MOST
    assert tree.problem == f"head.n is 256; only {MOST} entries are read."


def test_a_header_of_another_layout_is_read_no_further_than_the_member_that_says_so() -> None:
    """Microsoft, PE Format: Optional Header. In a PE32 file (magic 0x10b) image_base has 4 bytes, and lies behind base_of_data."""
    at = int.from_bytes(PE[0x3C:0x40], "little") + 24
    tree = pe.pe().read(PE[:at] + (0x10B).to_bytes(2, "little") + PE[at + 2 :])
    assert tree.values["opt.magic"] == 0x10B and "PE32+" in tree.problem
    assert "opt.image_base" not in tree.values
    assert tree.found[-1].name == "opt.magic"
