"""The bare-metal guest and its two machines: what they answer, what breaks them, and that nothing is left behind.

SYSLAB_HYPOTHESIS_SECONDS=60 asks random requests for a minute on each machine.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syslab.chapters.cpu.instruction_fetch import real_mode
from syslab.qemu import bare_metal, guest_process
from syslab.qemu import bare_metal_protocol as protocol
from syslab.qemu.bare_metal import (
    GuestHung,
    GuestPanicked,
    GuestShutdown,
    HostKvm,
    ImageCorrupt,
    Machine,
    MachineDied,
    MachineError,
    MachineMissing,
    Request,
    Tcg,
    UnknownModel,
)
from syslab.qemu.bare_metal_protocol import TABLES, TEST_FRAME, P, U, W
from syslab.questions.access_matrix import outcome, predict
from tests.waiting import PATIENCE, soon

SECONDS = float(os.environ.get("SYSLAB_HYPOTHESIS_SECONDS", "0"))
ASKED_ONCE = 64  # requests an example holds


def available(kind: type[Machine]) -> str:
    try:
        with kind():
            return ""
    except MachineMissing as reason:
        return str(reason)


KINDS = [pytest.param(kind, id=kind.__name__, marks=pytest.mark.skipif(bool(why), reason=why))
         for kind in (Tcg, HostKvm) for why in [available(kind)]]  # fmt: skip
needs_tcg = KINDS[0].marks
needs_kvm = KINDS[1].marks


@pytest.fixture(scope="module", params=KINDS)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    with request.param() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[Machine]:
    found: type[Machine] = request.param
    return found


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What machines have left where temporary folders go, for this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: os.listdir(tmp_path)


# what it answers


def test_an_access_that_is_made(machine: Machine) -> None:
    (answer,) = machine.ask([Request("write")])
    assert (answer.status, answer.vector, answer.error_code, answer.cr2) == ("tried", None, None, None)


def test_a_page_fault_says_where(machine: Machine) -> None:
    address = 0x7FFF_DEAD_B123
    data, code = machine.ask([Request("read", address=address, pte=0), Request("fetch", address=address, pte=0)])
    assert (data.vector, data.error_code, data.cr2, data.at) == (14, 0x0, address, "instruction")
    assert (code.vector, code.error_code, code.cr2, code.at, code.rip) == (14, 0x10, address, "address", address)


def test_accessed_and_dirty_bits(machine: Machine) -> None:
    read, write, fault = machine.ask([Request("read"), Request("write"), Request("write", pte=TEST_FRAME | P)])
    accessed, dirty = 0x20, 0x40
    for level in ("pml4e", "pdpte", "pde", "pte"):
        assert read.after[level] & accessed and write.after[level] & accessed
    assert not read.after["pte"] & dirty and write.after["pte"] & dirty
    assert not fault.after["pte"] & (accessed | dirty)


def test_the_page_sizes(machine: Machine) -> None:
    requests = [Request("write", pde=TEST_FRAME | P | W | U | protocol.PS, address=0x4000_0000 + 0x1FFFFF)]
    if machine.features().gbpages:
        requests.append(Request("write", pdpte=P | W | U | protocol.PS, address=protocol.HUGE_ADDRESS))
    assert [answer.vector for answer in machine.ask(requests)] == [None] * len(requests)
    assert all(answer.after[level] & 0x60 == 0x60 for answer, level in zip(machine.ask(requests), ("pde", "pdpte"), strict=False))


def test_the_answer_to_a_general_protection_fault(machine: Machine) -> None:
    (answer,) = machine.ask([Request(address=1 << 47)])
    assert (answer.vector, answer.error_code, answer.cr2, answer.at) == (13, 0, None, "instruction")


@pytest.mark.parametrize("slot", [0x55, 0x56, 0x55])
def test_the_trampoline_makes_room(machine: Machine, slot: int) -> None:
    assert machine.ask([Request(access, address=slot << 39) for access in ("read", "write", "fetch")])[2].vector is None


@pytest.mark.parametrize("model", bare_metal.MODELS)
def test_models(model: str) -> None:
    if not KINDS[0].marks[0].args[0]:
        with Tcg(model) as machine:
            cpu = machine.features()
            features = {name for name in ("smep", "smap", "pke", "la57") if getattr(cpu, name)}
            assert features == {
                "max": {"smep", "smap", "pke", "la57"}, "EPYC": {"smep", "smap"}, "Skylake-Client": {"smep", "smap"},
                "Cascadelake-Server": {"smep", "smap", "pke"}, "qemu64": set(),
            }[model]  # fmt: skip
            assert cpu.nxe and cpu.maxphyaddr == 40 and cpu.linear == (57 if cpu.la57 else 48)
            assert machine.witness == f"tcg-{model}"
            lacking = [Request(**{name: True}) for name in protocol.FEATURE_FLAGS if not getattr(cpu, name)]
            assert [answer.lacks for answer in machine.ask(lacking)] == [cpu.lacks(request) for request in lacking]
            assert all(answer.status == "unsupported" for answer in machine.ask(lacking))


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
def test_stac_without_smap_is_refused() -> None:
    with Tcg("qemu64") as machine:
        assert machine.ask([Request(ac=True, ac_by="stac")])[0].lacks == ("smap",)


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
def test_both_numbers_of_levels_in_one_batch() -> None:
    with Tcg() as machine:
        vectors = [a.vector for a in machine.ask([Request(address=1 << 47, la57=bool(n % 2)) for n in range(6)])]
        assert vectors == [13, None] * 3


def test_more_requests_than_the_mailbox_holds(machine: Machine) -> None:
    many = [Request(pte=(TEST_FRAME | P) * (n % 2)) for n in range(protocol.MAX_REQUESTS + 3)]
    assert [answer.vector for answer in machine.ask(many, timeout=60)] == [None if n % 2 else 14 for n in range(len(many))]
    assert machine.ask([]) == []


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
def test_85_cases_need_one_start_and_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a table of them quick: the guest rings when it is ready, and once for all of the answers."""
    bells: list[bytes] = []
    wait = guest_process.GuestProcess.wait

    def counted(self: guest_process.GuestProcess, seconds: float) -> bytes:
        bells.append(wait(self, seconds))
        return bells[-1]

    monkeypatch.setattr(guest_process.GuestProcess, "wait", counted)
    with Tcg() as machine:
        found = machine.ask([Request(pte=TEST_FRAME | n % 8) for n in range(85)], timeout=60)
    assert [answer.vector for answer in found] == [None if n % 2 else 14 for n in range(85)]
    assert bells == [b"r", b"d"]


