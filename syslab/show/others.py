"""What other machines answered to the same question, from their records: beside the answer in the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from syslab.evidence import Evidence, records

from .cells import listed

Shown = Callable[[Evidence[Any]], list[tuple[str, ...]]]
"""An answer's rows as a table shows them."""


@dataclass(frozen=True)
class Others:
    """For one answer: the machines that gave the same, and the records of those that did not."""

    answer: Evidence[Any]
    same: tuple[str, ...]
    unlike: tuple[Evidence[Any], ...]

    def told(self, beside: bool) -> list[str]:
        """In sentences; ``beside``: what is unlike has a column in the table."""
        witness, said = self.answer.provenance.witness, []
        if self.same:
            said.append(f"On record, the same answer: {witness} on {listed(self.same)}.")
        if self.unlike and not beside:
            names = listed([machine(one) for one in self.unlike])
            said.append(f"On record, another answer: {witness} on {names}; see the page on machines.")
        return said


def machine(answer: Evidence[Any]) -> str:
    """The short name of the machine that gave it: ``xeon-6-207``."""
    return records.machine(answer.provenance)


def others(answer: Evidence[Any], shown: Shown) -> Others:
    """Compared by what the table shows. A record whose rows the table cannot show, because it is older, is left out."""
    same, unlike = [], []
    if answer.experiment and not answer.arguments:
        own = shown(answer)
        for entry in records.entries(answer.name, answer.provenance.witness):
            if entry.machine == machine(answer):
                continue
            one = Evidence(answer.name, entry.load(), replace(entry.provenance, how="record"), answer.experiment)
            try:
                told = shown(one)
            except (LookupError, TypeError, ValueError):
                continue
            if told == own:
                same.append(entry.machine)
            else:
                unlike.append(one)
    return Others(answer, tuple(same), tuple(unlike))
