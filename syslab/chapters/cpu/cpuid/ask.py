"""What CPUID says of this CPU, and what Linux and Debian's ``cpuid`` make of it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

from syslab.bits.core import Field, Layout
from syslab.bits.cpuid import BY_ANCHOR, REGISTERS, Leaves, bits_of, cpuinfo_name, layouts, leaves_of
from syslab.bits.cpuid.features_1 import CPUID_1_EDX
from syslab.bits.cpuid.linux import ELSEWHERE, OWN
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64, tool
from syslab.native import cpuid as machine
from syslab.native.cpuid import Leaf, Registers

from .watched import LINES, WATCHED

BOTH = "both have it"
OWN_FLAG = "Linux's own flag: CPUID has no bit of that name"
OTHER_LEAF = "a bit of a leaf that has no layout here"
HIDDEN_FLAG = "Linux knows the bit and never shows it"
MIRROR = "not a feature: CPUID mirrors a bit the kernel set in CR4"
REPEATED = "AMD's copy of a bit of leaf 1 EDX"
NO_FLAG = "Linux has no flag for the bit"
NO_FIELD = "the layouts here do not know the bit"
COMMAND_LINE = "switched off on the kernel's command line"
UNEXPLAINED = "not explained"
"""The classes of a difference. A flag that is UNEXPLAINED may need what this kernel was not built with, may have been
switched off or forced on at boot, or may be newer or older than this kernel: the experiment cannot tell which."""

_MIRRORS = ("X86_FEATURE_OSXSAVE", "X86_FEATURE_OSPKE")
_ROW = re.compile(r"\s+0x([0-9a-f]+) 0x([0-9a-f]+): eax=0x([0-9a-f]+) ebx=0x([0-9a-f]+) ecx=0x([0-9a-f]+) edx=0x([0-9a-f]+)\s*")


@experiment(X86_64)
def leaves() -> list[Leaf]:
    """Every leaf and subleaf this CPU has. Asked on one CPU."""
    return machine.dump()


@experiment(X86_64)
def read(leaf: int, subleaf: int = 0) -> Leaf:
    """One leaf, as a row of :func:`leaves`. TypeError or ValueError where a number is not 0 to 0xffffffff."""
    return machine.row(leaf, subleaf, machine.cpuid(leaf, subleaf))


TRIES = (
    (0x80000008, 0, "eax", "7:0"),
    (0x80000008, 0, "eax", "15:8"),
    (0x80000008, 0, "ecx", "7:0"),
    (7, 0, "ecx", "16:16"),
    (7, 0, "ebx", "7:0"),
)
"""Leaf, subleaf, register and bits of a field: what an exercise offers to choose from."""


class Sized(Leaf):
    """A leaf, and how many bits a linear address has as /proc/cpuinfo says it."""

    linear: int


@experiment(X86_64)
def tries() -> Iterator[Sized]:
    """The leaf of each of :data:`TRIES`."""
    for leaf, subleaf, _, _ in TRIES:
        yield {**machine.row(leaf, subleaf, machine.cpuid(leaf, subleaf)), "linear": linear_bits()}


class Flag(TypedDict):
    """A flag or a bit: where it is ("" and None: nowhere), who has it, and why they differ.

    ``where`` is written ``7.0.EBX[7]``, ``why`` is a class above, ``origin`` is where one of Linux's own flags comes from.
    """

    flag: str
    where: str
    anchor: str
    bit: int | None
    cpuid: bool
    cpuinfo: bool
    why: str
    origin: str


@experiment(X86_64)
def features_vs_cpuinfo() -> list[Flag]:
    """The flags that CPUID has against those in /proc/cpuinfo, asked on one CPU: see :func:`compare`."""
    with machine.pinned() as cpu:
        return compare(leaves_of(machine.dump(cpu)), cpuinfo_flags(cpu), Path("/proc/cmdline").read_text())


@experiment(X86_64, tool("cpuid"), timeout=60, tools=("cpuid",))
def cpuid_tool() -> list[Leaf]:
    """What Debian's ``cpuid -r -1`` prints, as rows of :func:`leaves`."""
    with machine.pinned():  # the tool inherits it
        done = subprocess.run(["cpuid", "-r", "-1"], capture_output=True, text=True, timeout=30, check=True)
    return tool_rows(done.stdout)


class Seen(TypedDict):
    """A feature: its bit, whether this CPU has it, GCC's macro for it, and the first CPU of each line ("" where there is none)."""

    feature: str
    anchor: str
    bit: int
    cpuid: bool
    macro: str
    core: str
    atom: str
    amd: str


