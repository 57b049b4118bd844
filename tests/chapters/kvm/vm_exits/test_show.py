"""The tables and widgets of the chapter on VM exits show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.vm_exits import ask as experiment
from syslab.chapters.kvm.vm_exits import show as view
from syslab.evidence import Evidence, recorded
from syslab.kvm.exit_cases import cases


@pytest.fixture
def answers() -> list[Evidence]:
    return [recorded(experiment.returned, witness) for witness in ("kvm-pvm", "kvm-svm-tcg")]


COUNTED, SHADOWED = recorded(experiment.exits), recorded(experiment.exits_without_npt)


def test_the_numbers_have_every_case_of_the_kernel_those_that_leave_first() -> None:
    rows = view.counts(COUNTED, SHADOWED).rows
    assert sorted(row["instruction"] for row in rows) == sorted(case.key for case in cases() if case.cpl == 0)
    left = [bool(row["exits"] or row["off"]) for row in rows if view.as_asked(row).held]
    assert left == sorted(left, reverse=True)


def test_the_emulators_two_errors_are_marked() -> None:
    rows = view.counts(COUNTED, SHADOWED).rows
    assert {row["instruction"] for row in rows if not view.as_asked(row).held} == {"invd", "xsetbv"}


def test_tables_draw(answers: list[Evidence], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    html = view.returned(answers)._repr_html_()
    assert "KVM_EXIT_MMIO 10" in html
    assert "#exits=hlt.0.on" in html
    assert view.user_mode(answers)._repr_html_().count("<tr") == 1 + 12
    assert "cr0_sel_write 10" in repr(view.counts(COUNTED, SHADOWED))
    assert 'href="#exit=0x72"' in view.counts(COUNTED, SHADOWED)._repr_html_()


def test_the_picker_says_who_handles_it(answers: list[Evidence]) -> None:
    outcomes = view.picker(COUNTED, SHADOWED, answers).outcomes
    assert outcomes["cpuid|0|on"]["title"] == "Leaves the guest. KVM handles it."
    assert outcomes["out|0|on"]["title"] == "Leaves the guest. KVM passes it on to user space."
    assert outcomes["rdmsr-unknown|0|on"]["title"] == "Leaves the guest. KVM gives the guest #GP."
    assert outcomes["rdtsc|0|on"]["title"] == "Stays in the guest: the CPU executes it."
    assert outcomes["hlt|3|on"]["title"] == "Stays in the guest, which gets #GP from its CPU."
    assert outcomes["invlpg|0|on"]["tone"] != outcomes["invlpg|0|off"]["tone"]
    assert len(outcomes) == 2 * (len(view.PICKED) + 12 - 2), "of CPL 3, NOP and reading CR0 are in the tables alone"


def test_the_registers_presets(answers: list[Evidence]) -> None:
    widget = view.register()
    refused = {}
    for label, value in widget.presets:
        widget.value = value
        refused[label] = widget.refused
    assert [label for label, bits in refused.items() if bits] == ["Turn paging on", "Clear WP, which is not"]


def test_the_lookup_has_every_reason() -> None:
    assert len(view.lookup().rows) == len(view.VMX) + len(view.SVM)
