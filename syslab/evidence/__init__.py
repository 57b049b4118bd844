"""Which machine answered: live where it can be, else a record, never a pretence.

>>> from syslab.evidence import ask
>>> from syslab.chapters.memory.page_fault_error_code import ask as page_fault_error_code
>>> answer = ask(page_fault_error_code.faults)
>>> answer.data, answer.provenance.how

The order is: here, then the lab VM if the experiment can run there, then the committed record. ``ask_each`` asks
both machines. A run that fails or takes too long is answered from the record as well, and the provenance line says
what happened. ``SYSLAB_EVIDENCE=record`` takes records only; ``live`` refuses them; ``strict`` takes them for what this
machine lacks, but not for a run that failed: so the tests run. ``SYSLAB_LAB=off`` hides the lab VM.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from . import lab, records
from .bounded import ExperimentFailed, ExperimentTimeout, run
from .experiment import Experiment, experiment
from .needs import KVM, LAB_VM, LINUX, X86_64, Need, tool
from .provenance import Provenance, here

__all__ = [
    "KVM", "LAB_VM", "LINUX", "X86_64", "CannotRunHere", "Evidence", "Experiment", "ExperimentFailed", "ExperimentTimeout",
    "Need", "Provenance", "ask", "ask_each", "experiment", "recorded", "tool",
]  # fmt: skip

Missing = list[tuple[Need, str]]


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
        from .line import provenance_html, styled

        return styled(provenance_html(self.provenance))


MODE = "SYSLAB_EVIDENCE"


def mode() -> str:
    """What the environment asks for: "", record, live or strict. ValueError for another word."""
    word = os.environ.get(MODE, "")
    if word not in ("", "record", "live", "strict"):
        raise ValueError(f"{MODE} is {word!r}; it takes record, live, strict or nothing")
    return word


def _recorded_witness(experiment: Experiment) -> str:
    """Its own witness, else whoever has a record: a machine without KVM cannot say which KVM it would be."""
    there = records.witnesses(experiment.name)
    return experiment.witness if experiment.witness in there or not there else there[0]


def _live(experiment: Experiment, arguments: dict[str, Any]) -> Evidence:
    result = run(experiment, arguments)
    return Evidence(experiment.name, result.data, here("live", result.seconds, experiment.tools, experiment.witness))


def _lab(experiment: Experiment, arguments: dict[str, Any]) -> Evidence:
    result, provenance = lab.run(experiment, arguments)
    answer = Evidence(experiment.name, result.data, provenance)
    if arguments or not (told := _otherwise(answer)):
        return answer
    by = told[0].provenance
    note = f"The text speaks of {by.witness} ({by.kernel}), which answered otherwise: that is recorded"
    return replace(answer, provenance=replace(provenance, note=note))


def _otherwise(answer: Evidence) -> list[Evidence]:
    """The record of the lab VM that the text speaks of, if ``answer`` is another lab VM's and is not the same."""
    if not lab.is_other(answer.provenance):
        return []
    try:
        data, provenance = records.load(answer.name, lab.WITNESS)
    except records.NoRecord:
        return []
    return [] if data == answer.data else [Evidence(answer.name, data, replace(provenance, how="record"))]


def _record(experiment: Experiment, witness: str, missing: Missing, failure: ExperimentFailed | None = None) -> Evidence:
    data, provenance = records.load(experiment.name, witness)
    install = tuple(dict.fromkeys(hint for need, why in missing if (hint := need.hint(why))))
    failed = " ".join(str(failure).split()) if failure else ""
    return Evidence(experiment.name, data, replace(provenance, how="record", install=install, failed=failed))


def _why(missing: Missing) -> str:
    return "; ".join(f"needs {need.name}, but {reason}" for need, reason in missing)


_NO_RUN: Missing = [(Need("a live run", lambda: None, "unset SYSLAB_EVIDENCE"), "SYSLAB_EVIDENCE=record")]


def ask(experiment: Experiment, **arguments: Any) -> Evidence:
    """Ask a machine. Here if it has what the experiment needs, else the lab VM, else the committed record.

    With ``arguments`` there is no record to fall back to: :class:`CannotRunHere` says what is missing, and a run that
    fails raises :class:`ExperimentFailed`. Without, the record answers and its line says what failed.
    """
    missing = experiment.missing()
    asked = mode()
    try:
        if asked == "record" and not arguments:
            missing = missing or _NO_RUN
        elif not missing:
            return _live(experiment, arguments)
        elif lab.possible(experiment) and asked != "record":
            try:
                return _lab(experiment, arguments)
            except lab.NotInLab as there:  # what helps is either
                missing = [pair for pair in missing if pair[0] not in (LAB_VM, *dict(there.missing))] + there.missing
    except ExperimentFailed as failure:
        if arguments or asked in ("live", "strict") or not records.witnesses(experiment.name):
            raise
        return _record(experiment, _recorded_witness(experiment), [], failure)
    if arguments or asked == "live":
        raise CannotRunHere(f"{experiment.name} cannot run here: {_why(missing)}")
    try:
        return _record(experiment, _recorded_witness(experiment), missing)
    except records.NoRecord as none:
        raise CannotRunHere(f"{experiment.name} cannot run here ({_why(missing)}) and {none}") from None


def ask_each(experiment: Experiment, **arguments: Any) -> list[Evidence]:
    """One answer a witness: this machine's first (live, or a machine's record where it cannot), then the lab VM's.

    A lab VM of another kernel or QEMU than that of the record has the record beside it, if its answer is another.
    A witness that neither can be asked nor has a record is left out; :class:`CannotRunHere` if that leaves none.
    """
    asked = mode()
    only_records = asked == "record" and not arguments
    answers: list[Evidence] = []
    whole: Missing = []
    missing = experiment.missing()
    for where, able, question in (
        ("here", not missing, _live),
        (
            "lab",
            lab.possible(experiment) and (LAB_VM in experiment.needs or bool(missing) or experiment.witness != lab.WITNESS),
            _lab,
        ),
    ):
        kept = [w for w in records.witnesses(experiment.name) if (w == lab.WITNESS) == (where == "lab")]
        reasons = _NO_RUN if only_records else missing if where == "here" else []
        failed: ExperimentFailed | None = None
        if able and not only_records:
            try:
                answers.append(question(experiment, arguments))
                answers += [] if arguments else _otherwise(answers[-1])
                continue
            except lab.NotInLab as there:
                reasons = there.missing
            except ExperimentFailed as failure:
                if arguments or asked in ("live", "strict") or not kept:
                    raise
                failed = failure
        whole += reasons
        if kept and not arguments and asked != "live":
            answers.append(_record(experiment, experiment.witness if experiment.witness in kept else kept[0], reasons, failed))
    if not answers:
        raise CannotRunHere(f"{experiment.name} cannot run here ({_why(whole)}) and there is no record that could stand in")
    return answers


def recorded(experiment: Experiment, witness: str = "") -> Evidence:
    """The committed record by ``witness`` (by default whom :func:`ask` would take), whatever this machine can do."""
    data, provenance = records.load(experiment.name, witness or _recorded_witness(experiment))
    return Evidence(experiment.name, data, replace(provenance, how="record"))
