"""The page on machines says what the records hold."""

from __future__ import annotations

import pytest

from syslab.evidence import records
from tools import machines
from tools.machines import compared, differences


def test_every_machine_of_a_record_is_listed() -> None:
    listed = {m.name: m for m in machines.machines()}
    assert set(listed) == {e.machine for e in records.entries()}
    assert sum(m.count for m in listed.values()) == len(records.entries())
    assert {"qemu-system-x86_64", "fish", "cron"} <= set(listed["xeon-6-207"].lacked), "what its record tool said it lacked"
    assert listed["xeon-6-207"].kvm == ("kvm-pvm",)


def test_each_difference_has_a_reason_and_each_reason_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    found = differences()
    wanted = {name for name, _, entries in compared() if len({repr(e.load()) for e in entries}) > 1}
    assert {d.question for d in found} == wanted
    assert all(len(d.why) > 20 and len(d.groups) > 1 for d in found)
    monkeypatch.setattr(machines.yaml, "safe_load", lambda text: {})
    with pytest.raises(ValueError, match="does not say why machines differ in"):
        differences()


def test_a_reason_for_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {d.question: d.why for d in differences()}
    monkeypatch.setattr(machines.yaml, "safe_load", lambda text: kept | {"signals.outcomes": "no"})
    with pytest.raises(ValueError, match=r"what is equal: signals\.outcomes"):
        differences()
