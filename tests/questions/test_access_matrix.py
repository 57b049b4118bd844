"""The model of the access check, and every value measured on QEMU's CPU and on this machine's KVM."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from syslab.bits.page_fault import PFEC
from syslab.evidence import KVM, X86_64, Evidence, ask, recorded
from syslab.evidence.bounded import run
from syslab.kvm import backends
from syslab.kvm import witness as kvm_witness
from syslab.qemu.bare_metal import MODELS, GuestHung, HostKvm, Machine, Request, Tcg
from syslab.qemu.bare_metal_protocol import TABLES, TEST_FRAME, Features, P, U, W
from syslab.questions import access_matrix as experiment
from syslab.questions.access_combinations import CONDITIONS, MODES, combinations
from syslab.questions.access_matrix import ALLOWED, Outcome, Tried, predict
from syslab.questions.machines import QEMU

NO_QEMU = pytest.mark.skipif(QEMU.missing() is not None, reason=str(QEMU.missing()))
NO_KVM = pytest.mark.skipif(bool(KVM.missing() or X86_64.missing()), reason=str(KVM.missing() or X86_64.missing()))
Rows = dict[tuple[str, str, str], Tried]


def by_case(data: list[Tried]) -> Rows:
    return {(row["condition"], row["mode"], row["access"]): row for row in data}


@cache
def by(witness: str) -> Evidence[list[Tried]]:
    """What the witness whose name begins so answers."""
    return next(one for one in ask(experiment.truth_table) if one.provenance.witness.startswith(witness))


@pytest.fixture(scope="module")
def tcg() -> Rows:
    return by_case(by("tcg-max").data)


@pytest.fixture(scope="module")
def kvm() -> Rows:
    return by_case(by("kvm-").data)


OK, GP = None, "#GP"
# condition: kernel read, write, fetch; user read, write, fetch. As the SDM says and KVM answers; "-" where it is not asked.
MEASURED: dict[str, tuple[Any, ...]] = {
    "not present": (0x0, 0x2, 0x10, 0x4, 0x6, 0x14),
    "not present, NXE=0": (0x0, 0x2, 0x0, 0x4, 0x6, 0x4),
    "supervisor, read-only": (OK, 0x3, OK, 0x5, 0x7, 0x15),
    "supervisor, writable": (OK, OK, OK, 0x5, 0x7, 0x15),
    "user, read-only": (OK, 0x3, OK, OK, 0x7, OK),
    "user, writable": (OK, OK, OK, OK, OK, OK),
    "supervisor, read-only, WP=0": (OK, OK, OK, 0x5, 0x7, 0x15),
    "user, read-only, WP=0": (OK, OK, OK, OK, 0x7, OK),
    "supervisor, XD": (OK, OK, 0x11, 0x5, 0x7, 0x15),
    "user, XD": (OK, OK, 0x11, OK, OK, 0x15),
    "user, XD, NXE=0": (0x9, 0xB, 0x9, 0xD, 0xF, 0xD),
    "not present, XD, NXE=0": (0x0, 0x2, 0x0, 0x4, 0x6, 0x4),
    "reserved bit 51": (0x9, 0xB, 0x19, 0xD, 0xF, 0x1D),
    "not present, bit 51": (0x0, 0x2, 0x10, 0x4, 0x6, 0x14),
    "PDE not present": (0x0, 0x2, 0x10, 0x4, 0x6, 0x14),
    "PDE read-only": (OK, 0x3, OK, OK, 0x7, OK),
    "PDE supervisor": (OK, OK, OK, 0x5, 0x7, 0x15),
    "PDE XD": (OK, OK, 0x11, OK, OK, 0x15),
    "PDE reserved bit 51, PTE not present": (0x9, 0xB, 0x19, 0xD, 0xF, 0x1D),
    "PML4E with bit 7": (0x9, 0xB, 0x19, 0xD, 0xF, 0x1D),
    "user, SMEP": (OK, OK, 0x11, OK, OK, OK),
    "user, SMEP, AC=1": (OK, OK, 0x11, OK, OK, OK),
    "user, SMEP, NXE=0": (OK, OK, 0x11, OK, OK, OK),
    "not present, SMEP, NXE=0": (0x0, 0x2, 0x10, 0x4, 0x6, 0x14),
    "supervisor, SMEP": (OK, OK, OK, 0x5, 0x7, 0x15),
    "user, SMAP, AC=0": (0x1, 0x3, OK, OK, OK, OK),
    "user, SMAP, AC=1 by popf": (OK, OK, OK, OK, OK, OK),
    "user, read-only, SMAP, AC=1": (OK, 0x3, OK, OK, 0x7, OK),
    "user, read-only, SMAP, AC=0, WP=0": (0x1, 0x3, OK, OK, 0x7, OK),
    "supervisor, SMAP, AC=0": (OK, OK, OK, 0x5, 0x7, 0x15),
    "user, PKRU.AD": (0x21, 0x23, OK, 0x25, 0x27, OK),
    "user, PKRU.WD": (OK, 0x23, OK, OK, 0x27, OK),
    "user, PKRU.WD, WP=0": (OK, OK, OK, OK, 0x27, OK),
    "user, read-only, PKRU.AD": (0x21, 0x23, OK, 0x25, 0x27, OK),
    "supervisor, PKRU.AD": (OK, OK, OK, 0x5, 0x7, 0x15),
    "2-MByte page": (OK, OK, OK, OK, OK, OK),
    "2-MByte page, reserved bit 13": (0x9, 0xB, 0x19, 0xD, 0xF, 0x1D),
    "1-GByte page, reserved bit 13": (0x9, 0xB, 0x19, 0xD, 0xF, 0x1D),
    "last address of the lower half": (OK, OK, OK, OK, OK, OK),
    "first non-canonical address": (GP, GP, GP, GP, GP, GP),
    "last non-canonical address": (GP, GP, GP, GP, GP, GP),
    "last address of the lower half, LA57": (OK, OK, OK, OK, OK, OK),
    "first non-canonical address, LA57": (GP, GP, GP, GP, GP, GP),
    "last non-canonical address, LA57": (GP, GP, GP, GP, GP, GP),
    "first address of the upper half, LA57": (OK, OK, OK, OK, OK, OK),
    "an address that only LA57 makes canonical": (OK, OK, OK, OK, OK, OK),
}
CASES = [
    (condition, mode, access, want)
    for condition, values in MEASURED.items()
    for (mode, access), want in zip([(m, a) for m, _ in MODES for a in ("read", "write", "fetch")], values, strict=True)
]


def seen(row: Tried) -> Any:
    return row["error_code"] if row["vector"] == 14 else GP if (row["vector"], row["error_code"]) == (13, 0) else row["vector"]


@NO_QEMU
@pytest.mark.parametrize(("condition", "mode", "access", "want"), CASES)
def test_qemu(tcg: Rows, condition: str, mode: str, access: str, want: Any) -> None:
    reserved = isinstance(want, int) and want & 8
    assert seen(tcg[condition, mode, access]) == (want & ~1 if reserved else want)


@NO_KVM
@pytest.mark.parametrize(("condition", "mode", "access", "want"), CASES)
def test_kvm(kvm: Rows, condition: str, mode: str, access: str, want: Any) -> None:
    if (condition, mode, access) not in kvm:
        pytest.skip("this CPU lacks what the condition needs")
    assert seen(kvm[condition, mode, access]) == want


def test_the_codes_without_p_are_impossible() -> None:
    assert all(PFEC.decode(code & ~1).impossible for *_, code in CASES if isinstance(code, int) and code & 8)


@NO_QEMU
def test_the_table_names_its_witness_and_every_case(tcg: Rows) -> None:
    assert set(tcg) == {(name, mode, access) for name in CONDITIONS for mode, _ in MODES for access in ("read", "write", "fetch")}
    assert {row["witness"] for row in tcg.values()} == {"tcg-max"}
    assert by("tcg-max").provenance.witness == "tcg-max"
    assert "qemu-system-x86_64" in by("tcg-max").provenance.tools


@pytest.mark.parametrize(("place", "witness"), [(0, "tcg-max"), (1, "kvm-")])
def test_a_machine_without_the_witness_takes_its_record(place: int, witness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_EVIDENCE", "record")
    monkeypatch.setattr(backends, "backend", lambda: "unknown")
    answer = ask(experiment.truth_table)[place]
    assert answer.provenance.how == "record"
    assert answer.provenance.witness.startswith(witness)
    assert all(row["witness"] == answer.provenance.witness for row in answer.data)
    assert recorded(experiment.truth_table, answer.provenance.witness).data == answer.data


@NO_QEMU
def test_where_qemu_disagrees_is_found_by_comparing(tcg: Rows) -> None:
    wrong = [row for row in tcg.values() if not row["agrees"]]
    assert {row["condition"] for row in wrong} == {
        "user, XD, NXE=0", "reserved bit 51", "PDE reserved bit 51, PTE not present", "PML4E with bit 7", "PML4E with bit 8",
        "2-MByte page, reserved bit 13", "1-GByte page, reserved bit 13",
    }  # fmt: skip
    assert {row["error_code"] for row in wrong if row["vector"]} == {0x8, 0xA, 0x18, 0xC, 0xE, 0x1C}
    assert {row["condition"] for row in wrong if not row["vector"]} == {"PML4E with bit 8"}


@NO_KVM
def test_what_stops_the_guest_is_a_result(kvm: Rows) -> None:
    row = kvm["user, SMAP, AC=1 by stac", "kernel", "read"]
    if kvm_witness() == "kvm-pvm":
        assert (row["result"], row["tried"], row["agrees"]) == ("KVM_EXIT_INTERNAL_ERROR (emulation)", False, False)
        assert kvm["user, SMAP, AC=1 by stac", "user", "read"]["result"] == "allowed"  # and the guest went on behind it
    else:
        assert (row["result"], row["agrees"]) == ("allowed", True)


@NO_KVM
def test_where_kvm_disagrees(kvm: Rows) -> None:
    wrong = {(row["condition"], row["mode"]) for row in kvm.values() if not row["agrees"]}
    if kvm_witness() == "kvm-pvm":
        wrong -= {("first address of the upper half", "user"), ("user, SMAP, AC=1 by stac", "kernel")}
    assert not wrong


@NO_QEMU
def test_every_combination_on_qemu() -> None:
    found = run(experiment.every_combination, {"machine": "tcg"}).data
    assert found["asked"] == 128_448
    assert found["asked"] == found["agree"] + sum(row["count"] for row in found["differences"])
    assert {(row["model"].split()[1], row["machine"].split()[1]) for row in found["differences"]} == {
        ("0x9", "0x8"), ("0xb", "0xa"), ("0x19", "0x18"), ("0xd", "0xc"), ("0xf", "0xe"), ("0x1d", "0x1c"),
    }  # fmt: skip


@NO_QEMU
@pytest.mark.parametrize("model", [model for model in MODELS if model != "max"])
def test_other_models_agree_on_a_sample(model: str) -> None:
    check_sample(lambda: Tcg(model), 2000)


@NO_KVM
def test_kvm_agrees_on_a_sample() -> None:
    check_sample(HostKvm, 1000)


def check_sample(make: Callable[[], Machine], size: int) -> None:
    with make() as machine:
        cpu = machine.features()
        requests = random.Random(size).sample(list(combinations(cpu)), size)
        answers = machine.ask(requests, timeout=60)
        for request, answer in zip(requests, answers, strict=True):
            want, found = predict(request, cpu), experiment.outcome(answer)
            assert found == (as_qemu_does(request, cpu) if isinstance(machine, Tcg) else want), request


def as_qemu_does(request: Request, cpu: Features) -> Outcome:
    """The model with QEMU's three differences (target/i386/tcg/sysemu/excp_helper.c of 7.2, mmu_translate): RSVD comes
    without P, bit 8 of a PML4E is never reserved, and 1-GByte pages work whether or not CPUID has them."""
    found = predict(request, replace(cpu, vendor="GenuineIntel", gbpages=True))
    reserved = found.error_code is not None and found.error_code & 8
    return found._replace(error_code=found.error_code & ~1) if reserved and found.error_code else found


@NO_QEMU
def test_qemu_has_1_gbyte_pages_that_its_cpuid_lacks() -> None:
    with Tcg("qemu64") as machine:
        huge = Request(**CONDITIONS["1-GByte page"])
        assert not machine.features().gbpages
        assert predict(huge, machine.features()) == Outcome(14, 9)
        assert experiment.outcome(machine.ask([huge])[0]) == ALLOWED


def test_combinations_ask_only_what_the_cpu_has() -> None:
    bare = Features(smep=False, smap=False, pke=False, la57=False, gbpages=False)
    requests = list(combinations(bare))
    assert len(requests) == len(set(requests))
    assert not any(bare.lacks(request) for request in requests)
    assert len(list(combinations(bare, tables=False))) < len(requests)


# the model, without a machine


@pytest.mark.parametrize(("condition", "mode", "access", "want"), CASES)
def test_the_model(condition: str, mode: str, access: str, want: Any) -> None:
    found = predict(Request(access, mode == "user", **CONDITIONS[condition]))
    assert found == (ALLOWED if want is OK else Outcome(13, 0) if want == GP else Outcome(14, want))


@pytest.mark.parametrize(
    ("cpu", "entries", "reserved"),
    [
        (Features(vendor="AuthenticAMD"), {"pml4e": TABLES["pdpt"] | P | 1 << 8}, True),
        (Features(vendor="GenuineIntel"), {"pml4e": TABLES["pdpt"] | P | 1 << 8}, False),
        (Features(vendor="AuthenticAMD"), {"pdpte": TABLES["pd"] | P | 1 << 8}, False),
        (Features(gbpages=False), {"pdpte": TABLES["pd"] | P | 1 << 7}, True),
        (Features(maxphyaddr=46), {"pte": TEST_FRAME | P | 1 << 46}, True),
        (Features(maxphyaddr=46), {"pte": TEST_FRAME | P | 1 << 45}, False),
        (Features(maxphyaddr=52), {"pte": TEST_FRAME | P | 1 << 51}, False),
    ],
)
def test_reserved_bits_depend_on_the_cpu(cpu: Features, entries: dict[str, int], reserved: bool) -> None:
    assert predict(Request(**entries), cpu) == (Outcome(14, 9) if reserved else ALLOWED)  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "bounds"), [(48, (1 << 47, -(1 << 47))), (57, (1 << 56, -(1 << 56)))])
def test_canonical(width: int, bounds: tuple[int, int]) -> None:
    first_bad, first_upper = bounds
    for address, good in [
        (first_bad - 1, True),
        (first_bad, False),
        (first_upper - 1, False),
        (first_upper, True),
        (-1, True),
        (0, True),
    ]:
        assert experiment.canonical(address & (1 << 64) - 1, width) is good


def test_a_protection_key_is_the_leafs() -> None:
    key = 5
    page = {"pke": True, "pte": TEST_FRAME | P | W | U | key << 59}
    assert predict(Request("read", True, pkru=1 << 2 * key, **page)).error_code == 0x25  # type: ignore[arg-type]
    assert predict(Request("read", True, pkru=1 << 2 * key + 1, **page)) == ALLOWED  # type: ignore[arg-type]
    assert predict(Request("read", True, pkru=3, **page)) == ALLOWED  # type: ignore[arg-type]


class Stubborn:
    """Hangs at every second request, as a machine seen by ask_all."""

    def __enter__(self) -> Stubborn:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, requests: list[Request], timeout: float) -> list[Any]:
        if len(requests) < 2:
            return ["answer"] * len(requests)
        error = GuestHung("hung")
        error.answers, error.request = ["answer"], 1
        raise error


def test_a_new_machine_goes_on_behind_the_request_that_ended_one() -> None:
    replies = experiment.ask_all(Stubborn, [Request()] * 5)  # type: ignore[arg-type]
    assert [str(reply) for reply in replies] == ["answer", "hung"] * 2 + ["answer"]


def test_a_machine_that_does_not_start_is_no_result() -> None:
    class Never(Stubborn):
        def __enter__(self) -> Stubborn:
            raise GuestHung("no bell")

    with pytest.raises(GuestHung):
        experiment.ask_all(Never, [Request()])  # type: ignore[arg-type]
