"""docs/architecture.md names files that are there, and flows that the imports bear out."""

from __future__ import annotations

import re

import pytest

from syslab.sources import closure
from tools.environment import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`((?:syslab|book|tools|tests)/[\w/.-]+\.\w+)`", TEXT)


def test_every_file_that_it_names_is_there() -> None:
    assert len(NAMED) > 20
    assert [name for name in NAMED if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("question", "flow"),
    [
        ("syslab.chapters.memory.page_fault_error_code.ask", ["native/faults.py", "native/code.py"]),
        ("syslab.chapters.memory.page_fault_error_code.show", ["show/table.py", "bits/page_fault.py", "bits/core.py"]),
        ("syslab.chapters.kvm.halt.ask", ["kvm/vm.py", "kvm/vcpu.py"]),
        ("syslab.evidence.lab", ["lab_vm/host/vm.py", "lab_vm/host/cache.py", "lab_vm/host/qemu.py", "lab_vm/host/job.py"]),
        ("syslab.chapters.processes.cron.widget", ["chapters/processes/cron/model.py", "chapters/processes/cron/firings.py"]),
    ],
)
def test_its_flows_are_imports(question: str, flow: list[str]) -> None:
    reached = {path.relative_to(ROOT / "syslab").as_posix() for path in closure({question})}
    assert set(flow) <= reached
    assert {f"syslab/{name}" for name in flow} <= set(NAMED)
