"""Kicks, the race on real CPUs and the kernel's requests: facts, and that nothing is left behind."""

from __future__ import annotations

import signal
import threading

import pytest

from syslab.bits import kvm_requests
from syslab.chapters.kvm.vcpu_requests import ask as room
from syslab.chapters.kvm.vcpu_requests import litmus
from syslab.evidence import KVM, X86_64, recorded
from syslab.evidence.bounded import ExperimentFailed, run
from syslab.native import code as native

needs_kvm = pytest.mark.skipif(bool(KVM.missing() or X86_64.missing()), reason="no /dev/kvm")
needs_x86 = pytest.mark.skipif(bool(X86_64.missing()), reason="not x86-64 Linux")
LOST = {("signal", "before"), ("flag", "inside")}


def check_kicks(rows: list[dict[str, object]]) -> None:
    assert [(row["done"], row["when"]) for row in rows] == list(room.CASES)
    for row in rows:
        lost = (row["done"], row["when"]) in LOST
        assert row["kvm_run"] == (room.STAYS if lost else "EINTR"), row
        if row["when"] == "before":
            assert row["guest_ran"] == lost


@needs_kvm
def test_kicks_here() -> None:
    check_kicks(run(room.kicks).data)


@pytest.mark.parametrize("witness", ["kvm-pvm", "kvm-svm-tcg"])
def test_recorded_kicks(witness: str) -> None:
    check_kicks(recorded(room.kicks, witness).data)
    assert [row["lost"] for row in recorded(room.rounds, witness).data] == [0]


@needs_kvm
def test_nothing_lost_here() -> None:
    assert run(room.rounds).data == [{"kicks": room.ROUNDS, "came_back": room.ROUNDS, "lost": 0}]


@needs_kvm
def test_a_case_that_is_none() -> None:
    with pytest.raises(ExperimentFailed, match="'shout' 'before' is none of"):
        run(room.one_kick, {"done": "shout", "when": "before"})


@needs_kvm
def test_the_spinner_leaves_nothing() -> None:
    before, threads = signal.getsignal(signal.SIGUSR1), threading.active_count()
    with pytest.raises(ZeroDivisionError), room.spinning_vcpu.Spinner() as spinner:
        spinner.enter()
        assert spinner.runs(room.spinning_vcpu.PATIENCE)
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGUSR1) == before
    assert threading.active_count() == threads


@needs_x86
def test_two_barriers_are_enough_here() -> None:
    for key in ("both", "x86"):
        assert not any(litmus.race(*room.SIDES[key], rounds=20_000).overtaken for _ in range(3))


def test_recorded_race() -> None:
    rows = {row["scenario"]: row for row in recorded(room.reordering).data}
    assert list(rows) == list(room.SIDES)
    for row in rows.values():
        assert row["overlapped"]
        assert row["both_found_nothing"] == (row["scenario"] in ("none", "requester", "vcpu"))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0, 0], [0, 0], True),
        ([0, 1], [0, 0], False),
        ([0, 0], [0, 1], False),
        ([0, 0, 1], [0, 1, 1], True),
        ([0, 0, 2], [0, 1, 2], False),
    ],
)
def test_cycles(first: list[int], second: list[int], expected: bool) -> None:
    assert litmus._cyclic(first, second) is expected


@needs_x86
def test_the_code_is_what_it_says() -> None:
    lines = [line.split("  ")[-1].strip() for line in native.disassemble(litmus.Side("locked", fence=True).code).splitlines()]
    assert lines[-9:] == [
        "mov r10, rax", "xchg qword ptr [rdi], r10", "mfence", "mov r9, qword ptr [rsi]", "mov qword ptr [rdx + rax*8], r9",
        "inc rax", "cmp rax, rcx", "jbe 0x11", "ret",
    ]  # fmt: skip


def test_what_the_kernel_asked() -> None:
    names = {value: name.removeprefix("KVM_REQ_") for name, value in kvm_requests.constants("6.1").items()}
    rows = recorded(room.asked).data
    asked = {(row["cause"], names[row["request"]]) for row in rows if row["request"] is not None}
    assert asked >= {
        ("page", "TLB_FLUSH"),
        ("slot", "MMU_FREE_OBSOLETE_ROOTS"),
        ("msr", "MSR_FILTER_CHANGED"),
        ("clock", "MCLOCK_INPROGRESS"),
        ("ioapic", "SCAN_IOAPIC"),
    }
    kicks = {(row["cause"], row["kicked_by"]) for row in rows if row["kicked_by"]}
    assert kicks >= {("dirty", "kvm_arch_sync_dirty_log"), ("line", "pic_unlock")}
    assert all((row["request"] is None) != (row["kicked_by"] is None) for row in rows)
    assert not any(row["cause"] == "page" and row["kicked_by"] for row in rows)