@experiment(X86_64, tool("gcc"), timeout=60, tools=("gcc",))
def first_seen() -> Iterator[Seen]:
    """For each of :data:`WATCHED`: whether this CPU has it, and the first ``-march`` of each line in which GCC assumes it."""
    answers = leaves_of(machine.dump())
    lines = {line: names.split() for line, names in LINES.items()}
    known = [name for names in lines.values() for name in names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        macros = dict(zip(known, pool.map(_macros, known), strict=True))
    for anchor, name, macro in WATCHED:
        field = BY_ANCHOR[anchor].field(name)
        here = any(on for *_, layout, f, on in bits_of(answers) if layout.anchor == anchor and f is field)
        first = {line: next((march for march in names if macro in macros[march]), "") for line, names in lines.items()}
        yield {
            "feature": field.name,
            "anchor": anchor,
            "bit": field.bit,
            "cpuid": here,
            "macro": macro,
            "core": first["core"],
            "atom": first["atom"],
            "amd": first["amd"],
        }


def _macros(march: str) -> frozenset[str]:
    """What GCC defines for ``-march``; nothing where this GCC does not know it."""
    command = ["gcc", f"-march={march}", "-dM", "-E", "-x", "c", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return frozenset(re.findall(r"^#define (\w+)", done.stdout, re.MULTILINE)) if done.returncode == 0 else frozenset()


def tool_rows(text: str) -> list[Leaf]:
    """The raw output of ``cpuid -r`` for one CPU as rows. ValueError where a line is neither its heading nor a row."""
    rows = []
    for line in text.splitlines():
        found = _ROW.fullmatch(line)
        if found:
            leaf, subleaf, *answer = (int(digits, 16) for digits in found.groups())
            rows.append(machine.row(leaf, subleaf, Registers(*answer)))
        elif not re.fullmatch(r"CPU( \d+)?:", line):
            raise ValueError(f"cpuid -r printed {line!r}, which is no row of registers")
    return rows


def linear_bits() -> int:
    """How many bits a linear address has, says /proc/cpuinfo. ValueError where it does not."""
    found = re.search(r"^address sizes\s*:.*?(\d+) bits virtual$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if not found:
        raise ValueError("/proc/cpuinfo has no line of address sizes")
    return int(found[1])


def cpuinfo_flags(cpu: int = 0, text: str | None = None) -> frozenset[str]:
    """The flags of logical CPU ``cpu`` in /proc/cpuinfo, or in ``text``. ValueError where that CPU is not in it."""
    if text is None:
        text = Path("/proc/cpuinfo").read_text()
    for block in text.split("\n\n"):
        entries = dict(re.findall(r"^([^:\n]+?)\s*: ?(.*)$", block, re.MULTILINE))
        if entries.get("processor") == str(cpu):
            return frozenset(entries["flags"].split())
    raise ValueError(f"/proc/cpuinfo has no processor {cpu}")


def compare(answers: Leaves, flags: frozenset[str], command_line: str = "") -> list[Flag]:
    """A row for every flag that ``answers`` (CPUID) or ``flags`` (/proc/cpuinfo) has, agreeing ones included."""
    rows = list(_bits(answers, flags, command_line))
    seen = {row["flag"] for row in rows if row["cpuinfo"]}
    for flag in sorted(flags - seen):
        rows.append(_beyond(flag, answers))
    return rows


def _bits(answers: Leaves, flags: frozenset[str], command_line: str) -> Iterator[Flag]:
    """Rows for the bits that are set in the words of features."""
    for (leaf, subleaf), values in answers.items():
        for register, layout in layouts(leaf, subleaf).items():
            if not any(c.startswith("X86_FEATURE_") for f in layout.fields for c in f.linux):
                continue
            value = values[REGISTERS.index(register)]
            place = (leaf, subleaf, register)
            for field in layout.fields:
                if field.width == 1 and field.of(value):
                    yield from _field(place, layout, field, flags, command_line)
            for at in layout.decode(value).reserved:
                yield _row("", place, layout.anchor, at, True, False, NO_FIELD)


def _field(place: tuple[int, int, str], layout: Layout, field: Field, flags: frozenset[str], command_line: str) -> Iterator[Flag]:
    if not field.linux:
        copied = place[0] == 0x8000_0001 and any(f.name == field.name for f in CPUID_1_EDX.fields)
        yield _row(field.name.lower(), place, layout.anchor, field.bit, True, False, REPEATED if copied else NO_FLAG)
    for constant in field.linux:
        flag = cpuinfo_name(constant)
        if flag in flags:
            why = BOTH
        elif constant in _MIRRORS:
            why = MIRROR
        elif not flag:
            why = HIDDEN_FLAG
        else:
            why = COMMAND_LINE if _switched_off(flag, command_line) else UNEXPLAINED
        name = flag or constant.removeprefix("X86_FEATURE_").lower()
        yield _row(name, place, layout.anchor, field.bit, True, flag in flags, why)


def _switched_off(flag: str, command_line: str) -> bool:
    words = command_line.split()
    cleared = [name for word in words if word.startswith("clearcpuid=") for name in word.split("=", 1)[1].split(",")]
    return flag in cleared or f"no{flag}" in words


def _beyond(flag: str, answers: Leaves) -> Flag:
    """A flag of /proc/cpuinfo that no layout's bit accounts for."""
    if flag in ELSEWHERE:
        leaf, subleaf, register, bit = ELSEWHERE[flag]
        if answers.get((leaf, subleaf), (0, 0, 0, 0))[REGISTERS.index(register)] >> bit & 1:
            return _row(flag, (leaf, subleaf, register), "", bit, True, True, OTHER_LEAF)
    return _row(flag, None, "", None, False, True, OWN_FLAG if flag in OWN else UNEXPLAINED)


def _row(flag: str, place: tuple[int, int, str] | None, anchor: str, bit: int | None, cpuid: bool, cpuinfo: bool, why: str) -> Flag:
    where = ""
    if place:
        leaf, subleaf, register = place
        where = f"{leaf:X}.{subleaf}.{register.upper()}[{bit}]"
    return {
        "flag": flag,
        "where": where,
        "anchor": anchor,
        "bit": bit,
        "cpuid": cpuid,
        "cpuinfo": cpuinfo,
        "why": why,
        "origin": OWN.get(flag, "") if why == OWN_FLAG else "",
    }
