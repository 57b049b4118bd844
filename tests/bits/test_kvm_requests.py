"""Requests by version: against the kernels' headers, and what the words say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syslab.bits import get
from syslab.bits import kvm_requests as room
from syslab.bits.bare import as_logged

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_kvm.json").read_text())["constants"]
FULL = {version: next(full for full in ORACLE if full.startswith(f"{version}.")) for version in room.VERSIONS}


@pytest.mark.parametrize("version", room.VERSIONS)
def test_constants_are_those_of_the_headers(version: str) -> None:
    theirs = ORACLE[FULL[version]]["kvm_requests"]
    assert room.constants(version) == {name: value for name, value in theirs.items() if name.startswith("KVM_REQ_")}
    flags = [theirs[f"KVM_REQUEST_{name}"] for name in ("NO_WAKEUP", "WAIT", "NO_ACTION", "ARCH_BASE")]
    assert flags == [room.NO_WAKEUP, room.WAIT, room.NO_ACTION, room.ARCH_BASE]


@pytest.mark.parametrize("version", room.VERSIONS)
def test_value_and_bitmap_agree(version: str) -> None:
    value, bitmap = room.request(version), room.bitmap(version)
    for name, constant in room.constants(version).items():
        decoded = value.decode(constant)
        assert decoded.sentence.startswith(f"{name}: ")
        assert not decoded.impossible and not decoded.reserved
        if not decoded.fields["NO_ACTION"]:
            assert bitmap.decode(1 << decoded.fields["NUMBER"]).set_names == (name.removeprefix("KVM_REQ_"),)
    shared = [f.bit for f in bitmap.fields if f.bit < room.ARCH_BASE]
    assert shared[:3] == [0, 1, 2] and max(f.bit for f in bitmap.fields) < 64


def test_facts_of_the_chapter() -> None:
    newest = room.constants()
    assert [newest[f"KVM_REQ_{n}"] for n in ("TLB_FLUSH", "VM_DEAD", "UNBLOCK", "OUTSIDE_GUEST_MODE")] == [0x300, 0x301, 2, 0x700]
    assert (newest["KVM_REQ_EVENT"], newest["KVM_REQ_NMI"]) == (14, 17)
    assert (
        room.KVM_REQ.sentence(0x700)
        == "KVM_REQ_OUTSIDE_GUEST_MODE: sets no bit. Sent to all vCPUs, it leaves sleeping ones asleep and waits for those in the guest."
    )
    assert (
        room.KVM_REQ.sentence(14)
        == "KVM_REQ_EVENT: sets bit 14 (EVENT). Sent to all vCPUs, it wakes sleeping ones and does not wait."
    )
    assert room.KVM_REQ.sentence(0x325).startswith("No request of this kernel: sets bit 37 (RECALC_INTERCEPTS)")
    assert room.KVM_REQ.decode(0x40).impossible and not room.KVM_REQ.decode(0x440).impossible


def test_changes_by_version() -> None:
    assert {(c["request"].removeprefix("KVM_REQ_"), c["old"], c["new"]) for c in room.changes("6.12", "7.2")} == {
        ("MSR_FILTER_CHANGED", "0x25", ""),
        ("RECALC_INTERCEPTS", "", "0x25"),
        ("VMSA_PAGE_RELOAD", "", "0x329"),
        ("UPDATE_PROTECTED_GUEST_STATE", "0x2a", "0x22a"),
    }
    assert room.changes("6.1", "6.1") == []
    for call in (room.request, room.bitmap, room.constants):
        with pytest.raises(ValueError, match=r"'5\.4' are not known here; there are 6\.1, 6\.12, 7\.2"):
            call("5.4")


def test_a_trace_line_is_read() -> None:
    line = "kvm_exit: vcpu 0 reason npf rip 0x1000 info1 0x0000000000000006 error_code 0x00000000 requests 0x0000000000024001"
    assert get("kvm-requests").read(line).value == 0x24001


def test_registered() -> None:
    assert get("kvm-req") is room.KVM_REQ and get("kvm-requests-6-1") is as_logged(room.KVM_REQUESTS_6_1)
