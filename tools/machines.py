"""Who answered, and where they differ: what the page on machines shows, from the records alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from syslab.evidence import LAB_VM, records
from syslab.evidence.records import Entry

from .chapters import BOOK
from .record import called, experiments, places


@dataclass(frozen=True)
class Machine:
    """One machine and what it gave. ``lacked`` are needs that kept questions from it; ``kvm`` its witnesses of KVM."""

    name: str
    cpu: str
    hypervisor: str
    kernels: tuple[str, ...]
    kvm: tuple[str, ...]
    dates: tuple[str, str]
    count: int
    lacked: tuple[str, ...]
    other: bool


def _lacked(asked: set[tuple[str, str]]) -> tuple[str, ...]:
    """Needs that no question of ``asked`` (its name, the witness) has, and that some other question has."""
    met, unmet = set(), []
    for experiment in experiments():
        for place, witness in places(experiment):
            needs = witness.needs
            if (experiment.name, called(place, witness)) in asked:
                met |= {need.name for need in needs}
            else:
                unmet += [need.name for need in needs if need != LAB_VM]  # that is a machine of its own
    return tuple(sorted({name for name in unmet if name not in met}, key=str.lower))


def machines() -> list[Machine]:
    """All of them, this project's own first."""
    found = []
    for name in dict.fromkeys(e.machine for e in records.entries()):
        mine = [e for e in records.entries() if e.machine == name]
        about = [e.provenance for e in mine]
        inside = any("TCG" in p.hypervisor for p in about)  # the lab VM is asked only what is for it
        found.append(
            Machine(
                name=name,
                cpu=about[0].cpu,
                hypervisor=about[0].hypervisor,
                kernels=tuple(sorted({p.kernel for p in about})),
                kvm=tuple(sorted({p.witness for p in about if p.witness.startswith("kvm-")})),
                dates=(min(p.date for p in about), max(p.date for p in about)),
                count=len(mine),
                lacked=() if inside else _lacked({(e.name, e.provenance.witness) for e in mine}),
                other=mine[0].other,
            )
        )
    return found


@dataclass(frozen=True)
class Difference:
    """A question that machines of one witness answered with different data, and why."""

    question: str
    witness: str
    groups: tuple[tuple[str, ...], ...]
    why: str


def compared() -> Iterator[tuple[str, str, list[Entry]]]:
    """Question, witness and records, where more than one machine answered."""
    for name, witness in dict.fromkeys((e.name, e.provenance.witness) for e in records.entries()):
        found = records.entries(name, witness)
        if len(found) > 1:
            yield name, witness, found


def differences() -> list[Difference]:
    """Where they differ. ValueError if book/differences.yml lacks a reason, or has one for what is equal."""
    reasons: dict[str, str] = yaml.safe_load((BOOK / "differences.yml").read_text(encoding="utf-8"))
    listed = []
    for name, witness, found in compared():
        files = dict.fromkeys(e.data for e in found)
        if len(files) > 1:
            if name not in reasons:
                raise ValueError(f"book/differences.yml does not say why machines differ in {name}")
            groups = tuple(tuple(e.machine for e in found if e.data == file) for file in files)
            listed.append(Difference(name, witness, groups, reasons[name]))
    if idle := set(reasons) - {d.question for d in listed}:
        raise ValueError(f"book/differences.yml gives reasons for what is equal: {', '.join(sorted(idle))}")
    return sorted(listed, key=lambda d: d.question)
