"""Tables of the chapter on the address space, and its two widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from syslab.bits.address import VA, hole
from syslab.evidence import Evidence, recorded
from syslab.evidence.witnesses import called
from syslab.show.table import Column, Link, Table, Verdict, flat

from . import ask as question
from .ask import Bit, Edge, Hint, Mapped, Moved, Raised
from .model import predict
from .regions import REGIONS, SOURCE

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import BitField

    from .widget import AddressMap

START = VA.examples[0][1]
LAST = (1 << 64) - 1


def _open(text: str) -> Link:
    """An address that opens in the bit field and in the map."""
    return Link(text, f"#{VA.anchor}={int(text, 16):#x}")


class Bits(NamedTuple):
    """Neighbouring bits with the same answers: their numbers, and the row of the first."""

    n: str
    first: Bit


def _same(row: Bit) -> tuple[str, ...]:
    return row["alone4"], row["above4"], row["alone5"], row["above5"]


def bits(answers: Sequence[Evidence[list[Bit]]]) -> Table:
    """Every bit that was tried; neighbours with the same answers are one row."""
    rows = []
    for _, group in groupby(answers[0].data, key=_same):
        first, *more = group
        rows.append(Bits(f"{first['bit']} to {more[-1]['bit']}" if more else str(first["bit"]), first))
    columns: list[Column[Bits]] = [
        Column("n", lambda row: row.n, number=True),
        Column("2^n, 4 levels", lambda row: row.first["alone4"]),
        Column("-(2^n), 4 levels", lambda row: row.first["above4"]),
        Column("2^n, 5 levels", lambda row: row.first["alone5"]),
        Column("-(2^n), 5 levels", lambda row: row.first["above5"]),
    ]
    return Table(answers, columns, rows)


class Reads(NamedTuple):
    """All reads of an address: by levels and whether a page is there, what each witness says that each mode got."""

    address: str
    found: Mapping[tuple[int, bool], Mapping[str, Mapping[str, str]]]


def _reads(answers: Sequence[Evidence[list[Edge]]]) -> list[Reads]:
    found: dict[str, dict[tuple[int, bool], dict[str, dict[str, str]]]] = {}
    for answer in answers:
        witness = called(answer.provenance.witness)
        for row in answer.data:
            said = found.setdefault(row["address"], {}).setdefault((row["levels"], row["mapped"]), {})
            said.setdefault(witness, {})["user" if row["user"] else "supervisor"] = row["result"]
    return [Reads(address, cells) for address, cells in found.items()]


def _modes(modes: Mapping[str, str]) -> str:
    if len(results := set(modes.values())) == 1:
        return results.pop()
    return ", ".join(f"{mode} {result}" for mode, result in modes.items())


def _cell(key: tuple[int, bool]) -> Callable[[Reads], str]:
    """What all say who tried it, or what each says."""

    def text(row: Reads) -> str:
        said = {witness: _modes(modes) for witness, modes in row.found.get(key, {}).items()}
        if len(results := set(said.values())) == 1:
            return results.pop()
        return "; ".join(f"{witness}: {result}" for witness, result in said.items()) or "not tried"

    return text


def _as_predicted(row: Reads) -> Verdict:
    at = int(row.address, 16)
    results = [(key, result) for key, said in row.found.items() for modes in said.values() for result in modes.values()]
    return Verdict(all(result == predict(at, *key) for key, result in results))


def edges(answers: Evidence[list[Edge]] | Sequence[Evidence[list[Edge]]]) -> Table:
    """A row an address: what supervisor and user got, with each number of levels, with a page there and without."""
    given = flat(answers)
    tried = dict.fromkeys((row["levels"], row["mapped"]) for answer in given for row in answer.data)
    columns: list[Column[Reads]] = [
        Column("Address", lambda row: _open(row.address), number=True),
        *(Column(f"{levels} levels, {'a page' if there else 'no page'}", _cell((levels, there))) for levels, there in tried),
        Column("Model", _as_predicted),
    ]
    caption = "A cell with one value: every witness that could try it got this, in both modes" if len(given) > 1 else ""
    return Table(given, columns, _reads(given), caption)


def faults(answers: Sequence[Evidence[list[Raised]]]) -> Table:
    """What a program on the host was told about each access."""
    return Table(
        answers,
        [
            Column("Access", lambda row: row["access"]),
            Column("Address", lambda row: _open(row["address"]), number=True),
            Column("Predicted", lambda row: row["predicted"]),
            Column("Measured", lambda row: row["exception"]),
            Column("Model", lambda row: Verdict(row["predicted"] == row["exception"])),
            Column("Signal", lambda row: f"{row['signal']} {row['si_code']}"),
            Column("si_addr", lambda row: row["si_addr"]),
        ],
        heads=2,
        telling=(
            "read, 0x00007fffffffffff",
            "read, 0x0000800000000000",
            "read, 0x8000000000000000",
            "read, 0xffff7fffffffffff",
            "read, 0xffff800000000000",
            "write, 0x8000000000000000",
            "fetch, 0x8000000000000000",
            "read by RBP, 0x8000000000000000",
        ),
    )


def hints(answers: Sequence[Evidence[list[Hint]]]) -> Table:
    """Where mmap put a page."""
    return Table(
        answers,
        [
            Column("mmap, asked with", lambda row: row["asked"]),
            Column("Hint", lambda row: row["hint"], number=True),
            Column("Got", lambda row: row["got"]),
        ],
    )


def size(count: int) -> str:
    """A number of bytes in the largest binary unit that it fills: ``132 KiB``."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min((count.bit_length() - 1) // 10 if count else 0, 6)
    return (
        f"{count / (1 << 10 * power):.3g} {units[power]}" if count >> 10 * power < 1000 else f"{count >> 10 * power} {units[power]}"
    )


