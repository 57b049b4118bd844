"""The rules of struct layout against the compiler, and what must hold of every layout."""

from __future__ import annotations

import random
import shutil
from functools import reduce
from operator import or_

import pytest

from syslab.chapters.files.bool_size import c_structs
from syslab.chapters.files.bool_size import compiler as c_compiler
from syslab.chapters.files.bool_size.model import BYTES, ELEMENTS, MEMBERS, TYPES, lay_out, parse

COMPILER = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


def declarations(seed: int, number: int) -> list[str]:
    """Random ones, of all kinds of members, a quarter of them packed."""
    choose = random.Random(seed)
    found: list[str] = []
    while len(found) < number:
        items = []
        for _ in range(choose.randint(1, 8)):
            kind = choose.choice(list(TYPES.values()))
            form = choose.choice(["", "", "[]", ":", ":", ":"])
            if form == ":" and kind.widest:
                items.append(f"{kind.name}:{choose.randint(0 if choose.random() < 0.2 else 1, kind.widest)}")
            else:
                items.append(kind.name + (f"[{choose.randint(1, 4)}]" if form == "[]" else ""))
        text = ",".join((["packed"] if choose.random() < 0.25 else []) + items)
        try:
            lay_out(text)
        except ValueError:  # only widths of 0, or too large for the picture
            continue
        found.append(text)
    return found


@pytest.mark.long
@COMPILER
def test_four_hundred_random_structs_are_as_the_compiler_has_them() -> None:
    asked = declarations(seed=7, number=400)
    for text, told in zip(asked, c_structs.measure(asked), strict=True):
        struct = lay_out(text)
        assert (told["size"], told["align"]) == (struct.size, struct.align), text
        assert told["members"] == {name: mask.hex() for name, mask in struct.masks.items()}, text


@COMPILER
def test_the_types_are_as_the_compiler_has_them() -> None:
    for kind in TYPES.values():
        assert c_compiler.constants([f"sizeof({kind.c})", f"_Alignof({kind.c})"]) == [kind.size, kind.align]
        assert c_compiler.check(f"struct {{ {kind.c} a:{kind.widest + 1}; }} s;").accepted is False
        assert c_compiler.check(f"struct {{ {kind.c} a:1; }} s;").accepted is bool(kind.widest)


@pytest.mark.parametrize("seed", range(3))
def test_what_holds_of_every_struct(seed: int) -> None:
    for text in declarations(seed, 200):
        struct = lay_out(text)
        masks = [int.from_bytes(mask, "little") for mask in struct.masks.values()]
        together = reduce(or_, masks)
        assert sum(masks) == together, "members do not overlap"
        assert together.bit_count() + struct.padding == 8 * struct.size
        assert struct.size % struct.align == 0
        starts = [placed.at for placed in struct.members]
        assert starts == sorted(starts), "in the order of the declaration"
        for placed in struct.members:
            unit = 8 * placed.member.type.size
            if not struct.packed and placed.member.bits:
                assert struct.align >= placed.member.type.align
                if placed.member.width is None:
                    assert placed.at % unit == 0
                else:
                    assert placed.at // unit == (placed.at + placed.member.bits - 1) // unit
        assert lay_out(f"packed,{text.removeprefix('packed,')}").size <= struct.size


def test_words() -> None:
    struct = lay_out(" bool , int:3, int:0, short")
    assert [placed.where for placed in struct.members] == ["byte 0", "byte 1, bits 0 to 2", "the next unit begins", "bytes 4 to 5"]
    assert [placed.name for placed in struct.members] == ["a", "b", "", "c"]
    assert struct.sentence == "8 bytes, aligned to 4; 37 bits of padding."
    assert lay_out("bool").sentence == "1 byte, aligned to 1; no padding."
    assert lay_out("packed,bool:1,long:9").members[1].where == "byte 0, bit 1, to byte 1, bit 1"
    assert lay_out("char:7").sentence.endswith("1 bit of padding.")
    assert lay_out("packed,bool,pointer,char[4]").c() == (
        "struct s { _Bool a; void *b; unsigned char c[4]; } __attribute__((packed));"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Nothing is declared"),
        ("packed", "Nothing is declared"),
        ("int:0,char:0", "All members have a width of 0"),
        ("bool,", "Member 2, “”: cannot be read"),
        ("int,Bool", "Member 2, “Bool”: cannot be read"),
        ("int:", "Member 1, “int:”: cannot be read"),
        ("int:٣", "cannot be read"),
        ("int:-1", "cannot be read"),
        ("float", "Member 1, “float”: no such type. There are bool, char"),
        ("int,packed", "Member 2, “packed”: no such type"),
        ("bool:2", "a bit-field of type bool has at most 1 bit."),
        ("long:65", "has at most 64 bits."),
        ("packed,int,double:3", "Member 2, “double:3”: a double cannot be a bit-field."),
        ("char[0]", f"an array has 1 to {ELEMENTS} elements here"),
        (",".join(["bool"] * (MEMBERS + 1)), f"There are {MEMBERS + 1} members; there is room for {MEMBERS}."),
        ("double[16],bool", f"The struct has 136 bytes; there is room for {BYTES}."),
    ],
)
def test_what_is_no_struct_says_why_and_where(text: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        lay_out(text)
    assert why in str(error.value)


def test_members_come_back_as_they_were_written() -> None:
    for text in declarations(1, 100):
        packed, members = parse(text)
        assert ",".join((["packed"] if packed else []) + [str(member) for member in members]) == text
