"""CPUID executed here: its code, its arguments, and what a dump promises."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from syslab.native import UnsupportedMachine, cpuid, require_x86_64_linux
from syslab.native import code as native
from syslab.native.cpuid import CPUID_CODE, MOST_SUBLEAVES, Registers

try:
    require_x86_64_linux()
except UnsupportedMachine as reason:
    pytest.skip(str(reason), allow_module_level=True)


def test_the_code_is_what_it_says_and_keeps_rbx() -> None:
    lines = [line.split("  ")[-1].strip() for line in native.disassemble(CPUID_CODE).splitlines()]
    assert lines == [
        "push rbx", "mov r8, rdx", "mov eax, edi", "mov ecx, esi", "cpuid", "mov dword ptr [r8], eax",
        "mov dword ptr [r8 + 4], ebx", "mov dword ptr [r8 + 8], ecx", "mov dword ptr [r8 + 0xc], edx", "pop rbx", "ret",
    ]  # fmt: skip


def test_leaf_0_names_the_maker_that_the_kernel_names() -> None:
    answer = cpuid.cpuid(0)
    assert isinstance(answer, Registers)
    name = b"".join(word.to_bytes(4, "little") for word in (answer.ebx, answer.edx, answer.ecx)).decode()
    shown = re.search(r"^vendor_id\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    assert shown and shown[1] == name


@pytest.mark.parametrize("number", [-1, 1 << 32, 1 << 64])
def test_a_leaf_or_subleaf_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="leaf is 32 bits wide"):
        cpuid.cpuid(number)
    with pytest.raises(ValueError, match="subleaf is 32 bits wide"):
        cpuid.cpuid(0, number)


@pytest.mark.parametrize("wrong", ["7", 7.0, None, True])
def test_a_leaf_is_an_int(wrong: object) -> None:
    with pytest.raises(TypeError, match="leaf is an int"):
        cpuid.cpuid(wrong)  # type: ignore[arg-type]


def test_the_largest_numbers_are_answered() -> None:
    assert all(0 <= word <= 0xFFFF_FFFF for word in cpuid.cpuid(0xFFFF_FFFF, 0xFFFF_FFFF))


def test_no_page_is_writable_and_executable() -> None:
    with native.Code(CPUID_CODE) as code:
        maps = Path("/proc/self/maps").read_text().splitlines()
        ours = next(line for line in maps if int(line.split("-")[0], 16) <= code.address < int(line.split("-")[1].split()[0], 16))
    assert ours.split()[1] == "r-xp"
    assert not [line for line in maps if "w" in line.split()[1] and "x" in line.split()[1]]


def test_a_dump_leaves_the_affinity_and_no_pages_behind() -> None:
    before = os.sched_getaffinity(0)
    cpuid.dump()
    executable = [line for line in Path("/proc/self/maps").read_text().splitlines() if "x" in line.split()[1]]
    cpuid.dump()
    assert os.sched_getaffinity(0) == before
    assert [line for line in Path("/proc/self/maps").read_text().splitlines() if "x" in line.split()[1]] == executable


def test_the_affinity_comes_back_after_a_failure() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(RuntimeError), cpuid.pinned() as cpu:
        assert os.sched_getaffinity(0) == {cpu}
        raise RuntimeError
    assert os.sched_getaffinity(0) == before
    with pytest.raises(ValueError, match="may not run on CPU"):
        cpuid.dump(max(before) + 10_000)


def test_a_dump_has_every_leaf_once_in_order_and_bounded() -> None:
    rows = cpuid.dump()
    keys = [(row["leaf"], row["subleaf"]) for row in rows]
    assert keys == sorted(set(keys))
    assert max(subleaf for _, subleaf in keys) < MOST_SUBLEAVES
    leaves = {leaf for leaf, _ in keys}
    assert leaves >= set(range(min(cpuid.cpuid(0).eax, 255) + 1))
    assert leaves >= set(range(0x8000_0000, min(cpuid.cpuid(0x8000_0000).eax, 0x8000_00FF) + 1))
    assert (0x4000_0000 in leaves) == bool(cpuid.cpuid(1).ecx >> 31)


def fake(answers: dict[tuple[int, int], Registers]) -> cpuid.Ask:
    return lambda leaf, subleaf: answers.get((leaf, subleaf), Registers(0, 0, 0, 0))


def subleaves(leaf: int, **answers: tuple[int, int, int, int]) -> list[int]:
    table = {(leaf, int(n[1:])): Registers(*words) for n, words in answers.items()}
    return [subleaf for subleaf, _ in cpuid._subleaves(fake(table), leaf)]


def test_rules_of_subleaves() -> None:
    """What this machine may not have: Intel's caches, SGX, topology, monitoring; and answers that never end."""
    assert subleaves(0) == [0]
    assert subleaves(4, s0=(0x21, 0, 0, 0), s1=(0x22, 0, 0, 0), s2=(0x43, 0, 0, 0)) == [0, 1, 2]
    assert subleaves(7, s0=(2, 0, 0, 0)) == [0, 1, 2]
    assert subleaves(0xB, s0=(1, 2, 0x100, 0), s1=(4, 8, 0x201, 0), s2=(0, 0, 2, 0)) == [0, 1, 2]
    assert subleaves(0xD, s0=(7, 0, 0, 1 << 30), s1=(0xF, 0, 1 << 11, 0)) == [0, 1, 2, 11, 62]
    assert subleaves(0xF, s0=(0, 0, 0, 2)) == [0, 1]
    assert subleaves(0x10, s0=(0, 0b1010, 0, 0)) == [0, 1, 3]
    assert subleaves(0x12, s0=(1, 0, 0, 0), s2=(1, 0, 0, 0), s3=(1, 0, 0, 0)) == [0, 1, 2, 3]
    assert subleaves(0x12) == [0]
    assert subleaves(0x20, s0=(1, 0, 0, 0)) == [0]
    assert subleaves(0x23, s0=(0b1011, 0, 0, 0)) == [0, 1, 3]
    assert subleaves(0x8000_001D, s0=(0x21, 0, 0, 0), s1=(0x22, 0, 0, 0)) == [0, 1]
    assert subleaves(0x8000_0020, s0=(0, 0b110, 0, 0)) == [0, 1, 2]
    assert subleaves(0x14, s0=(0xFFFF_FFFF, 0, 0, 0)) == list(range(MOST_SUBLEAVES))


def test_a_maximum_that_cannot_be_is_bounded() -> None:
    zero = Registers(0, 0, 0, 0)
    assert len(list(cpuid._leaves(lambda leaf, _: Registers(0xFFFF_FFFF, 0, 0, 0) if leaf == 0 else zero))) == cpuid.MOST_LEAVES


def test_hypervisor_leaves_only_where_one_is_announced() -> None:
    answers = {(0, 0): Registers(1, 0, 0, 0), (0x4000_0000, 0): Registers(0, 0x4B4D564B, 0, 0)}
    assert list(cpuid._leaves(fake(answers))) == [0, 1]
    answers[1, 0] = Registers(0, 0, 1 << 31, 0)
    assert list(cpuid._leaves(fake(answers))) == [0, 1, 0x4000_0000, 0x4000_0001]
