"""How large a bool is and why: asked of the C compiler, of the ABI that it follows, and of the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypedDict

from syslab.evidence import LINUX, X86_64, Need, experiment

from . import bit_strings
from . import compiler as c_compiler
from .c_structs import Layout, measure
from .model import TYPES, lay_out


def _no_compiler() -> str | None:
    return None if c_compiler.name() else f"none of {', '.join(c_compiler.NAMES)} is installed"


@cache
def _no_program() -> str | None:
    if why := _no_compiler():
        return why
    try:
        c_compiler.output("#include <stdio.h>\nint main(void) { return 0; }\n")
    except (c_compiler.CompileError, RuntimeError, OSError) as error:  # a compiler without the C library's headers
        return f"the compiler makes no program: {error}"
    return None


COMPILER = Need("a C compiler", _no_compiler, "apt install gcc")
PROGRAM = Need("a C compiler and the C library", _no_program, "apt install gcc libc6-dev")
TOOLS = ("gcc", "clang")

ABIS = {"x86-64": "-m64", "x32": "-mx32", "i386": "-m32"}  # one CPU, three conventions
SIZED = ("bool", "char", "short", "int", "long", "pointer", "double")

STRUCTS = {
    "eight bools": "bool,bool,bool,bool,bool,bool,bool,bool",
    "an array of eight": "bool[8]",
    "eight bit-fields": "bool:1,bool:1,bool:1,bool:1,bool:1,bool:1,bool:1,bool:1",
    "nine bit-fields": "bool:1,bool:1,bool:1,bool:1,bool:1,bool:1,bool:1,bool:1,bool:1",
    "one bool and an int": "bool,int",
    "the same, packed": "packed,bool,int",
    "bools around an int": "bool,int,bool",
    "bools behind an int": "int,bool,bool",
    "a bit-field of int": "int:1",
    "one that shares bytes with a bool": "bool,int:3",
    "one that does not fit behind it": "bool,int:25",
    "the same two, packed": "packed,bool,int:25",
    "a new unit": "bool:1,char:0,bool:1",
}

ONE_BIT, WHOLE = "struct { _Bool a:1; } s;", "struct { _Bool a; } s;"
SNIPPETS = (  # what is asked, the declaration, the expression or nothing
    ("the address of a bool", WHOLE, "&s.a"),
    ("the address of a bit-field", ONE_BIT, "&s.a"),
    ("the size of a bit-field", ONE_BIT, "sizeof s.a"),
    ("the size of the struct around it", ONE_BIT, "sizeof s"),
    ("an array of bit-fields", "struct { _Bool a[8]:1; } s;", ""),
    ("a bool of 1 bit", ONE_BIT, ""),
    ("a bool of 2 bits", "struct { _Bool a:2; } s;", ""),
    ("an int of 32 bits", "struct { unsigned int a:32; } s;", ""),
    ("an int of 33 bits", "struct { unsigned int a:33; } s;", ""),
)

# C's value, and whether `unsigned char` may take it: out of range, a floating value's conversion is undefined
VALUES = (
    ("0", True), ("1", True), ("2", True), ("255", True), ("256", True), ("-1", True), ("0.0", True), ("-0.0", True),
    ("0.5", True), ("255.9", True), ("256.0", False), ("0.0 / zero", False),
)  # fmt: skip

EIGHT = "struct eight { _Bool a:1, b:1, c:1, d:1, e:1, f:1, g:1, h:1; };\n"
FUNCTIONS = (
    ("to_bool", "_Bool to_bool(int x) { return x; }"),
    ("to_byte", "unsigned char to_byte(int x) { return x; }"),
    ("set_bool", "void set_bool(_Bool *p) { *p = 1; }"),
    ("set_bit", "void set_bit(struct eight *p) { p->d = 1; }"),
    ("copy_bool", "void copy_bool(_Bool *p, _Bool x) { *p = x; }"),
    ("copy_bit", "void copy_bit(struct eight *p, _Bool x) { p->d = x; }"),
    ("get_bit", "_Bool get_bit(struct eight *p) { return p->d; }"),
)


class Size(TypedDict):
    """sizeof a type and its alignment inside a struct, in bytes."""

    size: int
    align: int | None


Sizes = TypedDict("Sizes", {"type": str, "x86-64": Size | None, "x32": Size | None, "i386": Size | None})
"""A type under each of :data:`ABIS`; None where the compiler lacks it."""


def _sizes(flag: str) -> list[Size | None]:
    """Of each of :data:`SIZED`, and last CHAR_BIT, which has no alignment; all None where the compiler lacks the ABI."""
    asked = [f"sizeof({TYPES[one].c})" for one in SIZED] + ["__CHAR_BIT__"]
    asked += [f"__builtin_offsetof(struct {{ char c; {TYPES[one].c} m; }}, m)" for one in SIZED]
    try:
        numbers = c_compiler.constants(asked, [flag])
    except c_compiler.CompileError:
        return [None] * (len(SIZED) + 1)
    aligns = [*numbers[len(SIZED) + 1 :], None]
    return [{"size": size, "align": align} for size, align in zip(numbers[: len(SIZED) + 1], aligns, strict=True)]


@experiment(X86_64, LINUX, COMPILER, timeout=60, tools=TOOLS)
def sizes() -> Iterator[Sizes]:
    """sizeof, and the alignment inside a struct, under each of :data:`ABIS`. The last row is CHAR_BIT."""
    names = [*(TYPES[one].c for one in SIZED), "bits in a byte"]
    for name, x86_64, x32, i386 in zip(names, *map(_sizes, ABIS.values()), strict=True):
        yield {"type": name, "x86-64": x86_64, "x32": x32, "i386": i386}


class Declared(Layout):
    """A struct as the compiler lays it out, and ``rules`` the same by rule."""

    title: str
    declaration: str
    c: str
    rules: Layout


@experiment(X86_64, LINUX, PROGRAM, timeout=60, tools=TOOLS)
def structs() -> list[Declared]:
    """:data:`STRUCTS`, by the compiler and by rule."""
    return [
        {"title": title, "declaration": text, "c": lay_out(text).c(), **told, "rules": by_rule(text)}
        for (title, text), told in zip(STRUCTS.items(), measure(list(STRUCTS.values())), strict=True)
    ]


def by_rule(text: str) -> Layout:
    """What :mod:`syslab.chapters.files.bool_size.model` says of a declaration, in the form of :func:`measure`."""
    struct = lay_out(text)
    return {"size": struct.size, "align": struct.align, "members": {name: mask.hex() for name, mask in struct.masks.items()}}


class OneStruct(TypedDict):
    """A struct in words: its C, size and alignment in bytes, its members' bits, and whether the rules say the same."""

    C: str
    bytes: int
    aligned_to: int
    members: str
    the_rules_agree: str