def process(answers: Sequence[Evidence[list[Mapped]]]) -> Evidence[list[Mapped]]:
    """The answer, or the record where this machine does not let a process be started without randomization."""
    return recorded(question.mappings) if answers[0].data[0]["why"] else answers[0]


def mappings(answers: Sequence[Evidence[list[Mapped]]]) -> Table:
    """A process's mappings by class; the starts open in the map."""
    return Table(
        process(answers),
        [
            Column("Mapped", lambda row: row["kind"]),
            Column("From", lambda row: _open(row["start"]), number=True),
            Column("To", lambda row: row["end"], number=True),
            Column("Size", lambda row: size(row["bytes"]), number=True),
        ],
        heads=2,
    )


def randomized(answers: Sequence[Evidence[list[Moved]]]) -> Table:
    """How much of it moves from process to process."""
    return Table(
        answers,
        [
            Column("Mapped", lambda row: row["kind"]),
            Column("Processes", lambda row: row["processes"], number=True),
            Column("Different places", lambda row: row["places"], number=True),
            Column("Below 2^47", lambda row: row["below_2_47"], number=True),
            Column("Top bit", lambda row: ", ".join(map(str, row["top_bit"]))),
        ],
    )


def bit_field() -> BitField:
    """The address as bits."""
    from syslab.widgets import BitField

    return BitField(VA, prompt="Address")


def _views(levels: int) -> dict[str, tuple[int, int]]:
    first, last = hole(levels)
    return {"Everything": (0, LAST), "User half": (0, first - 1), "Kernel half": (last + 1, LAST)}


def address_map(answers: Sequence[Evidence[list[Mapped]]], bits: BitField | None = None) -> AddressMap:
    """Linux's regions with four and five levels, and the process of ``answers``. With a kernel it moves with ``bits``."""
    import traitlets

    from .widget import AddressMap, Space

    answer = process(answers)
    spaces = {
        f"levels-{n}": Space(f"Linux, {n} levels of page tables", regions, _views(n), f"{SOURCE}; without KASLR")
        for n, regions in REGIONS.items()
    }
    rows = [(int(r["start"], 16), int(r["end"], 16), r["kind"], "used") for r in answer.data]
    first, last = hole(4)
    top = min(start for start, _, kind, _ in rows if kind in ("libraries and mmap", "stack"))
    views = {"Everything": (0, LAST), "User half": (0, first - 1), "Its top": (top & -(1 << 24), first - 1)}
    gap = (
        [(first, last, "not canonical, 4 levels", "hole")] if all(end < first or start > last for start, end, _, _ in rows) else []
    )
    line = f"cat /proc/self/maps, without address randomization: {answer.provenance.line()}"
    spaces["process"] = Space("A process", sorted(rows + gap), views, line)
    made = AddressMap(spaces, START, VA.anchor, follows=bits is not None)
    if bits is not None:
        traitlets.link((bits, "value"), (made, "value"))
    return made
