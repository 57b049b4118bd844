"""Exercises of the chapter on KVM_SET_CPUID2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syslab.kvm import CpuidEntry
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .cases import UNKNOWN

gate = Exercise(
    anchor="setcpuid-gate",
    question="A VMM has to keep AVX from a guest, and not only from programs that ask CPUID first. Which bit of the table has to be 0?",
    choices=(
        "leaf 1 ECX bit 28, AVX",
        "leaf 7 subleaf 0 EBX bit 5, AVX2",
        "leaf D subleaf 0 EAX bit 2, the AVX state",
        "none: CPUID cannot keep anything from a guest",
    ),
    accepts=("leaf D subleaf 0 EAX bit 2, the AVX state",),
    why="KVM lets a guest put into XCR0 what leaf D offers, and no more. Without bit 2 of XCR0 every AVX instruction is #UD. "
    "A good table clears all three.",
    near={
        "leaf 1 ECX bit 28, AVX": "Clear it and try: XCR0 can still be set, and then VADDPS runs.",
        "leaf 7 subleaf 0 EBX bit 5, AVX2": "That tells programs about later instructions. Nothing looks at it when they are executed.",
        "none: CPUID cannot keep anything from a guest": "Not by itself. But AVX has a switch, and KVM reads the table before it lets "
        "the guest turn it.",
    },
    hint="Compare the two rows for AVX.",
)

hotplug = Exercise(
    anchor="setcpuid-hotplug",
    question="A VMM keeps the file descriptor of an unplugged vCPU and gives it to the next one that is plugged. The new one has "
    "another APIC ID, which is in leaf 1 EBX. The vCPU has run before. What does KVM_SET_CPUID2 return?",
    choices=("0", "EINVAL", "EBUSY", "E2BIG"),
    accepts=("EINVAL",),
    why="One word of one entry differs, so the table is another. QEMU reuses a descriptor too, but only for the same APIC ID: "
    "that is why the same table is allowed.",
    near={
        "0": "That needs an equal table, and the APIC ID is a part of it.",
        "EBUSY": "The vCPU is not busy; it has been run, and that does not wear off.",
        "E2BIG": "That is about the number of entries.",
    },
    hint="Which of the events above is it?",
)


def _words(entry: CpuidEntry) -> list[int]:
    return list(entry[3:])


def lookup(table: Sequence[CpuidEntry], leaf: int, subleaf: int) -> list[int]:
    """What a guest reads: the first entry that matches, zeros without one; without Intel's rule and that of leaves B and 1F."""
    for entry in table:
        if entry.function == leaf and (not entry.flags & 1 or entry.index == subleaf):
            return _words(entry)
    return [0, 0, 0, 0]


_TABLES: tuple[tuple[list[CpuidEntry], int, int, str], ...] = (
    ([CpuidEntry(7, 0, 1, 1, 2, 3, 4)], 7, 0, "an entry that is there"),
    ([CpuidEntry(7, 0, 1, 1, 2, 3, 4)], 7, 1, "a subleaf that is not there"),
    ([CpuidEntry(7, 0, 0, 1, 2, 3, 4)], 7, 1, "an entry whose index does not count"),
    ([CpuidEntry(UNKNOWN, 0, 0, 1, 1, 1, 1), CpuidEntry(UNKNOWN, 0, 0, 2, 2, 2, 2)], UNKNOWN, 0, "the same leaf twice"),
    ([], 0, 0, "an empty table"),
    ([CpuidEntry(7, 1, 1, 5, 6, 7, 8), CpuidEntry(7, 0, 1, 1, 2, 3, 4)], 7, 0, "subleaves in another order"),
)


def _find(answer: Any) -> Feedback:
    for table, leaf, subleaf, what in _TABLES:
        wanted = lookup(table, leaf, subleaf)
        try:
            given = answer(table, leaf, subleaf)
        except Exception as error:  # the reader's code may do anything
            return Feedback(False, f"For {what} it raised {type(error).__name__}: {error}")
        if given != wanted:
            return Feedback(False, f"For {what} it returned {given!r}; the guest reads {wanted}.")
    return Feedback(True, f"Right for all {len(_TABLES)} tables.")


def _last(table: Sequence[CpuidEntry], leaf: int, subleaf: int) -> list[int]:
    return next((_words(e) for e in reversed(table) if (e.function, e.index) == (leaf, subleaf)), [0, 0, 0, 0])


def _strict(table: Sequence[CpuidEntry], leaf: int, subleaf: int) -> list[int]:
    return next((_words(e) for e in table if (e.function, e.index) == (leaf, subleaf)), [0, 0, 0, 0])


def _loose(table: Sequence[CpuidEntry], leaf: int, subleaf: int) -> list[int]:
    return next((_words(e) for e in table if e.function == leaf), [0, 0, 0, 0])


def _reversed(table: Sequence[CpuidEntry], leaf: int, subleaf: int) -> list[int]:
    return lookup(table[::-1], leaf, subleaf)


find = Trial(
    anchor="setcpuid-find",
    question="KVM takes an entry of the table for which a condition holds and, but for the two exceptions, zeros where there is none. Which entry is it?",
    judge=_find,
    wrong=(_last, _strict, _loose, _reversed, lambda table, leaf, subleaf: table[0][3:], "the first that matches"),
    choices={
        "the first with e.function == leaf": _loose,
        "the first with (e.function, e.index) == (leaf, subleaf)": _strict,
        "the first with e.function == leaf and (not e.flags & 1 or e.index == subleaf)": lookup,
        "the last with e.function == leaf and (not e.flags & 1 or e.index == subleaf)": _reversed,
    },
)