@experiment(X86_64, LINUX, PROGRAM, timeout=60, tools=TOOLS)
def one_struct(declaration: str) -> OneStruct:
    """One declaration, by the compiler and by rule."""
    told, rules = measure([declaration])[0], by_rule(declaration)
    return {
        "C": lay_out(declaration).c(),
        "bytes": told["size"],
        "aligned_to": told["align"],
        "members": ", ".join(f"{name}: {mask}" for name, mask in told["members"].items()),
        "the_rules_agree": "yes" if told == rules else f"no: {rules}",
    }


class Checked(TypedDict):
    """A snippet, whether the compiler accepts it, and its message, "" where it does."""

    what: str
    source: str
    accepted: bool
    message: str


@experiment(LINUX, COMPILER, timeout=60, tools=TOOLS)
def refused() -> Iterator[Checked]:
    """What the compiler says to each of :data:`SNIPPETS`."""
    for what, declaration, expression in SNIPPETS:
        use = f" void f(void) {{ (void)({expression}); }}" if expression else ""
        verdict = c_compiler.check(f"{declaration}{use}\n")
        source = f"{declaration} {expression}".strip()
        yield {"what": what, "source": source, "accepted": verdict.accepted, "message": verdict.message}


class Converted(TypedDict):
    """A value, and what it is as _Bool and as unsigned char (None where C does not define it)."""

    value: str
    bool: int
    byte: int | None


@experiment(LINUX, PROGRAM, timeout=60, tools=TOOLS)
def conversions() -> list[Converted]:
    """:data:`VALUES` converted."""
    lines = "".join(
        f'printf("%d %d\\n", (int)(_Bool)({value}), {f"(int)(unsigned char)({value})" if defined else "-1"});\n'
        for value, defined in VALUES
    )
    text = c_compiler.output(
        f"#include <stdio.h>\nint main(void) {{\nvolatile double zero = 0;\n(void)zero;\n{lines}return 0;\n}}\n"
    )
    rows = [line.split() for line in text.splitlines()]
    return [
        {"value": value.replace("zero", "0.0"), "bool": int(as_bool), "byte": int(as_byte) if defined else None}
        for (value, defined), (as_bool, as_byte) in zip(VALUES, rows, strict=True)
    ]


class Compiled(TypedDict):
    """A function's C, and its instructions."""

    function: str
    source: str
    instructions: list[str]


@experiment(X86_64, LINUX, COMPILER, timeout=60, tools=TOOLS)
def code() -> Iterator[Compiled]:
    """What the compiler makes of :data:`FUNCTIONS`, optimised: a list of instructions each."""
    for function, source in FUNCTIONS:
        yield {"function": function, "source": source, "instructions": c_compiler.instructions(EIGHT + source + "\n", function)}


@experiment(X86_64)
def bits() -> list[bit_strings.SetBit]:
    """BTS with bit offsets on bytes that are all 0: which byte changed, counted from the base, and to what."""
    return bit_strings.set_bits()


@experiment(X86_64, timeout=20)
def widths() -> Iterator[bit_strings.Width]:
    """How many bytes from the address on must exist, so that an instruction that wants one bit or byte does not fault."""
    yield from bit_strings.widths()
