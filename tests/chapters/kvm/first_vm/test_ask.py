"""Facts of the chapter on a first virtual machine: from the records, from this machine, and from the page's own listing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syslab.chapters.kvm import first_vm
from syslab.chapters.kvm.first_vm import exit_cost, guest, tiny_x86
from syslab.chapters.kvm.first_vm.ask import MAKES_A_FILE
from syslab.chapters.kvm.first_vm.guest import PROGRAMS, parse
from syslab.evidence import Experiment, ExperimentFailed, ask, recorded, records
from syslab.evidence.lab import WITNESS as LAB
from syslab.kvm import ioctls as requests
from tests.anew import anew

LIVE = pytest.mark.skipif(bool(first_vm.programs.missing()), reason="needs x86-64 Linux and /dev/kvm")
ALL = (first_vm.ioctls, first_vm.programs, first_vm.cost)
PAGE = Path(__file__).resolve().parents[4] / "book" / "kvm" / "first-vm.md"
HALTS = {
    ("sum", "real"): "04", ("sum", "long"): "04", ("reading", "real"): "04", ("reading", "long"): "05",
    ("loop", "real"): "37", ("loop", "long"): "37", ("ask", "real"): "2a", ("ask", "long"): "2a",
    ("outside", "real"): "", ("outside", "long"): "", ("undefined", "real"): "06", ("unfinished", "real"): "04",
}  # fmt: skip


def answers(which: Experiment) -> list[tuple[str, Any]]:
    """(witness, data): the records, and what this machine's KVM says."""
    kept = [(witness, recorded(which, witness).data) for witness in records.witnesses(which.name)]
    return kept + ([] if which.missing() else [(which.witness, ask(which).data)])


@pytest.mark.parametrize("which", ALL, ids=lambda which: which.name)
def test_the_lab_vm_and_a_host_have_answered(which: Experiment) -> None:
    assert LAB in records.witnesses(which.name)
    assert len(records.witnesses(which.name)) >= 2


def test_the_ioctls_in_order() -> None:
    for _, rows in answers(first_vm.ioctls):
        for mode in guest.MODES:
            mine = [row for row in rows if row["mode"] == mode]
            assert [row["ioctl"].removeprefix("KVM_") for row in mine] == [
                "GET_API_VERSION", "CREATE_VM", "SET_TSS_ADDR", "SET_USER_MEMORY_REGION", "GET_VCPU_MMAP_SIZE", "CREATE_VCPU",
                "GET_SREGS", "SET_SREGS", "SET_REGS", "SET_SIGNAL_MASK", "RUN", "RUN",
            ]  # fmt: skip
            assert [row["left"] for row in mine if row["left"]] == ["KVM_EXIT_IO: OUT 04 to port 0x10", "KVM_EXIT_HLT"]
            assert mine[0]["result"] == 12
            assert [row["ioctl"] for row in mine if row["result"] == "a file"] == list(MAKES_A_FILE)


def test_what_became_of_each_program() -> None:
    for witness, rows in answers(first_vm.programs):
        found = {(row["program"], row["mode"]): row for row in rows}
        assert set(found) == {(name, mode) for name, program in PROGRAMS.items() for mode in program.code}
        for key, out in HALTS.items():
            assert (found[key]["ended"], found[key]["out"]) == ("halted", out), (witness, key)
            assert found[key]["exits"][-1] == "KVM_EXIT_HLT"
        for mode in guest.MODES:
            assert found["outside", mode]["exits"][0] == "KVM_EXIT_MMIO: write 2a to 0x20000"
            assert found["spin", mode]["ended"] == "spins"
        assert found["undefined", "long"]["exits"] == ["KVM_EXIT_SHUTDOWN"]
        assert found["unfinished", "long"]["ended"] == "stopped"


def test_the_guest_that_writes_its_own_hlt() -> None:
    steps = (guest.MEMORY - guest.ENTRY - len(PROGRAMS["unfinished"].code["real"])) // 2
    assert 4 * steps & 0xFF == 0xF4
    for _, rows in answers(first_vm.programs):
        (row,) = [row for row in rows if (row["program"], row["mode"]) == ("unfinished", "real")]
        assert row["rip"] == 1
        assert row["rsp"] in (0x1000, 0x1000 - 6)


def test_where_the_witnesses_differ() -> None:
    kept = {
        witness: {(r["program"], r["mode"]): r for r in recorded(first_vm.programs, witness).data} for witness in ("kvm-pvm", LAB)
    }
    pvm, lab = kept["kvm-pvm"], kept[LAB]
    differ = {key for key in pvm if pvm[key] != lab[key]}
    assert differ == {("unfinished", "real"), ("unfinished", "long"), ("undefined", "long")}
    assert (pvm["undefined", "long"]["rip"], lab["undefined", "long"]["rip"]) == (0x1000, 0xFFF0)
    assert (pvm["unfinished", "real"]["rsp"], lab["unfinished", "real"]["rsp"]) == (0xFFA, 0x1000)
    assert pvm["unfinished", "long"]["exits"][-1].startswith("KVM_EXIT_INTERNAL_ERROR")
    assert lab["unfinished", "long"]["exits"][-1] == "KVM_EXIT_SHUTDOWN"


