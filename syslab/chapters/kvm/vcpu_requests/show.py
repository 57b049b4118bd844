"""Tables of the chapter on vCPU requests, its interleavings and its decoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.bits import kvm_requests
from syslab.bits.kvm_requests import MASK, VERSIONS
from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table

from .ask import Kick, Race, Rounds
from .causes import CAUSES, Asked
from .model import LANES, LETTERS, MEMORY, OUTCOMES, SCENARIOS, Count
from .store_buffers import NEXT

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import BitField

    from .widget import Interleaving

ANCHOR = "race"


def numbers_of(kernel: str) -> str:
    """The version whose numbers ``kernel`` ("Linux 6.1.192") has: the newest known that is not newer; else the oldest."""
    found = re.search(r"(\d+)\.(\d+)", kernel)
    running = tuple(map(int, found.groups())) if found else (0, 0)
    return next((v for v in reversed(VERSIONS) if tuple(map(int, v.split("."))) <= running), VERSIONS[0])


def asked(answer: Answer[list[Asked]]) -> Table:
    """What was done, and what the kernel then asked: the value, its name, whether it waits; or who kicked."""
    version = numbers_of(answer.provenance.kernel)
    layout = kvm_requests.request(version)
    names = {value: name for name, value in kvm_requests.constants(version).items()}
    titles = {cause.key: cause.title for cause in CAUSES}

    def value(row: Asked) -> Link | str:
        return "" if row["request"] is None else Link(hex(row["request"]), f"#{layout.anchor}={row['request']:#x}")

    def what(row: Asked) -> str:
        if row["request"] is None:
            return f"kvm_vcpu_kick() from {row['kicked_by']}()"
        return names.get(row["request"], f"number {row['request'] & MASK}, unknown here")

    return Table(
        answer,
        [
            Column("User space does", lambda row: titles[row["cause"]]),
            Column("The kernel then", what),
            Column("Value", value, number=True),
        ],
        telling=lambda row: row["request"] is not None or row["cause"] in ("slot", "dirty", "line"),
    )


class Written(Count):
    """A scenario, and its runs counted."""

    key: str
    title: str


def reordering(answer: Answer[list[Race]]) -> Table:
    """The model's counts for each way to write the two sides, and what a real CPU showed."""
    measured = {row["scenario"]: row for row in answer.data}

    def seen(row: Written) -> str:
        there = measured.get(row["key"])
        if there is None:
            return "not tried"
        if not there["overlapped"]:
            return "the threads never ran at once"
        return "seen" if there["both_found_nothing"] else "never seen"

    def lost(row: Written) -> Link | int:
        run = SCENARIOS[row["key"]].run("lost")
        return 0 if run is None else Link(str(row["lost"]), f"#{ANCHOR}={row['key']}.{run}")

    rows: list[Written] = [{"key": key, "title": scenario.title, **scenario.count()} for key, scenario in SCENARIOS.items()]
    columns: list[Column[Written]] = [
        Column("How it is written", lambda row: row["title"]),
        Column("Model: runs", lambda row: row["runs"], number=True),
        Column("of them lost", lost, number=True),
        Column("Real CPUs: both found nothing", seen),
    ]
    return Table(answer, columns, rows)


def kicks(answers: Sequence[Evidence[list[Kick]]]) -> Table:
    """What KVM_RUN returned, each witness's answer beside the other's."""
    when = {"before": "before KVM_RUN", "inside": "while the guest runs"}
    return Table(
        answers,
        [Column("KVM_RUN", lambda row: row["kvm_run"] + ("" if row["guest_ran"] else ", the guest never ran"))],
        keys=[Column("Done", lambda row: row["done"]), Column("When", lambda row: when[row["when"]])],
    )


def rounds(answers: Sequence[Evidence[list[Rounds]]]) -> Table:
    """How many kicks, and how many got lost."""
    return Table(
        answers,
        [Column("Lost", lambda row: row["lost"], number=True)],
        keys=[Column("Kicks", lambda row: row["kicks"], number=True)],
    )


def interleaving() -> Interleaving:
    """The race, step by step, the reader as scheduler."""
    from .widget import Interleaving

    moves = {
        letter: (
            lane,
            "Next instruction" if kind == NEXT else "Store reaches memory",
            "{}" if kind == NEXT else "its store reaches memory ([])",
        )
        for (kind, lane), letter in LETTERS.items()
    }
    return Interleaving(ANCHOR, LANES, MEMORY, moves, OUTCOMES, {key: scenario.graph() for key, scenario in SCENARIOS.items()})


def decoder() -> BitField:
    """A request's value and the bitmap, newest kernel first."""
    from syslab.widgets import BitField

    newest_first = [make(version) for make in (kvm_requests.request, kvm_requests.bitmap) for version in reversed(VERSIONS)]
    return BitField(*newest_first, menu="Word")
