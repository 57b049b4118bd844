"""``make record``: run the experiments here, and in the lab VM those that can, and commit what they answered.

Only stale records are made again, unless ``--all``; name experiments (``signals.outcomes``) to choose. ``--take FOLDER``
takes in the records of another machine, as this tool wrote them there: its syslab folder. Nothing else writes records.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from syslab.evidence import LAB_VM, Experiment, Witness, lab, records
from syslab.evidence.bounded import ExperimentFailed, run
from syslab.evidence.provenance import Provenance, here
from syslab.sources import code_hash, with_questions

from . import failures


def experiments() -> Iterator[Experiment[Any]]:
    """Every experiment of the book that takes no arguments."""
    for name in with_questions():
        module = import_module(name)
        for name in sorted(vars(module)):
            found = getattr(module, name)
            if isinstance(found, Experiment) and found.function.__module__ == module.__name__ and _recordable(found):
                yield found


def _recordable(experiment: Experiment[Any]) -> bool:
    return not experiment.parameters


def places(experiment: Experiment[Any]) -> list[tuple[str, Witness]]:
    """Where it is to be recorded, "here" or "lab" (the lab VM), and as which witness."""
    found = [("here", witness) for witness in experiment.witnesses if LAB_VM not in witness.needs]
    return found + ([("lab", experiment.witnesses[0])] if lab.possible(experiment) else [])


def called(place: str, witness: Witness) -> str:
    """Who answers there."""
    return lab.WITNESS if place == "lab" else witness.name


def stale(experiment: Experiment[Any], witness: str = "") -> bool:
    """Whether the record is missing or was made by other code than there is now."""
    found = [e for e in records.entries(experiment.name, witness or experiment.witness) if not e.other]
    return not found or found[0].provenance.code != code_hash(experiment.function.__module__)


def record(experiment: Experiment[Any], place: str = "here", witness: Witness | None = None) -> str:
    """Run it there and write its record; what happened, in a line. ExperimentFailed passes through."""
    asked = witness or experiment.witnesses[0]
    code = code_hash(experiment.function.__module__)
    if place == "lab":
        try:
            result, provenance = lab.run(experiment, asked.arguments)
        except lab.NotInLab as there:
            return f"not in the lab VM: {there}"
        if lab.is_other(provenance):
            return f"not recorded: this lab VM is {provenance.witness}, and the text speaks of {lab.WITNESS}, Debian 12's"
        provenance = replace(provenance, code=code)
    else:
        missing = asked.missing()
        if missing:
            return "not here: " + "; ".join(f"needs {need.name}, but {why}" for need, why in missing)
        result = run(experiment, asked.arguments)
        provenance = here("live", result.seconds, asked.tools, asked.name, code)
    records.save(experiment.name, result.data, provenance)
    return f"recorded by {provenance.witness} in {result.seconds:.2f} s"


def take(folder: Path) -> Iterator[str]:
    """Take in what another machine's tool wrote into ``folder``; a line each. ValueError for what is no such folder."""
    known = {e.name: e for e in experiments()}
    found = sorted(path for path in folder.rglob("*.json") if path.name != "records.json")
    if not found:
        raise ValueError(f"{folder} holds no records: name the folder that has them")
    for path in found:
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            provenance = Provenance(**{**stored["provenance"], "how": "live"})
            data, name = stored["data"], f"{path.parent.name}.{path.name.split('.')[0]}"
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no record: {error}") from None
        if name not in known:
            yield f"{name}: no such question any more, left out"
            continue
        yield f"{name}: {records.save(name, data, provenance, other=True).name}"


def main() -> int:
    """Exit status 1 if an experiment failed or a stale one could not run here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="experiments to record, as module.function")
    parser.add_argument("--all", action="store_true", help="also those that are not stale")
    parser.add_argument("--take", type=Path, metavar="FOLDER", help="take in the records of another machine")
    options = parser.parse_args()
    if options.take:
        try:
            print("\n".join(take(options.take)))
        except ValueError as error:
            parser.error(str(error))
        return 0
    known = {e.name: e for e in experiments()}
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        print(f"no such experiment: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    bad = 0
    for name, place, witness in [(one, *where) for one in options.names or known for where in places(known[one])]:
        who = called(place, witness)
        if not (options.all or options.names or stale(known[name], who)):
            print(f"{name}: fresh ({who})")
            continue
        try:
            outcome = record(known[name], place, witness)
        except ExperimentFailed as error:
            outcome = f"FAILED ({who}): {error}"
        bad |= not outcome.startswith("recorded")
        print(f"{name}: {outcome}", flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(failures.run(main))
