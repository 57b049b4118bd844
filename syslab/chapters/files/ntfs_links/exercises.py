"""Exercises of the chapter on links of NTFS."""

from __future__ import annotations

from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial

from .model import RELATIVE_LINK, BadReparse, decode, encode, read_hex

TARGET = "lib"

which = Exercise(
    anchor="ntfs-which",
    question="A reparse buffer begins with 0c 00 00 a0, and its bytes 16 to 19 are 01 00 00 00. What is it?",
    choices=("a junction", "an absolute symbolic link", "a relative symbolic link", "a hard link"),
    accepts=("a relative symbolic link",),
    why="Read from the last byte to the first, the tag is 0xa000000c: a symbolic link. Bit 0 of Flags makes it relative.",
    near={
        "a junction": "A junction has the tag 0xa0000003, and no Flags: its path buffer begins at byte 16.",
        "an absolute symbolic link": "The tag is right. But bit 0 of Flags is set.",
        "a hard link": "A hard link has no reparse buffer. It is one more name in a folder.",
    },
)

size = Exercise(
    anchor="ntfs-size",
    question=r"How many bytes does our encoder need for a junction to C:\t? Count the fields, both names, and a NUL of two bytes after each.",
    accepts=("44",),
    why=r"16 bytes of fields, \??\C:\t with 16 bytes, C:\t with 8, and two NULs with 2 each.",
    near={
        "40": "These are the fields and the names. After each name stands a NUL.",
        "48": "Only a symbolic link has the four bytes of Flags.",
        "36": r"The substitute name begins with \??\, which is four more characters.",
        "30": "The names are UTF-16: two bytes a character.",
    },
    hint=r"16 bytes of fields; then the substitute name \??\C:\t and the print name C:\t, in UTF-16.",
)


def _judge(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, "Give the bytes as a text of hex digits.")
    try:
        found = decode(read_hex(answer))
    except BadReparse as wrong:
        return Feedback(False, str(wrong))
    if found.notes:
        return Feedback(False, found.notes[0])
    if found.kind is not RELATIVE_LINK:
        return Feedback(False, f"These bytes are something else. {found.sentence}")
    if found.followed != TARGET:
        return Feedback(False, f"It leads to {found.followed}. The substitute name is the one that is followed.")
    return Feedback(True, f"{found.sentence} Its print name is {found.shown!r}.")


lying = bytearray(encode("relative", "bin"))
lying[-6:] = TARGET.encode("utf-16-le")
SHARED = "0c0000a0 1200 0000 0000 0600 0000 0600 01000000 6c0069006200"  # both names are the same bytes
build = Trial(
    anchor="ntfs-build",
    question=f"Which bytes are a relative symbolic link that leads to {TARGET}?",
    judge=_judge,
    wrong=(
        "",
        "0c 00 00 a0",
        "xyz",
        encode("junction", "C:\\lib").hex(" "),
        encode("symlink", "C:\\lib").hex(" "),
        bytes(lying).hex(" "),
        encode("relative", TARGET).hex(" ")[:-3],
        None,
    ),
    choices={
        text: text
        for text in (
            "030000a0 1200 0000 0000 0600 0000 0600 01000000 6c0069006200",
            "0c0000a0 0e00 0000 0000 0600 0000 0600 6c0069006200",
            "0c0000a0 1200 0000 0000 0600 0000 0600 00000000 6c0069006200",
            SHARED,
            "0c0000a0 1200 0000 0000 0300 0000 0300 01000000 6c0069006200",
        )
    },
)
