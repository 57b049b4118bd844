"""Committed records: what an experiment answered on a real machine, for readers whose machine cannot run it.

    chapters/kvm/halt/records/hlt.kvm-pvm.json      the data alone, beside the code that asked
    records.json                                    who answered: a line for each question, witness and machine

What changes with each run (date, seconds, the code's hash) is in the one index. Machines that gave the same data share
its file; one that did not has a file with its own name in it. Only ``make record`` writes them, from a real run, or takes
in what another machine's ``make record`` wrote; nothing in them is edited by hand.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from .provenance import Provenance

FOLDER = Path(__file__).resolve().parents[1]  # the package; tests put another in its place


class NoRecord(LookupError):
    """There is no record of this experiment by this witness."""


@dataclass(frozen=True)
class Entry:
    """A line of the index. ``data`` is the file's name in the chapter's folder of records; ``other``: not the machine that ``make record`` ran on last, so its
    code may be older."""

    name: str
    machine: str
    data: str
    provenance: Provenance
    other: bool = False

    @property
    def path(self) -> Path:
        """The file with the data."""
        return folder(self.name.split(".")[0]) / self.data

    def load(self) -> Any:
        """The data."""
        return json.loads(self.path.read_text(encoding="utf-8"))


def folder(module: str) -> Path:
    """Where the data of a chapter's questions, or of a module's that several ask, lies."""
    found = [FOLDER / "questions" / "records" / module, *FOLDER.glob(f"chapters/*/{module}/records")]
    return next((place for place in found if place.is_dir()), FOLDER / "records" / module)


def machine(provenance: Provenance) -> str:
    """A short name for who answered: ``epyc-25-17``, with ``-tcg`` where QEMU emulated it."""
    words = [w.lower() for w in re.findall(r"[A-Za-z]\w+", re.sub(r"\(.*?\)", " ", provenance.cpu))]
    name = next((w for w in words if w not in ("amd", "intel", "genuineintel", "processor", "cpu")), "cpu")
    numbers = re.findall(r"(?:family|model) (\d+)", provenance.cpu)
    return "-".join([name, *numbers] + (["tcg"] if "TCG" in provenance.hypervisor else []))


def _index() -> Path:
    return FOLDER / "records.json"


@cache
def _read(path: Path, _changed: int) -> tuple[Entry, ...]:
    return tuple(
        Entry(line["name"], line["machine"], line["data"], Provenance(**line["provenance"]), line.get("other", False))
        for line in json.loads(path.read_text(encoding="utf-8"))
    )


def entries(name: str = "", witness: str = "") -> list[Entry]:
    """The index, or its lines for a question and a witness; the machine that ``make record`` ran on last first."""
    try:
        found = _read(_index(), _index().stat().st_mtime_ns)
    except FileNotFoundError:
        return []
    wanted = [e for e in found if name in ("", e.name) and witness in ("", e.provenance.witness)]
    return sorted(wanted, key=lambda e: e.other)


def witnesses(name: str) -> list[str]:
    """The witnesses that have a record of ``name`` (``module.function``)."""
    return sorted({e.provenance.witness for e in entries(name)})


def find(name: str, witness: str = "host", machine: str = "") -> Entry:
    """The record of ``name`` by ``witness``, on ``machine`` if one is named; :class:`NoRecord` that says which there are."""
    for entry in entries(name, witness):
        if machine in ("", entry.machine):
            return entry
    by = f"{witness} on {machine}" if machine else witness
    raise NoRecord(f"no record of {name} by {by}; there is {witnesses(name) or 'none'}")


def load(name: str, witness: str = "host", machine: str = "") -> tuple[Any, Provenance]:
    """The data and provenance of a record; :class:`NoRecord` that says which witnesses there are."""
    entry = find(name, witness, machine)
    return entry.load(), entry.provenance


def path(name: str, witness: str = "host") -> Path:
    """The file with the data of a record."""
    return find(name, witness).path


def digest(module: str) -> str:
    """Changes when a record of ``module`` (a dotted name) does: its data, or who gave it and when."""
    *_, chapter, own = module.split(".")
    short = chapter if own == "ask" else own
    found = [(e, e.path.read_bytes()) for e in entries() if e.name.split(".")[0] == short]
    return sha256(repr(sorted((repr(entry), data) for entry, data in found)).encode()).hexdigest()


def _text(data: Any) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def save(name: str, data: Any, provenance: Provenance, other: bool = False) -> Path:
    """Write a record; for tools/record.py. Equal data is one file, whoever gave it; ``other``: another's machine."""
    who, witness, text = machine(provenance), provenance.witness, _text(data)
    module, function = name.split(".")
    place, common = folder(module), f"{function}.{witness}.json"

    def own(one: str) -> str:
        return f"{function}.{witness}.{one}.json"

    def kept(file: str) -> str:
        return (place / file).read_text(encoding="utf-8")

    others = [e for e in entries(name, witness) if e.machine != who]
    if other:
        target = next((e.data for e in others if kept(e.data) == text), own(who))
    else:  # the file without a machine's name is this project's: others that differ now move aside
        target = common
        shared = [e for e in others if e.data == common]
        if shared and kept(common) != text:
            _write(place / own(shared[0].machine), kept(common))
            others = [replace(e, data=own(shared[0].machine)) if e in shared else e for e in others]
        others = [replace(e, data=common if kept(e.data) == text else e.data, other=True) for e in others]
    _write(place / target, text)
    rest = [e for e in entries() if (e.name, e.provenance.witness) != (name, witness)]
    _save_index([*rest, *others, Entry(name, who, target, provenance, other)])
    used = {e.data for e in entries(name, witness)}
    for file in [place / common, *place.glob(own("*"))]:
        if file.name not in used:
            file.unlink(missing_ok=True)
    return place / target


def _save_index(found: list[Entry]) -> None:
    lines = []
    for e in sorted(found, key=lambda e: (e.name, e.provenance.witness, e.other, e.machine)):
        line = {"name": e.name, "machine": e.machine, "data": e.data, "provenance": e.provenance.to_dict()}
        lines.append(json.dumps(line | ({"other": True} if e.other else {}), ensure_ascii=False))
    _write(_index(), "[\n" + ",\n".join(lines) + "\n]\n")
    _read.cache_clear()
