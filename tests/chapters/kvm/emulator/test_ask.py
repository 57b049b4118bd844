"""Facts of the chapter on the instruction emulator: of this machine's KVM, of the lab VM, and of the records."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.kvm import emulator
from syslab.chapters.kvm.emulator.cases import ALWAYS_EMULATED, FORCED, KINDS, KNOWN_CASES, PATH_CASES, PLAIN, PREFIX, RIP_CASES
from syslab.chapters.kvm.emulator.model import COMMON, DOWN, EMULATOR, FUNCTIONS, LANES, RENAMED, UP, VENDOR
from syslab.evidence import Evidence, ExperimentFailed, ask, recorded
from syslab.evidence.experiment import Experiment

PVM, LAB = "kvm-pvm", "kvm-svm-tcg"
Rows = dict[str, dict[str, Any]]


def answers(which: Experiment, *witnesses: str) -> list[tuple[str, Rows]]:
    """The records, and who can be asked live."""
    found: list[Evidence] = [recorded(which, witness) for witness in witnesses] + list(ask(which))
    return [(a.provenance.witness, {row["instruction"]: row for row in a.data}) for a in found]


@pytest.fixture(scope="module")
def rip() -> list[tuple[str, Rows]]:
    return answers(emulator.rip, PVM, LAB)


def test_every_case_comes_to_its_end(rip: list[tuple[str, Rows]]) -> None:
    for _, rows in rip:
        assert set(rows) == {case.key for case in RIP_CASES}
        assert all(row["ended"] == "done" for row in rows.values())


def test_completed_means_behind_the_instruction(rip: list[tuple[str, Rows]]) -> None:
    for _, rows in rip:
        for row in rows.values():
            assert all(stop["after"] == row["length"] for stop in row["stops"])


@pytest.mark.parametrize(
    ("key", "at"),
    [
        ("cpuid", []),
        ("in", [0]),
        ("insb", [0]),
        ("mmio-load", [0]),
        ("mmio-store", [2]),
        ("mmio-store-16", [3, 3]),
        ("mmio-add", [0, 2]),
        ("outsb", [1]),
        ("out-7e", [2]),
        ("hlt", [1]),
    ],
)
def test_rip_at_the_exit(rip: list[tuple[str, Rows]], key: str, at: list[int]) -> None:
    for witness, rows in rip:
        assert [stop["rip"] for stop in rows[key]["stops"]] == at, witness


def test_out_depends_on_the_way_it_took(rip: list[tuple[str, Rows]]) -> None:
    for _, rows in rip:
        (stop,) = rows["out"]["stops"]
        assert stop["rip"] == (2 if rows["out"]["emulated"] else 0)


def test_what_no_exit_describes_is_emulated(rip: list[tuple[str, Rows]]) -> None:
    for witness, rows in rip:
        assert all(rows[key]["emulated"] == 1 for key in ("outsb", "insb", "mmio-store", "mmio-load", "mmio-add"))
        if witness == PVM:
            assert all(row["emulated"] == 1 for row in rows.values())


@pytest.fixture(scope="module")
def calls() -> list[dict[tuple[str, str], list[str]]]:
    found = [recorded(emulator.calls, LAB), ask(emulator.calls)]
    return [{(r["instruction"], r["path"]): [c["function"] for c in r["calls"]] for r in answer.data} for answer in found]


def test_every_way_is_traced(calls: list[dict[tuple[str, str], list[str]]]) -> None:
    wanted = {(c.key, p) for c in PATH_CASES for p in (PLAIN, FORCED) if p == PLAIN or c.key not in ALWAYS_EMULATED}
    for ways in calls:
        assert set(ways) == wanted
        assert all(names[0] == "svm_handle_exit" for names in ways.values())
        called = {name for names in ways.values() for name in names}
        assert {RENAMED.get(name, name) for name in called} == {RENAMED.get(name, name) for name in FUNCTIONS} - {"svm_vcpu_run"}
        assert not any(old in called and new in called for old, new in RENAMED.items()), "a kernel has one of the two"


def test_forced_means_executed_by_the_emulator(calls: list[dict[tuple[str, str], list[str]]]) -> None:
    for ways in calls:
        for (key, path), names in ways.items():
            emulated = path == FORCED or key in (*ALWAYS_EMULATED, "mov-cr0")
            assert ("x86_emulate_insn" in names) == emulated
            assert ("handle_ud" in names) == (path == FORCED)
            assert not emulated or names.index("x86_decode_insn") < names.index("x86_emulate_insn")


def test_up_across_and_down(calls: list[dict[tuple[str, str], list[str]]]) -> None:
    wanted = ["em_cr_write", "emulator_set_cr", "kvm_set_cr0", "svm_set_cr0"]
    for ways in calls:
        names = ways["mov-cr0", PLAIN]
        start = names.index(wanted[0])
        assert names[start : start + 4] == wanted


def test_modules_are_those_of_the_lanes() -> None:
    for row in recorded(emulator.calls, LAB).data:
        for call in row["calls"]:
            assert (call["module"] == "kvm_amd") == (FUNCTIONS[call["function"]].lane == VENDOR)


def test_the_tables_lead_down_and_up() -> None:
    for function in FUNCTIONS.values():
        assert function.lane in LANES
        assert (function.lane == VENDOR) or function.table != DOWN
        assert (function.lane == COMMON) or function.table != UP
        assert bool(function.table) == bool(function.member)
        assert (function.file == "emulate.c") == (function.lane == EMULATOR)


def test_the_trace_of_a_store() -> None:
    for answer in (recorded(emulator.events, LAB), ask(emulator.events)):
        rows = {(row["instruction"], row["path"]): row["events"] for row in answer.data}
        names = [event["event"] for event in rows["mmio-store", PLAIN]]
        assert names == ["kvm_exit", "kvm_emulate_insn", "kvm_mmio", "kvm_userspace_exit"]
        assert "89 07 (prot64)" in rows["mmio-store", PLAIN][1]["text"]
        assert rows["cpuid", FORCED][-1]["text"].endswith("0x20007"), "behind the prefix and two bytes"


@pytest.fixture(scope="module")
def known() -> list[tuple[str, Rows]]:
    return answers(emulator.knows, PVM, LAB)


def test_what_the_emulator_knows(known: list[tuple[str, Rows]]) -> None:
    for _, rows in known:
        assert set(rows) == {case.key for case in KNOWN_CASES}
        assert len(rows) == 74, "as the chapter counts them"
        assert all(row["emulated"] for row in rows.values())
        for key in ("MOV", "CPUID", "MOVAPS load", "REP MOVSB", "LOCK CMPXCHG", "FNINIT", "XSETBV"):
            assert rows[key]["ended"] == "done"


def test_what_it_does_not(known: list[tuple[str, Rows]]) -> None:
    for witness, rows in known:
        forced = witness == LAB
        for key in ("FLD1", "POPCNT", "CRC32", "STAC", "VADDPS", "ADDPS"):
            assert rows[key]["ended"] == ("#UD" if forced else "KVM_EXIT_INTERNAL_ERROR")
        assert rows["CMPXCHG16B"]["ended"] == "KVM_EXIT_INTERNAL_ERROR"


def test_only_lzcnt_is_wrong(known: list[tuple[str, Rows]]) -> None:
    for witness, rows in known:
        compared = {key for key, row in rows.items() if row["cpu"] == "differs"}
        assert compared == ({"LZCNT"} if witness == LAB else set())
        assert rows["LZCNT"]["rax"] == (3).bit_length() - 1, "what BSR gives; LZCNT gives 62"


def test_the_cases_are_one_of_a_name() -> None:
    assert len({case.key for case in KNOWN_CASES}) == len(KNOWN_CASES)
    assert {case.kind for case in KNOWN_CASES} == set(KINDS)
    assert PREFIX == b"\x0f\x0bkvm"


def test_one() -> None:
    if emulator.one.missing():
        pytest.skip("needs /dev/kvm")
    assert ask(emulator.one, instruction="mmio-load").data["exits"] == "KVM_EXIT_MMIO read 4: RIP +0, completed +2"
    with pytest.raises(ExperimentFailed, match="no case 'fly'"):
        ask(emulator.one, instruction="fly")
