"""KVM_GET_SUPPORTED_CPUID of every KVM that answers here: what holds on any of them, and what on one kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from syslab.bits.cpuid import REGISTERS
from syslab.chapters.kvm.supported_cpuid import ask as experiment
from syslab.chapters.kvm.supported_cpuid.model import FIRST, SECOND
from syslab.chapters.kvm.supported_cpuid.pairs import found
from syslab.evidence import Evidence, ask, recorded
from syslab.evidence.experiment import Experiment
from syslab.evidence.records import witnesses
from syslab.kvm.cpuid_table import MOST_ENTRIES
from syslab.questions.kvm_capabilities import disable_exits
from tests.anew import anew

X2APIC, MWAIT_BIT, HYPERVISOR = 21, 3, 0x4000_0000
EVERY = [
    experiment.compared,
    experiment.room,
    experiment.emulated,
    experiment.readings,
    experiment.beyond,
    disable_exits,
]


@cache
def answers(one: Experiment) -> Sequence[Evidence]:
    """Live where it can be, else the records; asked once."""
    return ask(one)


def everyone(one: Experiment) -> list[tuple[str, Any]]:
    told = {a.provenance.witness: a.data for a in answers(one)}
    return list(({w: recorded(one, w).data for w in witnesses(one.name)} | told).items())


def test_masked_and_added_are_not_empty_on_any_witness() -> None:
    for who, rows in everyone(experiment.compared):
        outcomes = Counter(one.pair.outcome for one in found(rows))
        assert outcomes[FIRST] and outcomes[SECOND], who
        assert any(row["host"] != row["kvm"] for row in rows), who


def test_what_every_kvm_does_to_the_host() -> None:
    for who, rows in everyone(experiment.compared):
        table = {(row["leaf"], row["subleaf"]): row["kvm"] for row in rows if row["kvm"]}
        host = {(row["leaf"], row["subleaf"]): row["host"] for row in rows if row["host"]}
        assert b"".join(n.to_bytes(4, "little") for n in table[HYPERVISOR, 0][1:]) == b"KVMKVMKVM\0\0\0", who
        assert table[HYPERVISOR + 1, 0][0], who
        assert table[1, 0][2] >> X2APIC & 1, f"{who}: x2APIC is emulated everywhere"
        assert not table[1, 0][2] >> MWAIT_BIT & 1, f"{who}: MONITOR is never reported"
        assert table[0, 0][1:] == host[0, 0][1:], f"{who}: the vendor is the host's"
        assert table[0, 0][0] <= host[0, 0][0], who
        assert not any(any(words or []) for (leaf, _), words in table.items() if leaf == 0xB), f"{who}: no topology"
        assert all(row["flags"] in (None, 0, 1) for row in rows), f"{who}: the stateful flags are dead"
        assert len(table) == len([row for row in rows if row["kvm"] is not None]), who


def test_room() -> None:
    for who, rows in everyone(experiment.room):
        for row in rows:
            small = row["room"] in ("none", "one too few")
            assert row["result"] == ("E2BIG" if small else "0"), (who, row)
            assert row["returned"] == row["nent"] if small else row["returned"] <= min(row["nent"], MOST_ENTRIES), (who, row)
        enough = {row["ioctl"]: row for row in rows if row["room"] == "just enough"}
        assert enough["KVM_GET_SUPPORTED_CPUID"]["returned"] == enough["KVM_GET_SUPPORTED_CPUID"]["nent"], who
        assert enough["KVM_GET_EMULATED_CPUID"]["returned"] == enough["KVM_GET_EMULATED_CPUID"]["nent"] - 1, who


def test_emulated_is_a_list_of_its_own() -> None:
    for who, rows in everyone(experiment.emulated):
        assert [row["leaf"] for row in rows] == [0, 1, 7], who
        assert rows[1]["emulated"][2] == 1 << 22, f"{who}: MOVBE"
        assert rows[0]["emulated"] == [7, 0, 0, 0], who


def test_every_table_is_accepted_and_the_guest_reads_it() -> None:
    for who, rows in everyone(experiment.readings):
        assert len(rows) == 3 * len(experiment.FEATURE_WORDS)
        assert {row["result"] for row in rows} == {"0"}, who
        assert {row["given"] for row in rows if row["table"] == experiment.CLEARED} == {0}
        assert {row["given"] for row in rows if row["table"] == experiment.FILLED} == {0xFFFF_FFFF}
        for row in rows:
            if row["leaf"] == 0x8000_0001 or (row["leaf"] == 7 and row["register"] == "ebx" and who != "kvm-pvm"):
                assert row["guest"] == row["given"], (who, row)
            if who == "kvm-svm-tcg":
                changed = row["guest"] ^ row["given"]
                allowed = {"ecx": 1 << 27, "edx": 1 << 9}.get(row["register"], 0) if row["leaf"] == 1 else 0
                assert not changed & ~allowed, (who, row)  # OSXSAVE and APIC are KVM's


def test_a_bit_is_no_lock() -> None:
    for who, rows in everyone(experiment.beyond):
        told: dict[str, set[str]] = {}
        for row in rows:
            told.setdefault(row["instruction"], set()).add(row["outcome"])
            if row["instruction"] == "MONITOR, MWAIT":
                assert not row["supported"], who
        assert all(len(outcomes) == 1 for outcomes in told.values()), f"{who}: the bit made a difference"
        if who == "kvm-svm-tcg":
            assert told == {key: {experiment.RAN} for key in told}


@pytest.mark.parametrize("one", EVERY, ids=lambda e: e.name)
def test_rows_are_plain_and_two_runs_are_equal(one: Experiment) -> None:
    for answer in answers(one):
        assert json.loads(json.dumps(answer.data)) == answer.data
    if one.missing():
        pytest.skip("no KVM here")
    assert ask(one).data == anew(one).data


def test_one_word() -> None:
    if experiment.one_word.missing():
        pytest.skip("no KVM here")
    row = ask(experiment.one_word, leaf=0x8000_0001, subleaf=0, register="ecx", given=0xFFFF_FFFF).data
    assert row["KVM_SET_CPUID2"] == "0" and row["guest"] == row["given"] == "0xffffffff"
    assert ask(experiment.one_word, leaf=0x1234, subleaf=0, register="ecx", given=0).data == {"reported": "no such entry"}


def test_the_feature_words_have_layouts() -> None:
    from syslab.bits.cpuid import layouts

    assert all(register in layouts(leaf, subleaf) for leaf, subleaf, register in experiment.FEATURE_WORDS)
    assert {register for *_, register in experiment.FEATURE_WORDS} <= set(REGISTERS)
