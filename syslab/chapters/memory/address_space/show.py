"""Tables of the chapter on the address space, and its two widgets."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from syslab.bits.address import VA, hole
from syslab.evidence import Evidence, recorded
from syslab.show.table import Column, Link, Measured, Verdict

from . import ask as experiment
from .regions import REGIONS, SOURCE

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import BitField

    from .widget import AddressMap

START = VA.examples[0][1]
LAST = (1 << 64) - 1
Row = dict[str, Any]


def _open(text: str) -> Link:
    """An address that opens in the bit field and in the map."""
    return Link(text, f"#{VA.anchor}={int(text, 16):#x}")


def bits(answer: Evidence) -> Measured:
    """Every bit that was tried; neighbours with the same answers are one row."""
    rows = []
    for found, group in groupby(answer.data, key=lambda row: {name: row[name] for name in row if name != "bit"}):
        numbers = [row["bit"] for row in group]
        rows.append({"n": f"{numbers[0]} to {numbers[-1]}" if numbers[1:] else str(numbers[0])} | found)
    columns = [Column("n", "n", number=True)]
    columns += [
        Column(f"{what}, {k} levels", f"{name}{k}") for k in (4, 5) for name, what in (("alone", "2^n"), ("above", "-(2^n)"))
    ]
    return Measured(answer, columns, rows)


def edges(answer: Evidence) -> Measured:
    """A row an address: what supervisor and user got, with each number of levels, with a page there and without."""
    found: dict[str, dict[tuple[int, bool], dict[str, str]]] = {}
    for row in answer.data:
        modes = found.setdefault(row["address"], {}).setdefault((row["levels"], row["mapped"]), {})
        modes["user" if row["user"] else "supervisor"] = row["result"]

    def cell(key: tuple[int, bool]) -> Any:
        def text(row: Row) -> str:
            modes = row["found"][key]
            same = len(set(modes.values())) == 1
            return next(iter(modes.values())) if same else ", ".join(f"{mode} {result}" for mode, result in modes.items())

        return text

    def verdict(row: Row) -> Verdict:
        at = int(row["address"], 16)
        wrong = [
            1
            for (levels, there), modes in row["found"].items()
            for r in modes.values()
            if r != experiment.predict(at, levels, there)
        ]
        return Verdict(not wrong)

    rows: list[Row] = [{"address": address, "found": cells} for address, cells in found.items()]
    keys = list(next(iter(found.values())))
    columns = [Column("Address", lambda row: _open(row["address"]), number=True)]
    columns += [Column(f"{levels} levels, {'a page' if there else 'no page'}", cell((levels, there))) for levels, there in keys]
    return Measured(answer, [*columns, Column("Model", verdict)], rows)


def faults(answer: Evidence) -> Measured:
    """What a program on the host was told about each access."""
    columns = [
        Column("Access", "access"),
        Column("Address", lambda row: _open(row["address"]), number=True),
        Column("Predicted", "predicted"),
        Column("Measured", "exception"),
        Column("Model", lambda row: Verdict(row["predicted"] == row["exception"])),
        Column("Signal", lambda row: f"{row['signal']} {row['si_code']}"),
        Column("si_addr", "si_addr"),
    ]
    return Measured(answer, columns)


def hints(answer: Evidence) -> Measured:
    """Where mmap put a page."""
    columns = [Column("mmap, asked with", "asked"), Column("Hint", "hint", number=True), Column("Got", "got")]
    return Measured(answer, columns)


def size(count: int) -> str:
    """A number of bytes in the largest binary unit that it fills: ``132 KiB``."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min((count.bit_length() - 1) // 10 if count else 0, 6)
    return (
        f"{count / (1 << 10 * power):.3g} {units[power]}" if count >> 10 * power < 1000 else f"{count >> 10 * power} {units[power]}"
    )


def process(answer: Evidence) -> Evidence:
    """``answer``, or the record where this machine does not let a process be started without randomization."""
    return recorded(experiment.mappings) if answer.data[0]["why"] else answer


def mappings(answer: Evidence) -> Measured:
    """A process's mappings by class; the starts open in the map."""
    columns = [
        Column("Mapped", "kind"),
        Column("From", lambda row: _open(row["start"]), number=True),
        Column("To", "end", number=True),
        Column("Size", lambda row: size(row["bytes"]), number=True),
    ]
    return Measured(process(answer), columns)


def randomized(answer: Evidence) -> Measured:
    """How much of it moves from process to process."""
    columns = [
        Column("Mapped", "kind"),
        Column("Processes", "processes", number=True),
        Column("Different places", "places", number=True),
        Column("Below 2^47", "below_2_47", number=True),
        Column("Top bit", lambda row: ", ".join(map(str, row["top_bit"]))),
    ]
    return Measured(answer, columns)


def bit_field() -> BitField:
    """The address as bits."""
    from syslab.widgets import BitField

    return BitField(VA, prompt="Address")


def _views(levels: int) -> dict[str, tuple[int, int]]:
    first, last = hole(levels)
    return {"Everything": (0, LAST), "User half": (0, first - 1), "Kernel half": (last + 1, LAST)}


def address_map(answer: Evidence, bits: BitField | None = None) -> AddressMap:
    """Linux's regions with four and five levels, and the process of ``answer``. With a kernel it moves with ``bits``."""
    import traitlets

    from .widget import AddressMap, Space

    answer = process(answer)
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
