"""LeafBrowser: what CPUID answered on one machine or several, leaf by leaf, and where a feature is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from syslab.bits.core import Decoded, Field
from syslab.bits.cpuid import LEAVES, REGISTERS, cpuinfo_name, first_kernel, layouts, since_kernel, title
from syslab.native.cpuid import Leaf
from syslab.widgets.base import Widget, columns, script, style


@dataclass(frozen=True)
class Machine:
    """``rows`` as :func:`syslab.chapters.cpu.cpuid.ask.leaves` gives them; ``line`` says who answered; ``label`` for the menu."""

    label: str
    rows: Sequence[Leaf]
    line: str = ""


class LeafBrowser(Widget):
    """``machines``: key -> :class:`Machine`, the first one shown first. ``value`` is what links say: leaf (hex) and subleaf,
    ``7.0``, the machine's key where it is not the first, ``7.0.host``, and the field that is chosen, ``7.0.host.ebx.7``.

    ``start`` is the (leaf, subleaf) shown first, by default the first row. The layouts come along of every leaf that a
    machine answered, and of those that tell of features: so the search can also say that a leaf is not answered.
    """

    becomes = "all leaves, with a search over their fields"
    _esm = script(__file__)
    _css = style(__file__)
    machines: traitlets.List[Any] = traitlets.List().tag(sync=True)
    registers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    fields: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    titles: traitlets.Dict[str, str] = traitlets.Dict().tag(sync=True)
    anchor = traitlets.Unicode("cpuid").tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, machines: Mapping[str, Machine], start: tuple[int, int] | None = None) -> None:
        """ValueError for no machine, a key that cannot be in a link, a machine without rows, a ``start`` nobody answered."""
        if not machines:
            raise ValueError("LeafBrowser needs at least one machine")
        for key, machine in machines.items():
            if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
                raise ValueError(f"LeafBrowser: the key {key!r} is not lower-case letters, digits and hyphens")
            if not machine.rows:
                raise ValueError(f"LeafBrowser: machine {key} answered no leaf")
        rows = {key: [[r["leaf"], r["subleaf"], *(r[name] for name in REGISTERS)] for r in m.rows] for key, m in machines.items()}
        first = next(iter(machines))
        leaf = start or (rows[first][0][0], rows[first][0][1])
        if not any((r[0], r[1]) == leaf for r in rows[first]):
            raise ValueError(f"LeafBrowser: machine {first} has no leaf {leaf[0]:#x} subleaf {leaf[1]}")
        answered = {(r[0], r[1]) for table in rows.values() for r in table}
        wanted = {(at, sub) if (at, sub) in LEAVES else (at, None) for at, sub in answered} | _of_features()
        known = [(at, r, layout) for at, found in LEAVES.items() if at in wanted for r, layout in found.items()]
        carried = sorted(known, key=lambda one: (_key(*one[0]), one[1]))  # the search finds them in this order
        super().__init__(
            machines=[{"key": key, "label": m.label, "line": m.line, "rows": rows[key]} for key, m in machines.items()],
            # a page carries a hundred registers: each with how many of the fields are its own
            registers=[[_key(*at), r, layout.note, len(layout.fields)] for at, r, layout in carried],
            fields=columns(_field(field) for _, _, layout in carried for field in layout.fields),
            titles={f"{at:x}": title(at) for at in sorted({at for at, _ in answered | wanted}) if title(at)},
            value=_key(*leaf),
        )

    @property
    def decoded(self) -> dict[str, Decoded]:
        """What the current state means, by register; {} where this book has no layout or the machine no such leaf."""
        leaf, subleaf, *rest = self.value.split(".")
        machine = next((m for m in self.machines if rest and m["key"] == rest[0]), self.machines[0])
        at = [int(leaf, 16), int(subleaf)]
        values = next((row[2:] for row in machine["rows"] if row[:2] == at), None)
        if values is None:
            return {}
        return {r: layout.decode(values[REGISTERS.index(r)]) for r, layout in layouts(*at).items()}

    def in_words(self) -> str:
        """The leaf, its registers and the fields that are set."""
        leaf, subleaf, *rest = self.value.split(".")
        machine = next((m for m in self.machines if rest and m["key"] == rest[0]), self.machines[0])
        row: list[int] = next((row[2:] for row in machine["rows"] if row[:2] == [int(leaf, 16), int(subleaf)]), [])
        registers = [f"{name.upper()} {value:#010x}" for name, value in zip(REGISTERS, row, strict=False)]
        told = [f"{name.upper()}: {found.sentence}" for name, found in self.decoded.items() if found.value]
        name = title(int(leaf, 16))
        return "\n".join([f"{machine['label']}, leaf {leaf}.{subleaf}{name and f', {name}'}: {', '.join(registers)}", *told])


def _key(leaf: int, subleaf: int | None) -> str:
    return f"{leaf:x}.{'n' if subleaf is None else subleaf}"


def _of_features() -> set[tuple[int, int | None]]:
    return {at for at, found in LEAVES.items() if any(first_kernel(f.linux) for x in found.values() for f in x.fields)}


def _field(f: Field) -> dict[str, Any]:
    """What the page says of a field; ``flags``: its names in /proc/cpuinfo, "=" for its own in lower case; ``kernel``: the oldest
    one read that knows it."""
    flags = " ".join(name for c in f.linux if c.startswith("X86_FEATURE_") and (name := cpuinfo_name(c)))
    flags = "=" if flags and flags == f.name.lower() else flags  # half of all names: a page carries hundreds
    values = {str(k): v for k, v in f.values.items()}
    own = {"name": f.name, "bit": f.bit, "title": f.title, "width": f.width, "show": f.show, "values": values or None}
    return own | {"since": f.since, "flags": flags, "kernel": since_kernel(f.linux)}
