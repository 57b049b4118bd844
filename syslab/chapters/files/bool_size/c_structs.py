"""Structs as the compiler lays them out: one program for all of them, that sets each member's bits and prints the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from . import compiler as c_compiler
from .model import Struct, lay_out


class Layout(TypedDict):
    """A laid-out struct: size and alignment in bytes, and the struct's bytes in hex with all bits of each member set."""

    size: int
    align: int
    members: dict[str, str]


def source(declarations: Sequence[str]) -> str:
    """The C program that :func:`measure` runs. ValueError for a declaration that is none."""
    return "#include <stdio.h>\n#include <string.h>\n" + _program([lay_out(text) for text in declarations])


def _program(structs: Sequence[Struct]) -> str:
    types = "\n".join(struct.c(f"s{number}") for number, struct in enumerate(structs))
    calls = "\n".join(_function(number, struct) for number, struct in enumerate(structs))
    main = "\n".join(f"    f{number}();" for number in range(len(structs)))
    show = (
        "static void show(const void *p, size_t n) {\n"
        "    const unsigned char *b = p;\n"
        '    for (size_t i = 0; i < n; i++) printf("%02x", b[i]);\n'
        "    putchar(32);\n}\n"
    )
    return f"{types}\n{show}{calls}\nint main(void) {{\n{main}\n    return 0;\n}}\n"


def _function(number: int, struct: Struct) -> str:
    """Prints size, alignment, and for each member the struct's bytes with that member all ones."""
    lines = []
    for placed in struct.members:
        if not placed.name:
            continue
        if placed.member.width is None:  # a whole member has an address: no value is converted
            fill = f"memset(&s.{placed.name}, 255, sizeof s.{placed.name});"
        else:
            fill = f"s.{placed.name} = {'1' if placed.member.type.widest == 1 else '-1'};"
        lines.append(f"    memset(&s, 0, sizeof s); {fill} show(&s, sizeof s);")
    body = "\n".join(lines)
    return (
        f"static void f{number}(void) {{\n    struct s{number} s;\n"
        f'    printf("%zu %zu ", sizeof s, _Alignof(struct s{number}));\n{body}\n    putchar(10);\n}}'
    )


def measure(declarations: Sequence[str]) -> list[Layout]:
    """The layout of each declaration.

    ValueError for a declaration that is none; :class:`~.compiler.CompileError` where the compiler refuses it.
    """
    rows = c_compiler.output(source(declarations)).splitlines()
    found: list[Layout] = []
    for text, row in zip(declarations, rows, strict=True):
        size, align, *masks = row.split()
        names = [placed.name for placed in lay_out(text).members if placed.name]
        found.append({"size": int(size), "align": int(align), "members": dict(zip(names, masks, strict=True))})
    return found
