"""Records are fresh, complete, and say where they come from; the code hash sees what it must."""

from __future__ import annotations

import json

import pytest

from syslab.evidence import LAB_VM, Experiment, lab, records
from syslab.sources import PACKAGE, closure, code_hash
from tools.record import experiments

ALL = list(experiments())


def test_there_are_experiments() -> None:
    assert any(e.name == "page_fault_error_code.faults" for e in ALL)


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_the_record_is_fresh(experiment: Experiment) -> None:
    assert records.witnesses(experiment.name), f"{experiment.name} has no record: run `make record`"
    if lab.possible(experiment):
        assert lab.WITNESS in records.witnesses(experiment.name), (
            f"{experiment.name} has no record by the lab VM: run `make record`"
        )
    if LAB_VM not in experiment.needs:
        assert set(records.witnesses(experiment.name)) - {lab.WITNESS}, f"{experiment.name} has no record by a host"
    for witness in records.witnesses(experiment.name):
        data, provenance = records.load(experiment.name, witness)
        assert data not in (None, [], {})
        now = code_hash(experiment.function.__module__)
        assert provenance.code == now, f"{experiment.name} by {witness} was recorded by other code: run `make record`"


def test_no_record_is_an_orphan() -> None:
    known = {records.path(e.name, witness) for e in ALL for witness in records.witnesses(e.name)}
    assert set(records.FOLDER.rglob("records/**/*.json")) == known


def test_a_record_says_which_machine_and_when() -> None:
    for path in records.FOLDER.rglob("records/**/*.json"):
        provenance = json.loads(path.read_text())["provenance"]
        for key in ("cpu", "kernel", "date", "witness", "user", "code"):
            assert provenance[key], f"{path.name}: {key}"


def names(module: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in closure({module})}


def test_the_closure_follows_imports_and_no_output_depends_on_a_script() -> None:
    found = names("syslab.chapters.memory.page_fault_error_code.ask")
    assert {"native/faults.py", "native/code.py", "bits/page_fault.py", "bits/core.py"} <= found
    assert not any(path.startswith("widgets/") for path in found)
    assert "bits/wait_status.py" not in found, "a record depends on the layouts it uses, not on all"
    assert {"bits/wait_status.py", "bits/page_fault.py"} <= names("syslab.bits.get"), "the registry may load any"
    field = names("syslab.widgets.bit_field")
    assert {"widgets/bit_field.py", "widgets/base.py", "bits/core.py"} <= field
    assert not any(path.endswith((".js", ".css")) for path in field), "a page loads them as files of their own"
