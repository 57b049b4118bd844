"""What the chapter on the address space measures, on the machine that runs the tests."""

from __future__ import annotations

from typing import Any

import pytest

from syslab.chapters.memory import address_space
from syslab.chapters.memory.address_space import show
from syslab.chapters.memory.address_space.ask import EDGES, PROCESSES, Edge, Mapped, this_cpu
from syslab.chapters.memory.address_space.model import predict, predict_here
from syslab.evidence import KVM, X86_64, Evidence, ExperimentFailed, ask, recorded
from syslab.questions.machines import QEMU

pytestmark = pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))


def edges(witness: str) -> Evidence[list[Edge]]:
    """What the witness whose name begins so answers."""
    return next(one for one in ask(address_space.edges) if one.provenance.witness.startswith(witness))


def agrees(row: Edge) -> bool:
    return row["result"] == predict(int(row["address"], 16), row["levels"], row["mapped"])


@pytest.mark.skipif(QEMU.missing() is not None, reason="no QEMU")
def test_the_software_cpu_agrees_with_the_model() -> None:
    rows = edges("tcg-max").data
    assert len(rows) == len(EDGES) * 2 * 2 * 2
    assert all(agrees(row) for row in rows)


@pytest.mark.skipif(QEMU.missing() is not None, reason="no QEMU")
def test_every_bit() -> None:
    rows = {row["bit"]: row for row in ask(address_space.bits).data}
    assert set(rows) == set(range(12, 64))
    for bit, row in rows.items():
        assert row["alone4"] == ("#PF" if bit < 47 else "#GP")
        assert row["above4"] == ("#PF" if bit < 48 else "#GP")
        assert row["alone5"] == ("#PF" if bit < 56 else "#GP")
        assert row["above5"] == ("#PF" if bit < 57 else "#GP")


@pytest.mark.skipif(KVM.missing() is not None, reason="no /dev/kvm")
def test_kvm_agrees_but_for_what_pvm_keeps() -> None:
    answer = edges("kvm-")
    odd = [row for row in answer.data if not agrees(row)]
    assert all((row["address"], row["user"], row["mapped"]) == ("0xffff800000000000", True, True) for row in odd)
    assert not odd or answer.provenance.witness == "kvm-pvm"


def test_a_program_is_told_what_the_model_says() -> None:
    rows = ask(address_space.faults).data
    assert len(rows) == len(EDGES) + 3
    for row in rows:
        assert row["exception"] == row["predicted"], row
        if row["exception"] == "#PF":
            assert (row["signal"], row["si_code"], row["si_addr"]) == ("SIGSEGV", "SEGV_MAPERR", "the address")
        else:
            assert (row["signal"], row["si_code"], row["si_addr"]) == (
                "SIGBUS" if row["exception"] == "#SS" else "SIGSEGV",
                "SI_KERNEL",
                "0x0",
            )
    assert {row["exception"] for row in rows} == {"#PF", "#GP", "#SS"}


@pytest.mark.parametrize(
    ("access", "address", "levels", "lass", "expected"),
    [
        ("read", 1 << 47, 4, False, "#GP"), ("read", 1 << 47, 5, False, "#PF"), ("read by RBP", 1 << 63, 5, False, "#SS"),
        ("read", (1 << 64) - 1, 4, False, "#PF"), ("read", (1 << 64) - 1, 4, True, "#GP"), ("read", 16, 4, True, "#PF"),
    ],
)  # fmt: skip
def test_what_is_predicted_here(access: str, address: int, levels: int, lass: bool, expected: str) -> None:
    assert predict_here(access, address, levels, lass) == expected


def test_one_access() -> None:
    assert ask(address_space.one_access, address=1 << 63).data["exception"] == "#GP"
    assert ask(address_space.one_access, access="write", address=16).data["exception"] == "#PF"


@pytest.mark.parametrize("arguments", [{"access": "fly"}, {"address": 1 << 64}, {"address": -1}])
def test_one_access_refuses(arguments: dict[str, Any]) -> None:
    with pytest.raises(ExperimentFailed, match="ValueError"):
        ask(address_space.one_access, **arguments)


def test_where_user_space_ends() -> None:
    got = {row["asked"]: row["got"] for row in ask(address_space.hints).data}
    assert (got["no hint"], got["a hint in the lower half"]) == ("below 2^47", "at the hint")
    assert got["fixed, first page of the upper half"] == "ENOMEM"
    if not this_cpu()["la57"]:
        assert got["a hint at 2^47"] == got["a hint at 2^55"] == "below 2^47"
        assert got["fixed, last page of the lower half"] == got["fixed, first page above it"] == "ENOMEM"


def test_a_process_lives_in_the_lower_half() -> None:
    answer = show.process(ask(address_space.mappings))
    for row in answer.data:
        assert (int(row["end"], 16) < (1 << 47) - 4096) == (row["kind"] != "vsyscall page"), row
    assert {"program", "heap", "stack", "libraries and mmap"} <= {row["kind"] for row in answer.data}


def test_randomization_moves_all_but_the_vsyscall_page() -> None:
    for row in ask(address_space.randomized).data:
        assert row["processes"] == PROCESSES
        assert row["top_bit"] == [row["kind"] == "vsyscall page"]
        assert row["places"] == 1 if row["kind"] == "vsyscall page" else row["places"] >= 1


def test_where_randomization_cannot_be_turned_off_the_record_answers() -> None:
    answer = recorded(address_space.mappings)
    no: list[Mapped] = [{"kind": "none", "start": "", "end": "", "bytes": 0, "why": "no"}]
    refused = [Evidence(answer.name, no, answer.provenance)]
    assert show.process(refused).data == answer.data
    assert len(show.address_map(refused).spaces[2]["regions"]) > 4
