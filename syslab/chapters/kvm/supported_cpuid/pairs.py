"""A host's CPUID against KVM's, field by field: what the chapter's tables are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from syslab.bits.cpuid import REGISTERS, layouts
from syslab.evidence import Evidence
from syslab.show.cells import witnesses
from syslab.show.table import Link

from .ask import Entry
from .model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED, Pair, paired

D = TypeVar("D")
OUTCOMES = {
    BOTH: "passed",
    FIRST: "masked",
    SECOND: "added",
    NEITHER: "clear in both",
    SAME: "same value",
    CHANGED: "another value",
    ZEROED: "set to 0",
}
"""What KVM did to a flag of the host, or to a wider field."""


HYPERVISORS = range(0x4000_0000, 0x5000_0000)
"""Leaves in which a hypervisor tells of itself: the host's and KVM's are two hypervisors', and nothing is passed on or masked."""


class Found(NamedTuple):
    """A field of an entry, and what became of it."""

    leaf: int
    subleaf: int
    register: str
    pair: Pair

    @property
    def key(self) -> str:
        """``7.0 EBX SMEP``: the same for every witness."""
        return f"{self.leaf:x}.{self.subleaf} {self.register.upper()} {self.pair.field.name}"

    @property
    def word_link(self) -> Link:
        """The word's place, as a link into the browser."""
        return Link(f"{self.leaf:x}.{self.subleaf}\u00a0{self.register.upper()}", self.link.href)

    @property
    def link(self) -> Link:
        """The field's place, as a link into the browser."""
        bits = f"bit {self.pair.field.bits}" if self.pair.field.width == 1 else f"bits {self.pair.field.bits}"
        text = f"{self.leaf:x}.{self.subleaf} {self.register.upper()} {bits}".replace(" ", "\u00a0")
        return Link(text, f"#kvmcpuid={self.leaf:x}.{self.subleaf}")


def found(rows: Sequence[Entry]) -> Iterator[Found]:
    """Every field of every entry in rows of :func:`~syslab.chapters.kvm.supported_cpuid.ask.compared`.

    Entries that are zeros on both sides, or zeros on one and absent from the other, say nothing and are left out.
    """
    for row in rows:
        if not any(row["host"] or ()) and not any(row["kvm"] or ()):
            continue
        known = layouts(row["leaf"], row["subleaf"])
        for register, pairs in paired(REGISTERS, known, row["host"], row["kvm"]).items():
            yield from (Found(row["leaf"], row["subleaf"], register, pair) for pair in pairs)


def named(answers: Sequence[Evidence[D]]) -> Iterator[tuple[str, Evidence[D]]]:
    """Each answer behind its witness's name, as the tables' columns have it."""
    return zip(witnesses(answers), answers, strict=True)


class Group(NamedTuple):
    """Fields that share a row of a table: the first of them, and by witness what is said of each."""

    first: Found
    said: dict[str, list[str]]


def grouped(
    answers: Sequence[Evidence[list[Entry]]],
    outcomes: Sequence[str],
    place: Callable[[Found], tuple[int | str, ...]],
    say: Callable[[Found], str],
) -> list[Group]:
    """The fields that came to one of ``outcomes``, those with the same ``place`` together, in its order."""
    groups: dict[tuple[int | str, ...], Group] = {}
    for who, answer in named(answers):
        for one in found(answer.data):
            if one.pair.outcome in outcomes:
                groups.setdefault(place(one), Group(one, {})).said.setdefault(who, []).append(say(one))
    return [groups[key] for key in sorted(groups)]


def listed(names: Sequence[str], most: int = 7, between: str = ", ") -> str:
    """At most ``most`` of ``names``, and how many more there are."""
    shown = between.join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"
