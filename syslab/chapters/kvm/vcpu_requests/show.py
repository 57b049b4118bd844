"""Tables of the chapter on vCPU requests, its interleavings and its decoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from syslab.bits import kvm_requests
from syslab.bits.kvm_requests import MASK, VERSIONS
from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured, SideBySide

from .causes import CAUSES
from .model import LANES, LETTERS, MEMORY, OUTCOMES, SCENARIOS
from .store_buffers import NEXT

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import BitField

    from .widget import Interleaving

Row = dict[str, Any]
ANCHOR = "race"


def numbers_of(kernel: str) -> str:
    """The version whose numbers ``kernel`` ("Linux 6.1.192") has: the newest known that is not newer; else the oldest."""
    found = re.search(r"(\d+)\.(\d+)", kernel)
    running = tuple(map(int, found.groups())) if found else (0, 0)
    return next((v for v in reversed(VERSIONS) if tuple(map(int, v.split("."))) <= running), VERSIONS[0])


def asked(answer: Evidence) -> Measured:
    """What was done, and what the kernel then asked: the value, its name, whether it waits; or who kicked."""
    version = numbers_of(answer.provenance.kernel)
    layout = kvm_requests.request(version)
    names = {value: name for name, value in kvm_requests.constants(version).items()}
    titles = {cause.key: cause.title for cause in CAUSES}

    def value(row: Row) -> Any:
        return "" if row["request"] is None else Link(hex(row["request"]), f"#{layout.anchor}={row['request']:#x}")

    def what(row: Row) -> str:
        if row["request"] is None:
            return f"kvm_vcpu_kick() from {row['kicked_by']}()"
        return names.get(row["request"], f"number {row['request'] & MASK}, unknown here")

    columns = [
        Column("User space does", lambda row: titles[row["cause"]]),
        Column("The kernel then", what),
        Column("Value", value, number=True),
    ]
    return Measured(answer, columns)


def race(answer: Evidence) -> Measured:
    """The model's counts for each way to write the two sides, and what a real CPU showed."""
    measured = {row["scenario"]: row for row in answer.data}

    def seen(row: Row) -> str:
        there = measured.get(row["key"])
        if there is None:
            return "not tried"
        if not there["overlapped"]:
            return "the threads never ran at once"
        return "seen" if there["both_found_nothing"] else "never seen"

    def lost(row: Row) -> Any:
        run = SCENARIOS[row["key"]].run("lost")
        return 0 if run is None else Link(str(row["lost"]), f"#{ANCHOR}={row['key']}.{run}")

    rows = [{"key": key, "title": scenario.title} | scenario.count() for key, scenario in SCENARIOS.items()]
    columns = [
        Column("How it is written", "title"),
        Column("Model: runs", "runs", number=True),
        Column("of them lost", lost, number=True),
        Column("Real CPUs: both found nothing", seen),
    ]
    return Measured(answer, columns, rows)


def kicks(answers: Sequence[Evidence]) -> SideBySide:
    """What KVM_RUN returned, each witness's answer beside the other's."""
    when = {"before": "before KVM_RUN", "inside": "while the guest runs"}
    return SideBySide(
        answers,
        keys=[Column("Done", "done"), Column("When", lambda row: when[row["when"]])],
        values=[Column("KVM_RUN", lambda row: row["kvm_run"] + ("" if row["guest_ran"] else ", the guest never ran"))],
    )


def rounds(answers: Sequence[Evidence]) -> SideBySide:
    """How many kicks, and how many got lost."""
    return SideBySide(answers, keys=[Column("Kicks", "kicks", number=True)], values=[Column("Lost", "lost", number=True)])


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
