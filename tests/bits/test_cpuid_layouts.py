"""CPUID's layouts against Linux's headers, against known words, and against every 32-bit value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab import bits as room
from syslab.bits.bare import as_logged
from syslab.bits.core import Layout
from syslab.bits.cpuid import (
    BY_ANCHOR,
    LEAVES,
    Signature,
    bits_of,
    brand,
    cpuid_features,
    cpuinfo_name,
    family_model_stepping,
    first_kernel,
    layouts,
    leaves_of,
    since_kernel,
    title,
    vendor,
)
from syslab.bits.cpuid.linux import ELSEWHERE, HIDDEN, OWN, RENAMED, VERSIONS

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_cpu_features.json").read_text(encoding="utf-8"))["versions"]
WORDS = {
    0: "cpuid-1-edx",
    1: "cpuid-80000001-edx",
    4: "cpuid-1-ecx",
    6: "cpuid-80000001-ecx",
    9: "cpuid-7-0-ebx",
    10: "cpuid-d-1-eax",
    12: "cpuid-7-1-eax",
    13: "cpuid-80000008-ebx",
    14: "cpuid-6-eax",
    16: "cpuid-7-0-ecx",
    17: "cpuid-80000007-ebx",
    18: "cpuid-7-0-edx",
}
OTHER_LEAVES = {5: (0xC0000001, "edx"), 15: (0x8000000A, "edx"), 19: (0x8000001F, "eax"), 20: (0x80000021, "eax")}
SCATTERED = 17
"""From 7.2.13 on a word of Linux's own, whose bits scattered.c copies from several registers."""
EVERY_WORD = st.integers(min_value=0, max_value=0xFFFF_FFFF)
ALL = sorted(BY_ANCHOR.values(), key=lambda layout: layout.anchor)


def everywhere() -> list[tuple[str, str, int, int, str]]:
    """(version, constant, word, bit, flag) of the oracle."""
    return [(v, name, *entry) for v, kinds in ORACLE.items() for name, entry in kinds["cpu_features"].items()]


def claims() -> dict[str, list[tuple[Layout, int]]]:
    found: dict[str, list[tuple[Layout, int]]] = {}
    for layout in ALL:
        for field in layout.fields:
            for constant in field.linux:
                assert field.width == 1, f"{layout.name} {field.name}"
                found.setdefault(constant, []).append((layout, field.bit))
    return found


@pytest.mark.parametrize(
    ("constant", "anchor", "bit"),
    [
        ("SMEP", "cpuid-7-0-ebx", 7),
        ("SMAP", "cpuid-7-0-ebx", 20),
        ("LA57", "cpuid-7-0-ecx", 16),
        ("WAITPKG", "cpuid-7-0-ecx", 5),
        ("LASS", "cpuid-7-1-eax", 6),
        ("FRED", "cpuid-7-1-eax", 17),
        ("LAM", "cpuid-7-1-eax", 26),
        ("XMM2", "cpuid-1-edx", 26),
        ("NX", "cpuid-80000001-edx", 20),
    ],
)
def test_known_bits(constant: str, anchor: str, bit: int) -> None:
    """The SDM's own numbers, so that the word map cannot be wrong on both sides."""
    assert claims()[f"X86_FEATURE_{constant}"] == [(BY_ANCHOR[anchor], bit)]
    assert {(w, b) for _, name, w, b, _ in everywhere() if name == f"X86_FEATURE_{constant}"} == {
        (next(w for w, a in WORDS.items() if a == anchor), bit)
    }


@pytest.mark.parametrize("version", ORACLE)
def test_every_constant_of_a_hardware_word_is_a_field_at_its_bit(version: str) -> None:
    claimed = claims()
    for _, name, word, bit, _ in (row for row in everywhere() if row[0] == version and row[2] in WORDS):
        if (version, word) == ("7.2.13", SCATTERED):
            continue
        assert claimed.get(name) == [(BY_ANCHOR[WORDS[word]], bit)], name


@pytest.mark.parametrize(
    ("constant", "register", "bit"),
    [("OVERFLOW_RECOV", "ebx", 0), ("SUCCOR", "ebx", 1), ("SMCA", "ebx", 3), ("CPPC_PERF_PRIO", "edx", 16)],
)
def test_scattered_bits(constant: str, register: str, bit: int) -> None:
    """Where arch/x86/kernel/cpu/scattered.c of 7.2.13 takes the constants of this word from, all of leaf 0x80000007."""
    assert claims()[f"X86_FEATURE_{constant}"] == [(BY_ANCHOR[f"cpuid-80000007-{register}"], bit)]
    assert [row[2] for row in everywhere() if row[:2] == ("7.2.13", f"X86_FEATURE_{constant}")] == [SCATTERED]


@pytest.mark.parametrize("version", ORACLE)
def test_no_two_constants_share_a_bit_of_a_hardware_word(version: str) -> None:
    places = [(w, b) for v, _, w, b, _ in everywhere() if v == version and w in WORDS]
    assert len(places) == len(set(places))


