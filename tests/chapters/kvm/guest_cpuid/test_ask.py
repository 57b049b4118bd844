"""Facts of the chapter on KVM_SET_CPUID2: from the records of both witnesses, and from the KVM of this machine."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.kvm.guest_cpuid import ask as experiment
from syslab.chapters.kvm.guest_cpuid import stages
from syslab.chapters.kvm.guest_cpuid.cases import FEATURES, TABLES, UNKNOWN, replaced, word
from syslab.chapters.kvm.guest_cpuid.exercises import lookup
from syslab.chapters.kvm.guest_cpuid.guest import OK, RAN, Guests
from syslab.chapters.kvm.guest_cpuid.qemu_cpu import ASKED, MISSING, MODEL, started
from syslab.evidence import Experiment, ask, recorded, records
from syslab.evidence.lab import WITNESS as LAB
from syslab.kvm import CpuidEntry, Kvm, KvmError, backend
from tests.anew import anew

ALL = (experiment.tables, experiment.life_cycle, experiment.echo, experiment.rewritten, experiment.features)
LIVE = pytest.mark.skipif(bool(experiment.tables.missing()), reason="needs x86-64 Linux and /dev/kvm")
QEMU = pytest.mark.skipif(bool(experiment.qemu.missing()), reason="needs QEMU")


def answers(which: Experiment) -> list[Any]:
    """The records of every witness, and what this machine says."""
    kept = [recorded(which, witness).data for witness in records.witnesses(which.name)]
    return kept + ([] if which.missing() else [ask(which).data])


def lab(which: Experiment) -> Any:
    return recorded(which, LAB).data


@pytest.mark.parametrize("which", ALL, ids=lambda which: which.name)
def test_the_lab_vm_and_a_host_have_answered(which: Experiment) -> None:
    assert LAB in records.witnesses(which.name)
    assert len(records.witnesses(which.name)) >= 2


def test_few_tables_are_refused() -> None:
    for rows in answers(experiment.tables):
        assert {row["case"] for row in rows} == {case.name for case in TABLES}
        assert {row["case"]: row["result"] for row in rows if row["result"] != OK} == {
            "257 entries": "E2BIG",
            "linear addresses of 39 bits": "EINVAL",
            "AMX tile data in leaf D": "EPERM",
        }
        assert all((row["guest"] is None) == (row["result"] != OK) for row in rows)


def guest(rows: Any, case: str, leaf: int, subleaf: int = 0) -> Any:
    return next(row["guest"] for row in rows if (row["case"], row["leaf"], row["subleaf"]) == (case, leaf, subleaf))


def test_what_the_guest_reads() -> None:
    zeros = [0, 0, 0, 0]
    for rows in answers(experiment.tables):
        for last in (0, 2):
            assert guest(rows, f"only subleaf 0 of leaf 7, EAX = {last}", 7, 1) == zeros
        assert guest(rows, "only subleaf 0 of leaf 7, EAX = 0", 7, 5) == zeros
        assert guest(rows, "as reported", UNKNOWN) == guest(rows, "as reported", 0x1234) == zeros or backend() == "vmx"
        assert guest(rows, "a leaf nobody defined", UNKNOWN) == [1, 2, 3, 4]
        assert guest(rows, "a leaf of a hypervisor", 0x4000_0100) == [0xAA, 0xBB, 0xCC, 0xDD]
        assert guest(rows, "the same leaf twice", UNKNOWN) == [1, 1, 1, 1]
        assert all(guest(rows, "empty", leaf) == zeros for leaf in (0, 1, 7))
        assert guest(rows, "256 entries", 0xFF) == [0xFF, 0, 0, 0]


def test_the_tables_vendor_decides_on_leaves_out_of_range() -> None:
    for rows in answers(experiment.tables):
        name = "vendor GenuineIntel, highest leaf D"
        assert guest(rows, name, UNKNOWN) == guest(rows, name, 0x1234) != [0, 0, 0, 0]
        assert guest(rows, name, 0)[0] == 0xD


def test_a_missing_subleaf_of_the_topology_is_not_zeros() -> None:
    # kvm_cpuid() of arch/x86/kvm/cpuid.c, Linux 6.1 to 7.2: "CL is pass-through and EDX is always the x2APIC ID, even for
    # undefined subleaves", where subleaf 1 exists
    for rows in answers(experiment.topology):
        for name in ("subleaves 0 and 1 of leaf B", "the same, vendor GenuineIntel"):
            assert guest(rows, name, 0xB, 5) == [0, 0, 5, 7]
        assert guest(rows, "subleaves 0 and 1 of leaf B", 0xB, 0x105) == [0, 0, 5, 7]
        assert guest(rows, "only subleaf 0 of leaf B", 0xB, 5) == [0, 0, 0, 0]


def test_x2apic_needs_interrupt_controllers_in_the_kernel() -> None:
    # Documentation/virt/kvm/api.rst, KVM_GET_SUPPORTED_CPUID: x2APIC "may be returned as true", but depends on KVM_CREATE_IRQCHIP
    for rows in answers(experiment.x2apic):
        assert [(row["irqchip"], row["outcome"]) for row in rows] == [(False, "#GP"), (True, "it ran")]
        assert all((row["reported"], row["table"], row["mode"]) == (True, OK, OK) for row in rows)


def test_a_flag_makes_the_index_count() -> None:
    for rows in answers(experiment.tables):
        name = "leaf 7 without SIGNIFCANT_INDEX"
        assert guest(rows, name, 7, 0) == guest(rows, name, 7, 1)


def test_the_lab_vms_guest_reads_what_it_was_given() -> None:
    rows = lab(experiment.tables)
    for row in rows:
        if row["given"] and row["guest"] and row["leaf"] != 0xD:  # D.0 EBX is KVM's
            assert row["guest"] == row["given"], row


def result(rows: Any, state: str, event: str) -> str:
    return next(str(row["result"]) for row in rows if (row["state"], row["event"]) == (state, event))


def test_before_the_first_run_every_table_is_taken() -> None:
    for rows in answers(experiment.life_cycle):
        assert len(rows) == len(stages.STATES) * len(stages.EVENTS)
        assert {row["result"] for row in rows if row["state"] in (stages.NEW, stages.SET)} == {OK}


def test_after_the_first_run_only_what_changes_nothing() -> None:
    for rows in answers(experiment.life_cycle):
        for event in ("one bit changed", "one entry dropped", "other order", "another MAXPHYADDR", "an empty table"):
            assert result(rows, stages.RAN, event) == "EINVAL"
        for event in ("KVM_RUN", "the array from KVM_GET_CPUID2", "only D.0 EBX changed"):
            assert result(rows, stages.RAN, event) == OK
        assert result(rows, stages.RAN_EMPTY, "an empty table") == OK
        assert result(rows, stages.RAN_EMPTY, "the same array") == "EINVAL"
    assert result(lab(experiment.life_cycle), stages.RAN, "the same array") == OK
    assert result(recorded(experiment.life_cycle, "kvm-pvm").data, stages.RAN, "the same array") == "EINVAL"


def test_what_counts_is_the_entry_into_the_guest() -> None:
    # kvm_set_cpuid() of arch/x86/kvm/cpuid.c asks for last_vmentry_cpu != -1, which vcpu_enter_guest() sets, not KVM_RUN
    for rows in answers(experiment.entered):
        assert [(row["came_back"], row["result"]) for row in rows] == [
            ("KVM_EXIT_INTR", OK),
            ("got out by a signal", OK),
            ("KVM_EXIT_HLT", "EINVAL"),
        ]


def test_nent_comes_back_right_or_as_it_was() -> None:
    for rows in answers(experiment.echo):
        few, enough, *more = rows
        assert few["result"] == "E2BIG"
        assert (enough["result"], enough["counts"], enough["resubmitted"], enough["trimmed"]) == (OK, True, OK, OK)
        for row in more:
            assert row["counts"] is not row["echoed"]
            assert row["resubmitted"] == (OK if row["counts"] else "EINVAL")
            assert row["trimmed"] == OK
    assert all(row["echoed"] for row in lab(experiment.echo))  # Linux 6.1


def test_mirrors_of_the_guests_state() -> None:
    for rows in answers(experiment.rewritten):
        for row in rows:
            assert row["back"] == row["guest"] or backend() == "pvm"
            if row["field"] == "CLFLUSH line size":
                assert row["guest"] == row["after"] == row["given"]
            if row["field"] in ("OSXSAVE", "APIC", "D.0 EBX") and row["changed"] == OK:
                assert (row["guest"], row["after"]) == {"OSXSAVE": (0, 1), "APIC": (1, 0), "D.0 EBX": (576, 832)}[row["field"]]


def outcomes(rows: Any, feature: str, given: bool) -> list[str]:
    return [row["outcome"] for row in rows if (row["feature"], row["given"]) == (feature, given)]


def test_hidden_features_without_a_switch_run() -> None:
    rows = lab(experiment.features)
    assert len({(row["feature"], row["given"], row["way"]) for row in rows}) == len(rows)
    for feature in FEATURES:
        told = {row["given"]: row["guest"] for row in rows if row["feature"] == feature.name}
        assert told == {True: True, False: False}
        if not feature.gate:
            assert outcomes(rows, feature.name, True) == outcomes(rows, feature.name, False) == [RAN]


def test_switches_follow_the_table_and_what_kvm_supports() -> None:
    rows = lab(experiment.features)
    for feature in FEATURES:
        supported = next(row["supported"] for row in rows if row["feature"] == feature.name)
        if feature.gate == "CR4":
            assert outcomes(rows, feature.name, False) == ["#GP", "EINVAL"]
            assert outcomes(rows, feature.name, True) == ([RAN, RAN] if supported else ["#GP", "EINVAL"])
        if feature.gate == "EFER":
            assert outcomes(rows, feature.name, False) == ["#GP", RAN]
    assert outcomes(rows, "AVX", False) == [RAN]
    assert outcomes(rows, "AVX state", False) == ["EINVAL"]
    assert outcomes(rows, "AVX512F", True) == ["EINVAL"]


@LIVE
def test_two_runs_give_equal_rows() -> None:
    assert ask(experiment.features).data == anew(experiment.features).data


@LIVE
def test_the_bounds_of_an_attempt() -> None:
    with Kvm() as device, Guests(device) as guests:
        table = device.supported_cpuid()
        assert guests.attempt(table, b"\x0f\x0b") == guests.attempt(table, b"\x0f\x0b", user=True) == "#UD"
        assert guests.attempt(table, b"\x90", user=True) == guests.attempt(table, b"\x90") == RAN
        assert guests.attempt(table, b"\xf4", user=True) == "#GP"
        assert guests.attempt(table, b"\xeb\xfe") == "it did not come back"
        assert guests.attempt(table, b"\x90", cr4=1 << 31) == "EINVAL"
    with pytest.raises(KvmError, match="EINVAL"), Kvm() as device, Guests(device) as guests:
        guests.attempt(replaced(device.supported_cpuid(), (0x8000_0008, 0), "eax", 39 << 8), b"\x90")


@LIVE
def test_one_feature_says_what_the_table_says() -> None:
    rows = ask(experiment.features).data
    answer = ask(experiment.one_feature, feature="SMEP", given=False).data
    assert [answer[row["way"]] for row in rows if row["feature"] == "SMEP" and not row["given"]] == outcomes(rows, "SMEP", False)


@LIVE
def test_the_exercises_lookup_is_kvms() -> None:
    tables = [
        ([CpuidEntry(0x60, 0, 1, 1, 2, 3, 4), CpuidEntry(0x60, 2, 1, 5, 6, 7, 8)], [(0x60, n) for n in range(4)]),
        ([CpuidEntry(0x60, 1, 1, 1), CpuidEntry(0x60, 0, 0, 2), CpuidEntry(0x60, 2, 1, 3)], [(0x60, n) for n in range(4)]),
        ([CpuidEntry(0x60, 0, 0, 1), CpuidEntry(0x60, 0, 0, 2)], [(0x60, 0), (0x60, 9), (0x61, 0)]),
    ]
    with Kvm() as device, Guests(device) as guests:
        for table, places in tables:
            said, seen = guests.ask(table, places)
            assert said == OK
            assert seen == {place: lookup(table, *place) for place in places}


def test_words_are_replaced_and_added() -> None:
    table = [CpuidEntry(7, 0, 1, 1, 2, 3, 4)]
    assert word(replaced(table, (7, 0), "ecx", 9), (7, 0), "ecx") == 9
    assert word(replaced(table, (8, 0), "ecx", 9), (8, 0), "ecx") == 9
    assert word(table, (8, 0), "ecx") == 0
    assert table == [CpuidEntry(7, 0, 1, 1, 2, 3, 4)]


def test_qemu_warns_and_enforces() -> None:
    for rows in answers(experiment.qemu):
        plain, asked, enforced, unchecked, unknown = rows
        assert [row["cpu"] for row in rows] == list(ASKED)
        assert (plain["status"], plain["said"]) == (unchecked["status"], unchecked["said"]) == (0, [])
        assert asked["status"] == 0
        assert any(f".{MISSING} [bit 16]" in line for line in asked["said"])
        assert enforced["status"] != 0
        assert not any(row["has"] for row in rows)  # filtered, also where nothing was said
        assert plain["has"] is asked["has"] is unchecked["has"] is False
        assert unknown["status"] != 0
    for rows in answers(experiment.qemu_features):
        assert {row["feature"] for row in rows} == {f.name for f in FEATURES if f.qemu}
        assert next(row["said"] for row in rows if row["feature"] == "AVX512F")


@QEMU
def test_qemu_is_gone_afterwards() -> None:
    assert started(f"{MODEL},+nosuchbit")["status"] == 1
    assert started(MODEL)["said"] == []
