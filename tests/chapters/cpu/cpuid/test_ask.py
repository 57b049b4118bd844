"""CPUID here against Debian's ``cpuid``, another program's reading of the same CPU, and against the kernel's."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from syslab.bits.cpuid import BY_ANCHOR
from syslab.chapters.cpu.cpuid import ask as cpuid
from syslab.evidence import CannotRunHere, ExperimentFailed, ask
from syslab.evidence.experiment import Experiment
from syslab.native.cpuid import Leaf, dump

# What differs between the logical CPUs of one machine: the IDs of the CPU that asked. Leaf, register -> the bits.
VOLATILE = {
    (1, "ebx"): 0xFF00_0000,  # initial APIC ID
    (0xB, "edx"): 0xFFFF_FFFF,  # x2APIC ID
    (0x1F, "edx"): 0xFFFF_FFFF,
    (0x8000_0026, "edx"): 0xFFFF_FFFF,
    (0x8000_001E, "eax"): 0xFFFF_FFFF,  # extended APIC ID
    (0x8000_001E, "ebx"): 0x0000_00FF,  # core ID
    (0x8000_001E, "ecx"): 0x0000_00FF,  # node ID
    (6, "edx"): 0xFFFF_0000,  # this CPU's row in the hardware-feedback table
}


def here(experiment: Experiment, **arguments: Any) -> Any:
    missing = experiment.missing()
    if missing:
        pytest.skip("; ".join(f"needs {need.name}: {why}" for need, why in missing))
    return ask(experiment, **arguments).data


def by_leaf(rows: list[Leaf]) -> dict[tuple[int, int], Leaf]:
    return {(row["leaf"], row["subleaf"]): row for row in rows}


def masked(row: Leaf) -> dict[str, int]:
    return {key: value & ~VOLATILE.get((row["leaf"], key), 0) for key, value in row.items()}


def test_debians_cpuid_reads_the_same() -> None:
    """Both ask on the lowest CPU they may use, so nothing at all may differ."""
    theirs, ours = by_leaf(here(cpuid.cpuid_tool)), by_leaf(here(cpuid.leaves))
    for key in theirs.keys() & ours.keys():
        assert masked(theirs[key]) == masked(ours[key]), f"leaf {key[0]:#x} subleaf {key[1]}"
    assert {leaf for leaf, _ in theirs} >= {0, 1, 0x8000_0000, 0x8000_0001}
    for key in theirs.keys() - ours.keys():  # it prints ranges and subleaves that are not there, as zeros
        assert not any(theirs[key][register] for register in ("eax", "ebx", "ecx", "edx")), f"{key} has data we miss"
    for leaf, subleaf in ours.keys() - theirs.keys():  # it is older than some subleaves; whole leaves it has all
        assert any(other == leaf for other, _ in theirs), f"leaf {leaf:#x} subleaf {subleaf} is only ours"


def test_only_the_volatile_bits_differ_between_cpus() -> None:
    missing = cpuid.leaves.missing()
    cpus = sorted(os.sched_getaffinity(0))
    if missing or len(cpus) < 2:
        pytest.skip("needs x86-64 Linux and two CPUs")
    first, last = by_leaf(dump(cpus[0])), by_leaf(dump(cpus[-1]))
    if (7, 0) in first and first[7, 0]["edx"] >> 15 & 1:
        pytest.skip("a hybrid CPU: cores of several kinds")
    assert {key: masked(row) for key, row in first.items()} == {key: masked(row) for key, row in last.items()}
    assert first != last


def test_the_raw_output_of_cpuid() -> None:
    text = "CPU 0:\n   0x00000007 0x01: eax=0x00000020 ebx=0x00000000 ecx=0x00000000 edx=0xffffffff\n"
    assert cpuid.tool_rows(text) == [{"leaf": 7, "subleaf": 1, "eax": 32, "ebx": 0, "ecx": 0, "edx": 0xFFFF_FFFF}]
    with pytest.raises(ValueError, match="no row of registers"):
        cpuid.tool_rows("cpuid: unable to open /dev/cpu\n")


def test_read_is_a_row_of_leaves() -> None:
    assert here(cpuid.read, leaf=0) in here(cpuid.leaves)
    with pytest.raises(ExperimentFailed, match="32 bits wide"):
        here(cpuid.read, leaf=1 << 32)


def test_every_flag_of_this_machine_has_a_row() -> None:
    try:
        answer = ask(cpuid.features_vs_cpuinfo)
    except CannotRunHere as reason:
        pytest.skip(str(reason))
    rows = answer.data
    assert json.loads(json.dumps(rows)) == rows
    agreed = {row["flag"] for row in rows if row["why"] == cpuid.BOTH}
    assert agreed >= {"fpu", "sse2", "lm"}  # what every x86-64 CPU has
    for row in rows:
        assert (row["cpuid"] and row["cpuinfo"]) == (row["why"] in (cpuid.BOTH, cpuid.OTHER_LEAF)), row
    if answer.provenance.how == "live":
        assert {row["flag"] for row in rows if row["cpuinfo"]} == cpuid.cpuinfo_flags(min(os.sched_getaffinity(0)))


def leaf(number: int, subleaf: int = 0, **registers: int) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    return {(number, subleaf): tuple(registers.get(name, 0) for name in ("eax", "ebx", "ecx", "edx"))}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("answers", "flags", "command_line", "expected"),
    [
        (leaf(7, ebx=1 << 7), {"smep"}, "", [("smep", cpuid.BOTH)]),
        (leaf(7, ebx=1 << 20), set(), "", [("smap", cpuid.UNEXPLAINED)]),
        (leaf(7, ebx=1 << 20), set(), "quiet clearcpuid=smap,rtm", [("smap", cpuid.COMMAND_LINE)]),
        (leaf(7, ecx=1 << 16), set(), "no5lvl", [("la57", cpuid.UNEXPLAINED)]),
        (leaf(1, ecx=1 << 21), set(), "nox2apic", [("x2apic", cpuid.COMMAND_LINE)]),
        (leaf(1, ecx=1 << 27), set(), "", [("osxsave", cpuid.MIRROR)]),
        (leaf(7, ecx=1 << 4), {"ospke"}, "", [("ospke", cpuid.BOTH)]),
        (leaf(7, ecx=1 << 7), set(), "", [("shstk", cpuid.HIDDEN_FLAG)]),
        (leaf(7, ecx=1 << 31), set(), "", [("pks", cpuid.NO_FLAG)]),
        (leaf(7, ecx=1 << 15), set(), "", [("", cpuid.NO_FIELD)]),
        (leaf(0x80000001, edx=1), set(), "", [("fpu", cpuid.REPEATED)]),
        (leaf(0x8000000A, edx=1), {"npt"}, "", [("npt", cpuid.OTHER_LEAF)]),
        (leaf(0x8000000A), {"npt"}, "", [("npt", cpuid.UNEXPLAINED)]),
        ({}, {"nopl"}, "", [("nopl", cpuid.OWN_FLAG)]),
        ({}, {"smep", "no_such_flag"}, "", [("no_such_flag", cpuid.UNEXPLAINED), ("smep", cpuid.UNEXPLAINED)]),
        (leaf(4, edx=7), set(), "", []),  # not a word of features
    ],
)
def test_why_they_differ(
    answers: dict[tuple[int, int], tuple[int, int, int, int]], flags: set[str], command_line: str, expected: list[tuple[str, str]]
) -> None:
    assert [(row["flag"], row["why"]) for row in cpuid.compare(answers, frozenset(flags), command_line)] == expected


def test_a_row_says_where_the_bit_is() -> None:
    (row,) = cpuid.compare(leaf(7, 1, eax=1 << 26), frozenset({"lam"}))
    assert row == {
        "flag": "lam", "where": "7.1.EAX[26]", "anchor": "cpuid-7-1-eax", "bit": 26, "cpuid": True, "cpuinfo": True,
        "why": cpuid.BOTH, "origin": "",
    }  # fmt: skip


def test_flags_of_one_processor() -> None:
    text = "processor\t: 0\nflags\t\t: fpu vme\npower management:\n\nprocessor\t: 1\nflags\t\t: fpu\n\n"
    assert cpuid.cpuinfo_flags(1, text) == {"fpu"}
    with pytest.raises(ValueError, match="no processor 2"):
        cpuid.cpuinfo_flags(2, text)


# GCC's macros for fields that have one of another name, and the CPUs that the layouts' "since" calls otherwise.
MACROS = {
    "AESNI": "AES", "AVX512_BF16": "AVX512BF16", "AVX512_BITALG": "AVX512BITALG", "AVX512_IFMA": "AVX512IFMA", "AVX512_VBMI": "AVX512VBMI",
    "AVX512_VBMI2": "AVX512VBMI2", "AVX512_VNNI": "AVX512VNNI", "AVX512_VPOPCNTDQ": "AVX512VPOPCNTDQ", "AVX-VNNI": "AVXVNNI",
    "ABM": "LZCNT", "BMI1": "BMI", "PCLMULQDQ": "PCLMUL", "RDRAND": "RDRND", "SSE4.1": "SSE4_1", "SSE4.2": "SSE4_2",
}  # fmt: skip
MARCHES = {
    "nehalem": "Nehalem", "westmere": "Westmere", "sandybridge": "Sandy Bridge", "ivybridge": "Ivy Bridge", "haswell": "Haswell",
    "broadwell": "Broadwell", "skylake": "Skylake", "skylake-avx512": "Skylake server", "cascadelake": "Cascade Lake",
    "cannonlake": "Cannon Lake", "cooperlake": "Cooper Lake", "icelake-client": "Ice Lake", "icelake-server": "Ice Lake server",
    "tigerlake": "Tiger Lake", "alderlake": "Alder Lake", "sapphirerapids": "Sapphire Rapids", "graniterapids": "Granite Rapids",
    "bonnell": "Atom (Bonnell)", "goldmont": "Goldmont", "goldmont-plus": "Goldmont Plus", "tremont": "Tremont",
    "barcelona": "AMD family 0x10", "bdver1": "AMD Bulldozer", "bdver2": "AMD Piledriver", "bdver4": "AMD Excavator",
    "znver1": "AMD Zen", "znver2": "AMD Zen 2", "znver3": "AMD Zen 3", "znver4": "AMD Zen 4", "znver5": "AMD Zen 5",
}  # fmt: skip
NOT_ALL = {("AESNI", "westmere")}  # some Westmeres were sold without it, so GCC assumes none has it


def test_first_seen_has_a_row_for_every_watched_feature() -> None:
    rows = here(cpuid.first_seen)
    assert [row["feature"] for row in rows] == [name for _, name, _ in cpuid.WATCHED]
    answers = here(cpuid.leaves)
    by_name = {row["feature"]: row for row in rows}
    assert by_name["AVX2"] | {"cpuid": None} == {
        "feature": "AVX2", "anchor": "cpuid-7-0-ebx", "bit": 5, "cpuid": None, "macro": "__AVX2__", "core": "haswell", "atom": by_name["AVX2"]["atom"],
        "amd": "bdver4",
    }  # fmt: skip
    assert by_name["AVX2"]["cpuid"] == any(r["leaf"] == 7 and r["subleaf"] == 0 and r["ebx"] >> 5 & 1 for r in answers)
    assert all(row["core"] == row["atom"] == row["amd"] == "" for row in rows if not row["macro"])


def test_the_first_cpus_of_the_layouts_are_those_of_gcc() -> None:
    """Where the layouts name the first CPU and GCC knows both: it has the feature, and no older one of its line does."""
    here(cpuid.first_seen)
    macros = {name: cpuid._macros(name) for names in cpuid.LINES.values() for name in names.split()}
    known = frozenset().union(*macros.values())
    march = {human: name for name, human in MARCHES.items()}
    checked = 0
    for layout in BY_ANCHOR.values():
        for field in layout.fields:
            name = MACROS.get(field.name, field.name.replace("-", "_"))
            macro = next((m for m in (f"__{name}__", f"__{name}") if m in known), "")
            for human in (part.strip() for part in field.since.split(";") if macro):
                cpu = march.get(human, "")
                if not macros.get(cpu) or (field.name, cpu) in NOT_ALL:
                    continue
                line = next(names.split() for names in cpuid.LINES.values() if cpu in names.split())
                assert next(older for older in line if macro in macros[older]) == cpu, f"{layout.name} {field.name}"
                checked += 1
    assert checked > 50


def test_linear_bits_are_what_cpuid_says() -> None:
    rows = by_leaf(here(cpuid.leaves))
    if (0x8000_0008, 0) in rows:
        assert cpuid.linear_bits() == rows[0x8000_0008, 0]["eax"] >> 8 & 0xFF