def test_no_field_claims_a_constant_that_no_version_has() -> None:
    known = {name for _, name, *_ in everywhere()} | {n for kinds in ORACLE.values() for n in kinds["kvm_features"]}
    assert set(claims()) <= known


def test_fields_outside_the_hardware_words_claim_only_what_linux_copies_from_them() -> None:
    words = {name: word for _, name, word, *_ in everywhere()}
    for constant, places in claims().items():
        for layout, _ in places:
            if layout.anchor not in WORDS.values() and constant.startswith("X86_"):
                assert words[constant] in (3, 7, 11, SCATTERED, 21), f"{constant} in {layout.name}"


@pytest.mark.parametrize("version", ORACLE)
def test_kvm_features(version: str) -> None:
    claimed = claims()
    for name, bit in ORACLE[version]["kvm_features"].items():
        register = "edx" if "HINTS" in name else "eax"
        assert claimed[name] == [(BY_ANCHOR[f"cpuid-40000001-{register}"], bit)]


def test_flags_of_cpuinfo_are_those_the_headers_quote() -> None:
    claimed = claims()
    for version, name, _, _, flag in everywhere():
        if name in claimed:
            assert cpuinfo_name(name) == flag, f"{name} in Linux {version}"
    short = {name.removeprefix("X86_FEATURE_") for name in claimed}
    assert short >= HIDDEN | set(RENAMED)


def test_the_first_kernel_is_the_oldest_header_that_has_the_bit() -> None:
    assert list(ORACLE) == list(VERSIONS)
    for name in (n for n in claims() if n.startswith("X86_FEATURE_")):
        assert first_kernel([name]) == next(v for v in VERSIONS if name in ORACLE[v]["cpu_features"]), name
    assert first_kernel(["X86_FEATURE_FAST_CPPC", "X86_FEATURE_AMD_FAST_CPPC"]) == "6.12.117"
    assert first_kernel(["KVM_FEATURE_STEAL_TIME"]) == first_kernel([]) == since_kernel([]) == ""
    assert since_kernel(["X86_FEATURE_SMEP"]) == "6.1.192 or older"
    assert since_kernel(["X86_FEATURE_LASS"]) == "7.2.13"


MINUS_ONE = {
    "cpuid-4-n-eax": {"SHARING", "CORES"},
    "cpuid-4-n-ebx": {"LINE_SIZE", "PARTITIONS", "WAYS"},
    "cpuid-4-n-ecx": {"SETS"},
    "cpuid-6-edx": {"SIZE"},
    "cpuid-80000008-ecx": {"NT"},
    "cpuid-80000008-edx": {"InvlpgbCountMax"},
    "cpuid-8000001e-ebx": {"ThreadsPerCore"},
    "cpuid-8000001e-ecx": {"NodesPerProcessor"},
}
"""Fields to which software adds one. Leaves 4 and 6: SDM, CPUID, "add one to the return value". INVLPGB: Linux 7.2.13,
arch/x86/kernel/cpu/amd.c, invlpgb_count_max = (cpuid_edx(0x80000008) & 0xffff) + 1. The rest: APM volume 3, and cpu_nthreads + 1 and
core_nthreads + 1 in arch/x86/kernel/cpu/topology_amd.c."""


def test_the_fields_to_which_one_is_added_say_so() -> None:
    found = {layout.anchor: {f.name for f in layout.fields if f.title.endswith("minus one")} for layout in ALL}
    assert {anchor: names for anchor, names in found.items() if names} == MINUS_ONE


def test_hwp_ctl_is_no_reserved_bit() -> None:
    """Linux 7.2.13, tools/arch/x86/kcpuid/cpuid.csv: 0x6, eax, 22, hwp_ctl, IA32_HWP_CTL MSR."""
    assert BY_ANCHOR["cpuid-6-eax"].decode(1 << 22).set_names == ("HWP_CTL",)


def test_amd_has_the_first_two_of_mwaits_states() -> None:
    """AMD's PPR, CPUID_Fn00000005_EDX: 7:4 MWaitC1SubStates, 3:0 MWaitC0SubStates."""
    fields = BY_ANCHOR["cpuid-5-edx"].fields
    assert [f.name for f in fields if not f.title.endswith("(Intel)")] == ["C0", "C1"]


def test_every_leaf_with_a_layout_has_a_title() -> None:
    assert all(title(leaf) for leaf, _ in LEAVES)
    assert title(0x1234) == ""


def test_flags_without_a_layout_are_linux_own_or_elsewhere() -> None:
    claimed = set(claims())
    shown = {flag for _, name, _, _, flag in everywhere() if flag and name not in claimed}
    assert shown == set(OWN) | (set(ELSEWHERE) - {"mba"})
    for _, _, word, bit, flag in everywhere():
        if word in OTHER_LEAVES and flag:
            leaf, register = OTHER_LEAVES[word]
            assert ELSEWHERE[flag] == (leaf, 0, register, bit)


