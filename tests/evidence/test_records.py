"""Records are fresh, complete, and say where they come from; the code hash sees what it must."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syslab.evidence import LAB_VM, Experiment, Provenance, lab, records
from syslab.sources import PACKAGE, closure, code_hash
from tools.record import experiments, take

ALL = list(experiments())


def test_there_are_experiments() -> None:
    assert any(e.name == "page_fault_error_code.faults" for e in ALL)


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.name)
def test_the_record_is_fresh(experiment: Experiment[Any]) -> None:
    assert records.witnesses(experiment.name), f"{experiment.name} has no record: run `make record`"
    if lab.possible(experiment):
        assert lab.WITNESS in records.witnesses(experiment.name), (
            f"{experiment.name} has no record by the lab VM: run `make record`"
        )
    if LAB_VM not in experiment.needs:
        assert set(records.witnesses(experiment.name)) - {lab.WITNESS}, f"{experiment.name} has no record by a host"
    now = code_hash(experiment.function.__module__)
    for entry in records.entries(experiment.name):
        assert entry.load() not in (None, [], {})
        if not entry.other:
            by = entry.provenance.witness
            assert entry.provenance.code == now, f"{experiment.name} by {by} was recorded by other code: run `make record`"


def test_no_record_is_an_orphan() -> None:
    assert {e.name for e in records.entries()} <= {e.name for e in ALL}
    assert set(records.FOLDER.rglob("records/**/*.json")) == {e.path for e in records.entries()}


def test_a_record_says_which_machine_and_when() -> None:
    for entry in records.entries():
        assert entry.machine == records.machine(entry.provenance)
        for key in ("cpu", "kernel", "date", "witness", "user", "code"):
            assert getattr(entry.provenance, key), f"{entry.name}: {key}"


# several machines


OURS = Provenance(
    "live", "kvm-pvm", "AMD EPYC (family 25, model 17, stepping 1)", "Linux 6.18.44", "root", "2026-11-22", 0.1, code="a"
)
THEIRS = replace(OURS, cpu="Intel(R) Xeon(R) Processor (family 6, model 207, stepping 2)", date="2026-11-27", code="b")
THIRD = replace(THEIRS, cpu="AMD Ryzen 9 5950X 16-Core Processor (family 25, model 33, stepping 0)")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    return tmp_path / "records" / "x"


def held(name: str = "x.y") -> dict[str, tuple[str, Any]]:
    return {e.machine: (e.data, e.load()) for e in records.entries(name)}


def test_a_machine_has_a_short_name() -> None:
    tcg = replace(OURS, cpu="AMD EPYC Processor (family 23, model 1, stepping 2)", hypervisor="QEMU TCG")
    found = [records.machine(one) for one in (OURS, THEIRS, THIRD, tcg)]
    assert found == ["epyc-25-17", "xeon-6-207", "ryzen-25-33", "epyc-23-1-tcg"]


def test_machines_that_agree_share_the_data(own: Path) -> None:
    records.save("x.y", [1], OURS)
    records.save("x.y", [1], THEIRS, other=True)
    assert held() == {"epyc-25-17": ("y.kvm-pvm.json", [1]), "xeon-6-207": ("y.kvm-pvm.json", [1])}
    assert [p.name for p in own.iterdir()] == ["y.kvm-pvm.json"]
    assert records.load("x.y", "kvm-pvm") == ([1], OURS), "this project's own machine comes first"
    assert records.load("x.y", "kvm-pvm", "xeon-6-207") == ([1], THEIRS)
    with pytest.raises(records.NoRecord, match=r"no record of x\.y by kvm-pvm on mars"):
        records.load("x.y", "kvm-pvm", "mars")


def test_a_machine_that_differs_keeps_its_own(own: Path) -> None:
    records.save("x.y", [1], OURS)
    for other in (THEIRS, THIRD):
        records.save("x.y", [2], other, other=True)
    own_file = ("y.kvm-pvm.xeon-6-207.json", [2])
    assert held() == {"epyc-25-17": ("y.kvm-pvm.json", [1]), "xeon-6-207": own_file, "ryzen-25-33": own_file}
    records.save("x.y", [2], OURS)  # we come to agree
    assert all(found == ("y.kvm-pvm.json", [2]) for found in held().values())
    assert [p.name for p in own.iterdir()] == ["y.kvm-pvm.json"]


def test_a_new_answer_of_ours_does_not_change_theirs(own: Path) -> None:
    records.save("x.y", [1], OURS)
    for other in (THEIRS, THIRD):
        records.save("x.y", [1], other, other=True)
    records.save("x.y", [3], OURS)
    now = held()
    assert now.pop("epyc-25-17") == ("y.kvm-pvm.json", [3])
    assert {data for data, _ in now.values()} < {"y.kvm-pvm.xeon-6-207.json", "y.kvm-pvm.ryzen-25-33.json"}, "one file for both"
    assert [data for _, data in now.values()] == [[1], [1]]


def test_another_run_touches_the_index_alone(own: Path) -> None:
    file = records.save("x.y", {"b": 1, "a": [2]}, OURS)
    before = file.read_bytes()
    records.save("x.y", {"a": [2], "b": 1}, replace(OURS, date="2027-01-01", seconds=9.0, code="new"))
    assert file.read_bytes() == before
    assert records.load("x.y", "kvm-pvm")[1].date == "2027-01-01"


def test_witnesses_do_not_mix(own: Path) -> None:
    records.save("x.y", [1], OURS)
    records.save("x.y", [2], replace(OURS, witness="kvm-pvm-tcg"))
    records.save("x.y", [4], OURS)
    assert records.witnesses("x.y") == ["kvm-pvm", "kvm-pvm-tcg"]
    assert records.load("x.y", "kvm-pvm-tcg")[0] == [2]


def test_records_of_another_machine_are_taken_in(own: Path, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    (sent / "signals").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no records"):
        list(take(sent))
    about = {k: v for k, v in THEIRS.to_dict().items() if k != "how"} | {"witness": "host"}
    (sent / "signals" / "outcomes.host.json").write_text(json.dumps({"data": [5], "provenance": about}))
    (sent / "signals" / "gone.host.json").write_text(json.dumps({"data": [5], "provenance": about}))
    assert sorted(take(sent)) == [
        "signals.gone: no such question any more, left out",
        "signals.outcomes: outcomes.host.xeon-6-207.json",
    ]
    (sent / "signals" / "broken.host.json").write_text("[]")
    with pytest.raises(ValueError, match=r"broken\.host\.json is no record"):
        list(take(sent))


def names(module: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in closure({module})}


def test_the_closure_follows_imports_and_no_output_depends_on_a_script() -> None:
    found = names("syslab.chapters.memory.page_fault_error_code.ask")
    assert {"native/faults.py", "native/code.py"} <= found
    assert not any(path.startswith(("widgets/", "show/")) or path.endswith("page_fault.py") for path in found), "not its looks"
    found = names("syslab.questions.access_matrix")
    assert {"bits/page_fault.py", "bits/core.py"} <= found
    assert "bits/wait_status.py" not in found, "a record depends on the layouts it uses, not on all"
    assert {"bits/wait_status.py", "bits/page_fault.py"} <= names("syslab.bits.get"), "the registry may load any"
    field = names("syslab.widgets.bit_field")
    assert {"widgets/bit_field.py", "widgets/base.py", "bits/core.py"} <= field
    assert not any(path.endswith((".js", ".css")) for path in field), "a page loads them as files of their own"