# the rule that keeps the guest whole


@pytest.mark.parametrize(
    ("entries", "level"),
    [
        ({"pte": 0x100000 | P | W | U}, "pte"),  # the guest's code
        ({"pte": 0x3FF000 | P}, "pte"), ({"pte": 0x600000 | P}, "pte"),  # just outside
        ({"pde": 0x100000 | P | W}, "pde"), ({"pde": 0x200000 | P | W | protocol.PS}, "pde"),
        ({"pdpte": 0x5000 | P}, "pdpte"), ({"pml4e": TABLES["pt"] | P}, "pml4e"), ({"pml4e": 0x180000 | P}, "pml4e"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("access", ["read", "write", "fetch"])
def test_what_leads_outside_is_not_tried(machine: Machine, entries: dict[str, int], level: str, access: str) -> None:
    (answer,) = machine.ask([Request(access, **entries)])  # type: ignore[arg-type]
    assert (answer.status, answer.out_at) == ("outside", level)


def test_a_huge_page_may_only_be_used_where_the_test_frame_is(machine: Machine) -> None:
    huge = Request(pdpte=P | W | U | protocol.PS, address=protocol.HUGE_ADDRESS)
    inside, outside = machine.ask([huge, dataclasses.replace(huge, address=0x4000_0000)])
    assert (inside.status, outside.status, outside.out_at) == ("tried", "outside", "pdpte")


NEAR = st.sampled_from([*TABLES.values(), TEST_FRAME, TEST_FRAME + 0x1FF000, 0, 0x3000, 0x100000, 0x200000, 0x40000000])
LOW = st.integers(0, 0xFFF)
HIGH = st.one_of(st.just(0), st.sampled_from([1 << n for n in range(36, 64)]), st.integers(0, 0xFFF).map(lambda n: n << 52))
ENTRY = st.one_of(st.integers(0, 2**64 - 1), st.builds(lambda frame, low, high: frame | low | high, NEAR, LOW, HIGH))


def entry(table: str) -> st.SearchStrategy[int]:
    """Half of the time what leads on, so that the levels below are reached."""
    return st.one_of(st.builds(lambda low, high: TABLES[table] | low | P | high, LOW, HIGH), ENTRY)


ADDRESS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.builds(lambda low, high: low | high, st.integers(0, 2**48 - 1), st.sampled_from([0, 0xFFFF << 48])),
    st.sampled_from([0x55 << 39, 0x56 << 39, 0x55 << 48, protocol.HUGE_ADDRESS, 0x100000, 0x200000, TEST_FRAME]),
)
FLAG = st.booleans()
PVM_OWN = 0x1FFFF00
"""Address bits 63:39 of the one root entry that PVM does not let the guest's user mode have: the upper half's first."""
RARELY = st.integers(0, 15).map(lambda n: n == 7)


def requests_for(cpu: protocol.Features) -> st.SearchStrategy[Request]:
    """Any entries and any address; what the CPU lacks is asked for rarely, as it is only refused."""
    own = {name: FLAG if getattr(cpu, name) else RARELY for name in protocol.FEATURE_FLAGS}
    return st.builds(
        Request,
        access=st.sampled_from(["read", "write", "fetch"]), user=FLAG, address=ADDRESS,
        pte=st.one_of(st.builds(lambda low, high: TEST_FRAME | low | high, LOW, HIGH), ENTRY),
        pde=entry("pt"), pdpte=entry("pd"), pml4e=entry("pdpt"), pml5e=entry("pml4"),
        wp=FLAG, ac=FLAG, pkru=st.integers(0, 2**32 - 1), **own,
    )  # fmt: skip


def own_memory(machine: Machine) -> str:
    """The guest's code, the trampoline's two code pages, and the frame that tests land in: none ever changes."""
    loads, _ = bare_metal.load_elf(bare_metal.IMAGE.read_bytes())
    image = loads[0x100000]
    code = image.index(b"Xen\0") - 12  # the PVH note follows the code
    trampoline = 0x100000 + image.index(bytes.fromhex("5355415441554156 41579c"))  # push rbx ... pushfq
    assert trampoline % 4096 == 0
    ranges = [(0x100000, code), (trampoline, 2 * 4096), (TEST_FRAME, protocol.TEST_FRAME_BYTES)]
    return hashlib.sha256(b"".join(bytes(machine.memory[start : start + size]) for start, size in ranges)).hexdigest()


def survives(machine: Machine, requests: list[Request]) -> int:
    """Ask, compare each answer with the model, and see that the guest is as it was. How many were tried."""
    cpu, tcg = machine.features(), isinstance(machine, Tcg)
    tried = 0
    for request, answer in zip(requests, machine.ask(requests), strict=True):
        if answer.status != "tried":
            assert (answer.status == "unsupported") == bool(cpu.lacks(request))
            continue
        tried += 1
        found, model = outcome(answer), predict(request, cpu)
        if tcg:  # as tests/questions/test_access_matrix.py shows: bit 8 of a PML4E is not reserved, RSVD comes without P
            model = predict(request, dataclasses.replace(cpu, vendor="GenuineIntel"))
            if model.error_code is not None and model.error_code & 8:
                model = model._replace(error_code=model.error_code & ~1)
        elif request.user and request.address >> 39 == PVM_OWN and machine.witness == "kvm-pvm":
            continue
        assert found == model, request
    assert machine.ask([Request("write"), Request("fetch", user=True)])[0].vector is None
    return tried


def test_random_requests(machine: Machine) -> None:
    before = own_memory(machine)
    # Every example is a batch: a test of its own would spend its time in Python
    examples = 25 if isinstance(machine, Tcg) else 8
    deadline = time.monotonic() + (SECONDS or 20)
    count = {"tried": 0, "asked": 0, "batches": 0}

    @settings(
        max_examples=1_000_000 if SECONDS else examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(requests_for(machine.features()), min_size=ASKED_ONCE, max_size=ASKED_ONCE))
    def run(requests: list[Request]) -> None:
        if time.monotonic() < deadline:
            count["tried"] += survives(machine, requests)
            count["asked"] += len(requests)
            count["batches"] += 1
        elif SECONDS:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        run()
    print(f"{machine.witness}: {count}")
    assert count["tried"] > count["asked"] / 4
    assert own_memory(machine) == before


# what breaks


@pytest.mark.parametrize(("access", "error"), [("spin", GuestHung), ("triple-fault", GuestShutdown)])
def test_what_ends_the_guest_is_told_apart(
    kind: type[Machine], access: str, error: type[MachineError], left: Callable[[], list[str]]
) -> None:
    with kind() as machine:
        pid = machine.pid
        assert len(left()) == 1
        with pytest.raises(error) as caught:
            machine.ask([Request(), Request(pte=0), Request(access), Request()], timeout=60 if error is GuestShutdown else 5)
        assert caught.value.request == 2
        assert [answer.vector for answer in caught.value.answers] == [None, 14]  # type: ignore[attr-defined]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        with pytest.raises(MachineError, match="not running"):
            machine.ask([Request()])
    assert not left()


def test_a_machine_that_is_killed(kind: type[Machine]) -> None:
    with kind() as machine:
        os.kill(machine.pid, signal.SIGKILL)
        with pytest.raises(MachineDied, match="killed by SIGKILL"):
            machine.ask([Request()])


def test_killed_in_the_middle(kind: type[Machine]) -> None:
    with kind() as machine:

        def answered() -> int:
            return int.from_bytes(machine.memory[protocol.DONE : protocol.DONE + 4], "little")

        def kill() -> None:
            soon(lambda: answered() == 1)  # the second never will be
            os.kill(machine.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(MachineDied, match="SIGKILL") as caught:
            machine.ask([Request(), Request("spin")], timeout=2 * PATIENCE)
        killer.join()
        assert caught.value.request == 1


def test_the_guests_own_fault_is_a_panic(kind: type[Machine]) -> None:
    image, read_cr3 = bare_metal.IMAGE.read_bytes(), bytes.fromhex("0f20d8")  # the trial's first look at a control register
    assert image.count(read_cr3) == 1
    with kind(image=image.replace(read_cr3, bytes.fromhex("0f0b90"))) as machine:
        with pytest.raises(GuestPanicked, match="vector 6") as caught:
            machine.ask([Request()], timeout=60)
        assert caught.value.request == 0


@pytest.mark.parametrize("image", [b"", b"\x7fELF", b"\x7fELF\x02\x01", b"no ELF file, but longer than one header would be" * 9])
def test_images_that_are_none(
    kind: type[Machine], image: bytes, monkeypatch: pytest.MonkeyPatch, left: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(bare_metal, "START", 3.0)
    with pytest.raises((ImageCorrupt, MachineDied, GuestHung)), kind(image=image):
        pass
    assert not left()


def test_a_guest_that_never_starts(kind: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_metal, "START", 1.0)
    image = bytearray(bare_metal.IMAGE.read_bytes())
    entries = image.find(b"\xfa\xb8")  # cli; mov eax: entry32
    assert entries > 0
    image[entries : entries + 2] = b"\xeb\xfe"
    entry64 = 0x1000 + int.from_bytes(image[24:32], "little") - 0x100000
    image[entry64 : entry64 + 2] = b"\xeb\xfe"
    with pytest.raises(GuestHung, match="within 1 s"), kind(image=bytes(image)):
        pass


def test_a_changed_image_is_refused(kind: type[Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    damaged = bytearray(bare_metal.IMAGE.read_bytes())
    damaged[0x1800] ^= 1
    (tmp_path / "page-fault.elf").write_bytes(damaged)
    monkeypatch.setattr(bare_metal, "IMAGE", tmp_path / "page-fault.elf")
    with pytest.raises(ImageCorrupt, match="not the image this code was written for"), kind():
        pass
    monkeypatch.setattr(bare_metal, "IMAGE", tmp_path / "none.elf")
    with pytest.raises(MachineMissing, match="cannot be read"), kind():
        pass


def test_another_protocol_is_refused(kind: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TEST_FRAME", 0x800000)
    with pytest.raises(ImageCorrupt, match="another protocol"), kind():
        pass


def test_without_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MachineMissing, match="apt install qemu-system-x86"), Tcg():
        pass


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
def test_a_model_that_qemu_does_not_have() -> None:
    with pytest.raises(UnknownModel, match="unable to find CPU model 'z80'"), Tcg("z80"):
        pass
    for nothing in ("", None):
        with pytest.raises(UnknownModel, match="a CPU model is a word"):
            Tcg(nothing)  # type: ignore[arg-type]


def test_without_kvm(tmp_path: Path) -> None:
    with pytest.raises(MachineMissing, match="there is no"):
        guest_process.need_kvm(str(tmp_path / "kvm"))
    (tmp_path / "kvm").touch()
    with pytest.raises(MachineMissing, match="is not KVM's device"):
        guest_process.need_kvm(str(tmp_path / "kvm"))


def test_a_machine_that_nobody_closes_ends_with_its_object(kind: type[Machine]) -> None:
    machine = kind()
    machine.__enter__()
    pid = machine.pid
    del machine
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"access": "smell"}, "none of read, write"), ({"address": 1 << 64}, "64 bits"), ({"pte": -1}, "64 bits"),
        ({"pkru": 1 << 32}, "32 bits"), ({"ac_by": "magic"}, "neither popf nor stac"), ({"access": "spin", "user": True}, "user mode"),
    ],
)  # fmt: skip
def test_requests_that_are_none(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Request(**arguments)  # type: ignore[arg-type]


# real mode


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
@pytest.mark.parametrize(("cs", "ip", "linear"), [(0x100, 0, 0x1000), (0x80, 0x800, 0x1000), (0x9000, 0xFF, 0x900FF)])
def test_real_mode_fetches_from_cs_times_16_plus_ip(cs: int, ip: int, linear: int) -> None:
    assert real_mode.jump_tcg(cs, ip, {ip, linear}) == real_mode.Place(cs, ip, linear)


@pytest.mark.skipif(bool(available(HostKvm)), reason="no KVM")
@pytest.mark.parametrize(("cs", "base", "ip"), [(0x100, 0x1000, 0), (0, 0x1000, 0), (0x1234, 0x20000, 0x10)])
def test_real_mode_fetches_from_the_base_whatever_the_selector(cs: int, base: int, ip: int) -> None:
    assert real_mode.start_kvm(cs, base, ip, {ip, base + ip}) == real_mode.Place(cs, ip, base + ip)


@pytest.mark.skipif(bool(available(Tcg)), reason="no QEMU")
def test_a_jump_to_nothing_is_bounded() -> None:
    with pytest.raises(MachineError):
        real_mode.jump_tcg(0x9999, 0, {0}, seconds=1)


@pytest.mark.parametrize("copies", [{0xA0000}, {-1}, {0x600}, {0x1000, 0x1010}])
def test_copies_of_the_probe_that_do_not_fit(copies: set[int]) -> None:
    with pytest.raises(ValueError, match="copy at"):
        real_mode.jump_tcg(0, 0, copies)


# the images


@pytest.mark.parametrize(
    ("image", "digest"),
    [
        (bare_metal.IMAGE, protocol.IMAGE_SHA256),
        (real_mode.PROBE, real_mode.PROBE_SHA256),
    ],
)
def test_the_image_is_what_its_source_builds(image: Path, digest: str, tmp_path: Path) -> None:
    def version(tool: str) -> str:
        return (
            subprocess.run([tool, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
            if shutil.which(tool)
            else "none"
        )

    gcc, ld = version("gcc"), version("ld")
    if "12.2.0-14+deb12u1)" not in gcc or "Binutils for Debian) 2.40" not in ld:
        pytest.skip(f"built with Debian 12's gcc 12.2.0-14+deb12u1 and binutils 2.40; here are {gcc} and {ld}")
    built = tmp_path / "image"
    script = image.with_name("build.sh")
    done = subprocess.run(["sh", str(script), str(built)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert built.read_bytes() == image.read_bytes()
    assert done.stdout.split()[0] == digest


def test_the_folder_is_private() -> None:
    seen: list[int] = []

    def command(folder: Path) -> list[str]:
        seen.append(folder.stat().st_mode & 0o777)
        return ["true"]

    explain: Callable[[int, str], MachineError] = guest_process.explain_tcg
    guest = guest_process.GuestProcess(command, explain, 1 << 20)
    try:
        with pytest.raises(GuestShutdown):
            guest.wait(60)
    finally:
        guest.close()
        guest.close()
    assert seen == [0o700]
