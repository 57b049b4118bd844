"""Exercises of the chapter on binary formats."""

from __future__ import annotations

from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from .parsers import FILES, FormatError, by_struct

third_entry = Exercise(
    anchor="binary-formats-third-entry",
    question=(
        "An ELF header says e_phoff = 0x40, e_phentsize = 0x38 and e_phnum = 3. At which offset does the last program header begin?"
    ),
    accepts=("0xb0",),
    why="Entries count from 0, so the last one is number 2: 0x40 + 2 · 0x38 = 0xb0.",
    near={
        "0xe8": "That is 0x40 + 3 · 0x38: the first byte after the table.",
        "0x78": "That is entry 1, the second of three.",
        "0x70": "That is 2 · 0x38. The table does not begin at 0 but at e_phoff.",
    },
    hint="The table begins at e_phoff, and its entries stand e_phentsize apart. The first has number 0.",
)

first_byte = Exercise(
    anchor="binary-formats-first-byte",
    question="The bytes at 0x3c of a PE file are 80 00 00 00. Which is the offset of its PE header?",
    accepts=("0x80",),
    why="e_lfanew is a 32-bit number, and its lowest byte comes first.",
    near={
        "0x80000000": "That reads the highest byte first. PE is little-endian.",
        "0x3c": "There stands the number that says where. Read it.",
        "0x8000": "Four bytes make the number, and the lowest comes first.",
    },
)


def _small_library(answer: Any) -> Feedback:
    data = bytearray(FILES["elf"].read_bytes())
    if not isinstance(answer, dict) or not all(type(k) is int and type(v) is int for k, v in answer.items()):
        return Feedback(False, "Give the edits as {offset: byte, ...}, all of them int.")
    for offset, byte in answer.items():
        if not 0 <= offset < len(data) or not 0 <= byte <= 255:
            return Feedback(False, f"{offset:#x}: {byte} is outside the file ({len(data):#x} bytes) or no byte.")
        data[offset] = byte
    try:
        values = by_struct.elf(bytes(data))
    except FormatError as error:
        return Feedback(False, f"It is refused now: {error}.")
    text = f"e_type is {values['ehdr.e_type']:#x}, and there are {values['ehdr.e_phnum']} program headers"
    if (values["ehdr.e_type"], values["ehdr.e_phnum"]) != (3, 2):
        return Feedback(False, f"{text}.")
    return Feedback(len(answer) == 2, f"{text}{'' if len(answer) == 2 else ', but two bytes are enough'}.")


small_library = Trial(
    anchor="binary-formats-small-library",
    question="Which edit of two bytes makes the ELF file say that it is ET_DYN and has two program headers?",
    judge=_small_library,
    wrong=({0x10: 3}, {0x11: 3, 0x38: 2}, {0x10: 3, 0x38: 2, 0x39: 0}, {0: 0}, {0x10: 300}, {1 << 20: 1}, {"0x10": 3}, "0x10"),
    choices={
        ", ".join(f"{byte:02x} at {offset:#x}" for offset, byte in edits.items()): edits
        for edits in ({0x10: 3, 0x36: 2}, {0x11: 3, 0x38: 2}, {0x10: 3, 0x38: 2}, {0x10: 3, 0x39: 2})
    },
)