@pytest.mark.parametrize("layout", ALL, ids=lambda layout: layout.anchor)
def test_shape(layout: Layout) -> None:
    assert layout.width == 32
    assert room.get(layout.anchor) is as_logged(layout)
    assert layout.sources and all(f.title and not f.title.endswith(".") for f in layout.fields)
    json.dumps(layout.to_dict())


def test_the_registry_has_every_layout() -> None:
    assert {a for a in room.anchors() if a.startswith("cpuid-")} == set(BY_ANCHOR)


@pytest.mark.parametrize("layout", ALL, ids=lambda layout: layout.anchor)
@given(value=EVERY_WORD)
def test_every_value_decodes_and_encodes_back(layout: Layout, value: int) -> None:
    decoded = layout.decode(value)
    assert decoded.sentence
    assert layout.encode(**decoded.fields) == value & ~layout.reserved_mask
    assert sum(1 << bit for bit in decoded.reserved) == value & layout.reserved_mask


@pytest.mark.parametrize("layout", ALL, ids=lambda layout: layout.anchor)
@pytest.mark.parametrize("wrong", [-1, 1 << 32, True, 1.0, "1", None])
def test_a_wrong_value_names_the_layout_and_its_width(layout: Layout, wrong: object) -> None:
    error = ValueError if type(wrong) is int else TypeError
    with pytest.raises(error, match="32 bits") as raised:
        layout.decode(wrong)  # type: ignore[arg-type]
    assert layout.name in str(raised.value)


def test_leaves_are_found_by_leaf_and_subleaf() -> None:
    assert layouts(7, 1)["eax"].anchor == "cpuid-7-1-eax"
    assert layouts(4, 9)["ecx"].anchor == "cpuid-4-n-ecx"
    assert layouts(0xD, 1)["eax"].anchor == "cpuid-d-1-eax"
    assert layouts(0xD, 18)["eax"].anchor == "cpuid-d-n-eax"
    assert layouts(7, 3) == layouts(0x1234, 0) == {}
    wanted = {0, 1, 2, 4, 5, 6, 7, 0xB, 0xD, 0x16, 0x40000000, 0x40000001, *range(0x80000000, 0x80000009), 0x8000001E}
    assert {leaf for leaf, _ in LEAVES} == wanted
    assert sum(len(registers) for registers in LEAVES.values()) == len(BY_ANCHOR)


@pytest.mark.parametrize(
    ("eax", "expected"),
    [
        (0x00A10F11, Signature(25, 0x11, 1)),  # AMD Genoa
        (0x000906EA, Signature(6, 0x9E, 10)),  # Intel Coffee Lake
        (0x00000F29, Signature(15, 2, 9)),  # Intel Pentium 4
        (0x00100F42, Signature(16, 4, 2)),  # AMD family 0x10
        (0x00000543, Signature(5, 4, 3)),  # Pentium MMX
        (0x0FF10543, Signature(5, 4, 3)),  # extended parts do not count there
        (0x000307B0, Signature(7, 59, 0)),  # Zhaoxin KX-U6780A: its /proc/cpuinfo
    ],
)
def test_family_model_stepping(eax: int, expected: Signature) -> None:
    assert family_model_stepping(eax) == expected


def words(text: str) -> tuple[int, ...]:
    raw = text.encode().ljust(-(-len(text) // 4) * 4, b"\0")
    return tuple(int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 4))


def test_vendor_and_brand() -> None:
    ebx, edx, ecx = words("GenuineIntel")
    name = words("  A CPU of some brand, at 3.00 GHz".ljust(48, "\0"))
    table = {(0, 0): (1, ebx, ecx, edx), **{(0x80000002 + i, 0): name[4 * i : 4 * i + 4] for i in range(3)}}
    assert vendor(table) == "GenuineIntel"
    assert brand(table) == "A CPU of some brand, at 3.00 GHz"
    assert brand({}) == ""
    with pytest.raises(KeyError):
        vendor({})


def test_features_have_the_names_of_cpuinfo() -> None:
    rows = [
        {"leaf": 1, "subleaf": 0, "eax": 0, "ebx": 0, "ecx": 1 << 0 | 1 << 27, "edx": 1 << 25 | 1 << 26},
        {"leaf": 7, "subleaf": 0, "eax": 0, "ebx": 1 << 7, "ecx": 1 << 7, "edx": 0},
        {"leaf": 0x80000007, "subleaf": 0, "eax": 0, "ebx": 0, "ecx": 0, "edx": 1 << 8},
    ]
    assert cpuid_features(leaves_of(rows)) == {"pni", "sse", "sse2", "smep", "constant_tsc", "nonstop_tsc"}
    on = [(leaf, register, field.name) for leaf, _, register, _, field, is_on in bits_of(leaves_of(rows)) if is_on]
    assert (1, "ecx", "OSXSAVE") in on and (7, "ecx", "CET_SS") in on