def test_what_an_exit_costs() -> None:
    for witness, rows in answers(first_vm.cost):
        time, exits = ({row["what"]: row[key] for row in rows} for key in ("nanoseconds", "exits"))
        assert list(time) == ["loop", "cpuid", "ioctl", "run"]
        assert (exits["loop"], exits["ioctl"], exits["run"]) == (0, 1, 1), witness
        assert exits["cpuid"] == (0 if witness == "kvm-pvm" else 1)
        assert all(isinstance(ns, int) and ns > 0 for ns in time.values()), witness  # how long is the machine's affair


def test_a_time_has_two_digits() -> None:
    assert [exit_cost.rounded(number) for number in (8153.7, 99_999.0, 43.21)] == [8200, 100_000, 43]


@LIVE
def test_two_runs_agree() -> None:
    for which in (first_vm.ioctls, first_vm.programs):
        assert ask(which).data == anew(which).data


@LIVE
def test_nothing_is_left_behind() -> None:
    before = set(os.listdir("/proc/self/fd"))
    list(exit_cost.costs())
    first_vm.ioctls()
    assert set(os.listdir("/proc/self/fd")) == before


# the page's own hypervisor


def listing() -> str:
    found = re.search(r"\{dropdown\} The whole hypervisor\n```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_listing_has_the_numbers_of_the_library() -> None:
    space: dict[str, int] = {}
    exec("\n".join(line for line in listing().splitlines() if re.match(r"KVM_\w+(, KVM_\w+)* = ", line)), space)
    named = {name: number for name, number in space.items() if name.startswith("KVM_") and "EXIT" not in name}
    assert len(named) == 9
    assert named == {name: requests.ALL[name].number for name in named}


@LIVE
def test_the_listing_runs_as_it_stands(tmp_path: Path) -> None:
    script = tmp_path / "hypervisor.py"
    script.write_text(listing())
    done = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("OUT 04 to port 0x10\nhalted\n", "", 0)
    course = guest.run(PROGRAMS["sum"].code["real"], "real")
    assert done.stdout.splitlines()[0] == course.exits[0].removeprefix("KVM_EXIT_IO: ")


# the reader's bytes


@LIVE
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"code": "b0 0"}, "not bytes in hex"), ({"code": "; rm"}, "not bytes in hex"), ({"code": ""}, "these are 0"),
        ({"code": "90" * 257}, "these are 257"), ({"mode": "virtual"}, "no mode 'virtual'"),
    ],
)  # fmt: skip
def test_bad_bytes(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(ExperimentFailed, match=why):
        ask(first_vm.your_bytes, **arguments)


@LIVE
def test_a_guest_that_never_stops_talking() -> None:
    course = guest.run(parse("e6 10 eb fc"), "long")
    assert (course.ended, len(course.out)) == ("talks", guest.MOST_EXITS)


@LIVE
def test_what_an_exercise_offers_was_run() -> None:
    for answer in ask(first_vm.tries):
        for row in answer.data:
            written, ended = tiny_x86.run(parse(row["code"]))
            assert ended == "halted"
            assert row["exits"] == [*(f"KVM_EXIT_IO: OUT {value:02x} to port {port:#x}" for port, value in written), "KVM_EXIT_HLT"]


# the model that stands in where there is no KVM


@st.composite
def guests(draw: st.DrawFn) -> bytes:
    """Straight programs of the model's instructions, ended by HLT, sometimes with a short loop around them."""
    one = st.one_of(
        st.tuples(st.integers(0xB0, 0xB7), st.integers(0, 255)),
        st.tuples(st.sampled_from((0x04, 0x2C, 0xE6)), st.integers(0, 255)),
        st.tuples(st.sampled_from((0x00, 0x28, 0x88)), st.integers(0xC0, 0xFF)),
        st.tuples(st.just(0xFE), st.integers(0xC0, 0xCF)),
        st.just((0x75, 0x00)), st.just((0xEB, 0x00)), st.just((0x90,)),
    )  # fmt: skip
    body = b"".join(map(bytes, draw(st.lists(one, max_size=12))))
    return body + draw(st.sampled_from((b"\xf4", b"\x75\x01\xf4\xb0\x07\xe6\x11\xf4")))


@LIVE
@settings(max_examples=80, deadline=None)
@given(guests())
def test_the_model_does_what_a_guest_does(code: bytes) -> None:
    written, ended = tiny_x86.run(code)
    if len(written) >= guest.MOST_EXITS:
        return
    course = guest.run(code, "real")
    assert (course.ended, course.out) == (ended, bytes(value for _, value in written)), code.hex(" ")


def test_the_model_refuses_what_it_does_not_know() -> None:
    assert tiny_x86.run(PROGRAMS["loop"].code["real"]) == ([(0x10, 55)], "halted")
    assert tiny_x86.run(b"\xeb\xfe") == ([], "spins")
    for code in (b"\x0f\x0b", b"\xb0", b"\xb0\x02", b"", b"\xeb\xf0", b"\x00\x00"):
        with pytest.raises(tiny_x86.NotModelled):
            tiny_x86.run(code)
