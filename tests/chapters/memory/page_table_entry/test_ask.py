"""Rights over the levels, A and D as the CPU sets them, and pagemap: records, and live where the machine can."""

from __future__ import annotations

import pytest

from syslab.chapters.memory.page_table_entry import ask as experiment
from syslab.evidence import KVM, X86_64, Experiment, ask, recorded
from syslab.evidence.records import witnesses
from syslab.questions.machines import QEMU

NO_QEMU = pytest.mark.skipif(QEMU.missing() is not None, reason=str(QEMU.missing()))
NO_KVM = pytest.mark.skipif(bool(KVM.missing() or X86_64.missing()), reason=str(KVM.missing() or X86_64.missing()))
NO_X86 = pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))
RIGHTS = [experiment.rights_tcg, experiment.rights_kvm]


@pytest.mark.parametrize("which", RIGHTS, ids=lambda e: e.name)
def test_every_level_can_take_a_right_away(which: Experiment) -> None:
    for witness in witnesses(which.name):
        rows = recorded(which, witness).data
        assert len(rows) == 1 + 4 * len(experiment.WALK)
        assert all(row["agrees"] for row in rows)
        for taken in experiment.TAKEN:
            found = [row["outcomes"] for row in rows if row["taken"] == taken]
            assert all(outcomes == found[0] for outcomes in found), "no level differs from another"
        refused = {row["taken"]: {k for k, v in row["outcomes"].items() if v != "allowed"} for row in rows}
        assert refused["nothing"] == set()
        assert refused["R/W = 0"] == {"kernel write", "user write"}
        assert refused["U/S = 0"] == {"user read", "user write", "user fetch"}
        assert refused["XD = 1"] == {"kernel fetch", "user fetch"}


@pytest.mark.parametrize("which", [experiment.accessed_dirty_tcg, experiment.accessed_dirty_kvm], ids=lambda e: e.name)
def test_accessed_and_dirty(which: Experiment) -> None:
    for witness in witnesses(which.name):
        for row in recorded(which, witness).data:
            leaf = {"4 KByte": "pte", "2 MByte": "pde", "1 GByte": "pdpte"}[row["size"]]
            walk = experiment.WALK[: experiment.WALK.index(leaf) + 1]
            assert row["agrees"]
            assert set(row["set"].values()) <= {"", "A", "A D"}
            if row["result"] == "allowed":
                assert [row["set"][level] for level in walk[:-1]] == ["A"] * (len(walk) - 1)
                assert row["set"][leaf] == ("A D" if "write" in row["case"] else "A")
            else:
                assert row["set"][leaf] == "", "the entry that maps the page is left alone"
                assert "D" not in "".join(row["set"].values())


def test_witnesses_disagree_about_refused_walks() -> None:
    def above(which: Experiment, witness: str) -> set[str]:
        return {row["set"]["pml4e"] for row in recorded(which, witness).data if row["result"] == "#PF 0x7"}

    assert above(experiment.accessed_dirty_tcg, "tcg-max") == {"A"}
    assert above(experiment.accessed_dirty_kvm, "kvm-pvm") == {""}


@NO_QEMU
def test_live_is_the_record() -> None:
    for which in (experiment.rights_tcg, experiment.accessed_dirty_tcg):
        assert ask(which).data == recorded(which, "tcg-max").data


@NO_KVM
def test_kvm_rights_live() -> None:
    assert all(row["agrees"] for row in ask(experiment.rights_kvm).data)


@NO_X86
def test_pagemap() -> None:
    for data in (ask(experiment.pagemap).data, recorded(experiment.pagemap).data):
        ordinary = [row for row in data if row["who"] == "ordinary user"]
        assert [(row["present"], row["pfn"]) for row in ordinary] == [(0, "zero"), (1, "zero"), (1, "zero")]
        assert all(row["present"] == int(not row["state"].startswith("mapped")) for row in data)


@NO_QEMU
def test_one_access() -> None:
    row = ask(experiment.one_access, mode="user", access="write", level="pde", taken="R/W = 0").data
    assert row["result"] == "#PF 0x7"
    assert row["pte_set"] == "-"


def test_one_access_refuses_other_words() -> None:
    for arguments in ({"mode": "root", "access": "read"}, {"mode": "user", "access": "read", "level": "pud"}):
        with pytest.raises(ValueError, match="is not among"):
            experiment.one_access(**arguments)
