"""Which machine answered: live where it can be, else a record, never a pretence.

>>> from syslab.evidence import ask
>>> from syslab.experiments import page_fault_error_code
>>> answer = ask(page_fault_error_code.faults)
>>> answer.data, answer.provenance.how

The order is: here, then the lab VM (not built yet), then the committed record. ``SYSLAB_EVIDENCE=record`` takes
records only; ``SYSLAB_EVIDENCE=live`` refuses them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from . import records
from .bounded import ExperimentFailed, ExperimentTimeout, run
from .experiment import Experiment, experiment
from .needs import KVM, LINUX, X86_64, Need, tool
from .provenance import Provenance, here

__all__ = [
    "KVM", "LINUX", "X86_64", "CannotRunHere", "Evidence", "Experiment", "ExperimentFailed", "ExperimentTimeout",
    "Need", "Provenance", "ask", "experiment", "recorded", "tool",
]  # fmt: skip


class CannotRunHere(RuntimeError):
    """This machine lacks what the experiment needs, and there is no record of it."""


@dataclass(frozen=True)
class Evidence:
    """Plain data, and who it came from. Displays as its provenance line."""

    name: str
    data: Any
    provenance: Provenance

    def __repr__(self) -> str:
        return self.provenance.line()

    def _repr_html_(self) -> str:
        from .show import provenance_html, styled

        return styled(provenance_html(self.provenance))


def _mode() -> str:
    mode = os.environ.get("SYSLAB_EVIDENCE", "")
    if mode not in ("", "record", "live"):
        raise ValueError(f"SYSLAB_EVIDENCE is {mode!r}; it takes record, live or nothing")
    return mode


def _recorded_witness(experiment: Experiment) -> str:
    """Its own witness, else whoever has a record: a machine without KVM cannot say which KVM it would be."""
    there = records.witnesses(experiment.name)
    return experiment.witness if experiment.witness in there or not there else there[0]


def ask(experiment: Experiment, **arguments: Any) -> Evidence:
    """Ask a machine. Here if it has what the experiment needs, otherwise from the committed record.

    With ``arguments`` there is no record to fall back to: :class:`CannotRunHere` says what is missing. An
    experiment that can run and fails raises; a record never hides a failure.
    """
    missing = experiment.missing()
    mode = _mode()
    if mode == "record" and not arguments:
        missing = missing or [(Need("a live run", lambda: None, "unset SYSLAB_EVIDENCE"), "SYSLAB_EVIDENCE=record")]
    if not missing:
        result = run(experiment, arguments)
        return Evidence(experiment.name, result.data, here("live", result.seconds, experiment.tools, experiment.witness))
    why = "; ".join(f"needs {need.name}, but {reason}" for need, reason in missing)
    if arguments or mode == "live":
        raise CannotRunHere(f"{experiment.name} cannot run here: {why}")
    try:
        data, provenance = records.load(experiment.name, _recorded_witness(experiment))
    except records.NoRecord as none:
        raise CannotRunHere(f"{experiment.name} cannot run here ({why}) and {none}") from None
    install = tuple(dict.fromkeys(need.install for need, _ in missing if need.install))
    return Evidence(experiment.name, data, replace(provenance, how="record", install=install))


def recorded(experiment: Experiment, witness: str = "") -> Evidence:
    """The committed record by ``witness`` (by default whom :func:`ask` would take), whatever this machine can do."""
    data, provenance = records.load(experiment.name, witness or _recorded_witness(experiment))
    return Evidence(experiment.name, data, replace(provenance, how="record"))
