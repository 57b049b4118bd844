"""Which machine answered: live where it can be, else a record, never a pretence.

>>> from syslab import ask
>>> from syslab.chapters.memory import page_fault_error_code
>>> answer = ask(page_fault_error_code.faults)
>>> answer.data, answer.provenance.how

A question is put to each of its witnesses, and to the lab VM if it can run there; the answer has one evidence of each, this
machine's first. A witness that cannot be asked answers from its committed record, and so does one whose run fails or takes
too long; the provenance line says what happened. ``SYSLAB_EVIDENCE=record`` takes records only; ``live`` refuses them;
``strict`` takes them for what this machine lacks, but not for a run that failed: so the tests run. ``SYSLAB_LAB=off`` hides
the lab VM. ``SYSLAB_ANSWERS`` is :mod:`.shared`'s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from . import lab, records, shared
from .answer import Answer, Evidence
from .bounded import ExperimentFailed, ExperimentTimeout, run
from .experiment import Experiment, Witness, experiment
from .needs import KVM, LAB_VM, LINUX, X86_64, Need, tool
from .provenance import Provenance, here

__all__ = [
    "KVM", "LAB_VM", "LINUX", "X86_64", "Answer", "CannotRunHere", "Evidence", "Experiment", "ExperimentFailed",
    "ExperimentTimeout", "Need", "Provenance", "Witness", "ask", "experiment", "recorded", "tool",
]  # fmt: skip

Missing = list[tuple[Need, str]]
D = TypeVar("D")


class CannotRunHere(RuntimeError):
    """This machine lacks what the experiment needs, and there is no record of it."""


MODE = "SYSLAB_EVIDENCE"


def mode() -> str:
    """What the environment asks for: "", record, live or strict. ValueError for another word."""
    word = os.environ.get(MODE, "")
    if word not in ("", "record", "live", "strict"):
        raise ValueError(f"{MODE} is {word!r}; it takes record, live, strict or nothing")
    return word


_NO_RUN: Missing = [(Need("a live run", lambda: None, "unset SYSLAB_EVIDENCE"), "SYSLAB_EVIDENCE=record")]


@dataclass(frozen=True)
class _Way:
    """One witness of a question, here or in the lab VM; ``missing`` is what it lacks, as far as that is known without asking."""

    experiment: Experiment[Any]
    witness: Witness
    inside: bool
    missing: Missing

    def run(self, arguments: dict[str, Any]) -> Evidence[Any]:
        """Ask. NotInLab, or ExperimentFailed."""
        return shared.once(self.experiment, f"{self.witness.name} {self.inside}", arguments, lambda: self._run(arguments))

    def _run(self, arguments: dict[str, Any]) -> Evidence[Any]:
        given = self.witness.arguments | arguments
        if self.inside:
            result, provenance = lab.run(self.experiment, given)
        else:
            result = run(self.experiment, given)
            provenance = here("live", result.seconds, self.witness.tools, self.witness.name)
        return Evidence(self.experiment.name, result.data, provenance, self.experiment, arguments)

    def kept(self) -> list[str]:
        """The witnesses whose record can stand in, its own first: a machine without KVM cannot say which KVM it would be."""
        there = records.witnesses(self.experiment.name)
        if self.inside:
            return [name for name in there if name == lab.WITNESS]
        taken = {lab.WITNESS, *(w.called for w in self.experiment.witnesses if w is not self.witness)}
        return sorted((name for name in there if name not in taken), key=lambda name: name != self.witness.name)

    def record(self, kept: list[str], missing: Missing, failure: ExperimentFailed | None) -> Evidence[Any]:
        """The record, which says what a run would need, or what became of it."""
        data, provenance = records.load(self.experiment.name, kept[0])
        install = () if failure else tuple(dict.fromkeys(hint for need, why in missing if (hint := need.hint(why))))
        failed = " ".join(str(failure).split()) if failure else ""
        about = replace(provenance, how="record", install=install, failed=failed)
        return Evidence(self.experiment.name, data, about, self.experiment)


def _ways(experiment: Experiment[Any]) -> Iterator[_Way]:
    """Whom to ask, in order. The lab VM is not asked what this machine says as well, nor where one answer is enough."""
    for witness in experiment.witnesses:
        missing = witness.missing()
        elsewhere = lab.possible(experiment) and (
            bool(missing) or not (experiment.alone or LAB_VM in witness.needs or witness.name == lab.WITNESS)
        )
        if elsewhere and experiment.alone:  # a machine before a record
            yield _Way(experiment, witness, True, [])
            elsewhere = False
        if not (missing and LAB_VM in witness.needs):
            yield _Way(experiment, witness, False, missing)
        if elsewhere:
            yield _Way(experiment, witness, True, [])


def _why(missing: Missing) -> str:
    return "; ".join(dict.fromkeys(f"needs {need.name}, but {reason}" for need, reason in missing))


def _beside_the_text(way: _Way, answer: Evidence[Any]) -> list[Evidence[Any]]:
    """The answer of another lab VM than the one that the text speaks of: its record too, where that is not the same.

    A question that only a lab VM can answer keeps one answer, with a note.
    """
    if not lab.is_other(answer.provenance):
        return [answer]
    try:
        data, provenance = records.load(answer.name, lab.WITNESS)
    except records.NoRecord:
        return [answer]
    if data == answer.data:
        return [answer]
    if LAB_VM not in way.witness.needs:
        return [answer, Evidence(answer.name, data, replace(provenance, how="record"), answer.experiment)]
    note = f"The text speaks of {provenance.witness} ({provenance.kernel}), which answered otherwise: that is recorded"
    return [replace(answer, provenance=replace(answer.provenance, note=note))]


def ask(experiment: Experiment[D], **arguments: Any) -> Answer[D]:
    """Ask each witness of a question; which they are is declared with it. What each lacks is answered from its record.

    With ``arguments`` there are no records to fall back to, and a run that fails raises :class:`ExperimentFailed`. Without,
    the record answers and its line says what failed. A witness that neither can be asked nor has a record is left out;
    :class:`CannotRunHere` if that leaves none.
    """
    asked = mode()
    only_records = asked == "record" and not arguments
    answers: list[Evidence[D]] = []
    whole: Missing = []
    for way in _ways(experiment):
        missing, failed = way.missing or (_NO_RUN if only_records else []), None
        kept = [] if arguments or asked == "live" else way.kept()
        if not missing:
            try:
                answer = way.run(arguments)
                answers += [answer] if arguments else _beside_the_text(way, answer)
            except lab.NotInLab as there:
                missing = there.missing
            except ExperimentFailed as failure:
                if asked == "strict" or not kept:
                    raise
                failed = failure
        if missing or failed:
            whole += missing
            answers += [way.record(kept, missing, failed)] if kept else []
        if answers and experiment.alone:
            break
    if not answers:
        none = "" if arguments or asked == "live" else f", and there is no record of {experiment.name} that could stand in"
        raise CannotRunHere(f"{experiment.name} cannot run here: {_why(whole)}{none}")
    return Answer(experiment, answers)


def recorded(experiment: Experiment[D], witness: str = "") -> Evidence[D]:
    """The committed record by ``witness`` (by default the first whom :func:`ask` would take), whatever this machine can do."""
    there = records.witnesses(experiment.name)
    own = [one.name for one in experiment.witnesses if one.name in there] or there or [experiment.witness]
    data, provenance = records.load(experiment.name, witness or own[0])
    return Evidence(experiment.name, data, replace(provenance, how="record"), experiment)
