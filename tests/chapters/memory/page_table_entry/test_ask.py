"""Rights over the levels, A and D as the CPU sets them, and pagemap: records, and live where the machine can."""

from __future__ import annotations

import pytest

from syslab.chapters.memory import page_table_entry
from syslab.chapters.memory.page_table_entry.ask import TAKEN, WALK
from syslab.evidence import KVM, X86_64, ask, recorded
from syslab.evidence.records import witnesses
from syslab.questions.machines import QEMU

NO_QEMU = pytest.mark.skipif(QEMU.missing() is not None, reason=str(QEMU.missing()))
NO_KVM = pytest.mark.skipif(bool(KVM.missing() or X86_64.missing()), reason=str(KVM.missing() or X86_64.missing()))
NO_X86 = pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))


def test_every_level_can_take_a_right_away() -> None:
    assert {"tcg-max", "kvm-pvm"} <= set(witnesses(page_table_entry.rights.name))
    for witness in witnesses(page_table_entry.rights.name):
        rows = recorded(page_table_entry.rights, witness).data
        assert len(rows) == 1 + 4 * len(WALK)
        assert all(row["agrees"] for row in rows)
        for taken in TAKEN:
            found = [row["outcomes"] for row in rows if row["taken"] == taken]
            assert all(outcomes == found[0] for outcomes in found), "no level differs from another"
        refused = {row["taken"]: {k for k, v in row["outcomes"].items() if v != "allowed"} for row in rows}
        assert refused["nothing"] == set()
        assert refused["R/W = 0"] == {"kernel write", "user write"}
        assert refused["U/S = 0"] == {"user read", "user write", "user fetch"}
        assert refused["XD = 1"] == {"kernel fetch", "user fetch"}


def test_accessed_and_dirty() -> None:
    for witness in witnesses(page_table_entry.accessed_dirty.name):
        for row in recorded(page_table_entry.accessed_dirty, witness).data:
            leaf = {"4 KByte": "pte", "2 MByte": "pde", "1 GByte": "pdpte"}[row["size"]]
            walk = WALK[: WALK.index(leaf) + 1]
            assert row["agrees"]
            assert set(row["set"].values()) <= {"", "A", "A D"}
            if row["result"] == "allowed":
                assert [row["set"][level] for level in walk[:-1]] == ["A"] * (len(walk) - 1)
                assert row["set"][leaf] == ("A D" if "write" in row["case"] else "A")
            else:
                assert row["set"][leaf] == "", "the entry that maps the page is left alone"
                assert "D" not in "".join(row["set"].values())


def test_witnesses_disagree_about_refused_walks() -> None:
    def above(witness: str) -> set[str]:
        rows = recorded(page_table_entry.accessed_dirty, witness).data
        return {row["set"]["pml4e"] for row in rows if row["result"] == "#PF 0x7"}

    assert above("tcg-max") == {"A"}
    assert above("kvm-pvm") == {""}


@NO_QEMU
def test_live_is_the_record() -> None:
    for which in (page_table_entry.rights, page_table_entry.accessed_dirty):
        live = ask(which)[0]
        assert (live.provenance.how, live.provenance.witness) == ("live", "tcg-max")
        assert live.data == recorded(which, "tcg-max").data


@NO_KVM
def test_kvm_rights_live() -> None:
    live = ask(page_table_entry.rights)[1]
    assert (live.provenance.how, live.provenance.witness[:4]) == ("live", "kvm-")
    assert all(row["agrees"] for row in live.data)


@NO_X86
def test_pagemap() -> None:
    for data in (ask(page_table_entry.pagemap).data, recorded(page_table_entry.pagemap).data):
        ordinary = [row for row in data if row["who"] == "ordinary user"]
        assert [(row["present"], row["pfn"]) for row in ordinary] == [(0, "zero"), (1, "zero"), (1, "zero")]
        assert all(row["present"] == int(not row["state"].startswith("mapped")) for row in data)


@NO_QEMU
def test_one_access() -> None:
    row = ask(page_table_entry.one_access, mode="user", access="write", level="pde", taken="R/W = 0").data
    assert row["result"] == "#PF 0x7"
    assert row["pte_set"] == "-"


def test_one_access_refuses_other_words() -> None:
    for arguments in ({"mode": "root", "access": "read"}, {"mode": "user", "access": "read", "level": "pud"}):
        with pytest.raises(ValueError, match="is not among"):
            page_table_entry.one_access(**arguments)
