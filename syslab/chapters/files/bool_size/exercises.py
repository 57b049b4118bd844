"""Exercises of the chapter on the size of bool."""

from __future__ import annotations

import ctypes
from typing import Any

from syslab.evidence import ask
from syslab.native import UnsupportedMachine
from syslab.native.code import Code
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .ask import bits
from .bit_strings import BASE, BTS, LENGTH, SetBit
from .model import lay_out

converted = Exercise(
    anchor="bool-converted",
    question="In C, x is the int 512. What is (_Bool)x + (unsigned char)x?",
    accepts=("1",),
    why="512 is not 0, so the bool is 1. Its low byte is 0, and that is all the unsigned char keeps.",
    near={
        "0": "That is what a type of one byte that truncates would give. A bool asks whether the value differs from 0.",
        "2": "The bool gives 1. The unsigned char keeps the low byte of 0x200, which is 0.",
        "513": "Neither type can hold 512.",
    },
    hint="Convert each by its own rule, then add.",
)

flags = Exercise(
    anchor="bool-flags",
    question="On x86-64, a struct has an int and after it nine members bool:1. What is its sizeof?",
    accepts=("8",),
    why="Four bytes of int, two bytes for nine bits, and two of padding: the size is a multiple of the alignment, 4.",
    near={
        "5": "Nine bits do not fit into one byte.",
        "6": "That is where the last bit ends. But in an array the next struct's int must be aligned too.",
        "13": "Each bool:1 takes one bit, not a byte.",
        "16": "16 is what nine plain bools would give.",
    },
    hint="Count bytes, then round up to the alignment of the struct. The widget draws it: add up to nine bool:1.",
)

tasks = Exercise(
    anchor="bool-tasks",
    question="Two threads write two members of the same struct, without a lock. Each its own. For which pair does C promise that no write is lost?",
    choices=("bool a, b", "bool a:1, b:1", "both", "neither"),
    accepts=("bool a, b",),
    why="Two bools are two memory locations. Neighbouring bit-fields are one, and a write to one of them reads and writes the whole byte.",
    near={
        "bool a:1, b:1": "A write to a bit reads the byte, changes one bit, and writes all eight.",
        "both": "Look again at what the compiler makes of copy_bit: between its load and its store, another thread's write is lost.",
        "neither": "A byte is addressable, so a bool can be written without touching its neighbour.",
    },
)

OTHERS = ["double", "int", "short"]


def _room(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give a declaration as text, not {type(answer).__name__}.")
    try:
        struct = lay_out(answer)
    except ValueError as error:
        return Feedback(False, str(error))
    if struct.packed:
        return Feedback(False, "Packed, its double may lie at any address. It works without.")
    members = [placed.member for placed in struct.members if placed.name]
    bools = [one for one in members if one.type.name == "bool" and not one.count]
    if sorted(str(one) for one in members if one not in bools) != OTHERS or len(bools) != 3:
        return Feedback(
            False, f"The members are to be {', '.join(OTHERS)} and three of type bool, each a plain one or a bit-field."
        )
    return Feedback(struct.size <= 16, f"{struct.c()} has {struct.sentence}")


room = Trial(
    anchor="bool-room",
    question="Keep a double, an int, a short and three members of type bool in 16 bytes, not packed.",
    judge=_room,
    wrong=(
        "double,int,short,bool,bool,bool",
        "packed,double,int,short,bool,bool,bool",
        "double,int,short,bool[3]",
        "bool:1,double,bool:1,int,bool:1,short",
        "",
        "float",
        24,
    ),
    choices={
        text: text
        for text in (
            "bool,double,bool,int,bool,short",
            "double,int,short,bool,bool,bool",
            "double,int,short,bool:1,bool:1,bool:1",
            "packed,double,int,short,bool,bool,bool",
        )
    },
)


def _aimed(row: SetBit) -> Feedback:
    said = "No byte changed." if row["byte"] is None else f"Byte {row['byte']} became {row['value']:#04x}."
    return Feedback((row["byte"], row["value"]) == (-1, 0x80), f"{row['form']} with rsi = {row['offset']}: {said}")


def _aim(answer: Any) -> Feedback:
    if not isinstance(answer, int) or not -8 * BASE <= answer < 8 * (LENGTH - BASE):
        return Feedback(False, f"Give an offset from {-8 * BASE} to {8 * (LENGTH - BASE) - 1}: there is no more memory around rdi.")
    memory = (ctypes.c_uint8 * LENGTH)()
    try:
        with Code(BTS) as bts:
            bts(ctypes.addressof(memory) + BASE, answer & (1 << 64) - 1)
    except UnsupportedMachine as reason:
        return Feedback(False, str(reason))
    byte = next(at for at, value in enumerate(memory) if value)
    return _aimed({"form": "bts qword [rdi], rsi", "offset": answer, "byte": byte - BASE, "value": memory[byte]})


def _tried(offset: Any) -> Feedback:
    return _aimed(next(row for row in ask(bits).data if row["offset"] == offset))


aim = Trial(
    anchor="bool-aim",
    question="Memory is all 0. With which bit offset in rsi does bts qword [rdi], rsi set the highest bit of the byte before rdi?",
    judge=_aim,
    wrong=(7, -8, 63, -513, 1024, "one", None),
    choices={str(offset): offset for offset in (7, 63, -1, -8, -64)},
    outcome=_tried,
)
