"""Exit reasons against the headers of three kernels: every constant, every number, every version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syslab.chapters.kvm.vm_exits.exit_reasons import SVM, VERSIONS, VMX, ExitReason, find, named

ORACLE = json.loads((Path(__file__).parents[3] / "oracles" / "linux_kvm.json").read_text())["constants"]


def test_the_kernels_are_those_of_the_oracle() -> None:
    assert set(VERSIONS) == set(ORACLE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("vendor", "group"), [("VMX", "vmx_exit_reasons"), ("SVM", "svm_exit_codes")])
def test_every_constant_of_the_kernel_and_no_other(vendor: str, group: str, version: str) -> None:
    assert named(vendor, version) == ORACLE[version][group]


@pytest.mark.parametrize("rows", [VMX, SVM], ids=["VMX", "SVM"])
def test_numbers_and_names_are_unique(rows: tuple[ExitReason, ...]) -> None:
    assert len({r.number for r in rows}) == len({r.name for r in rows}) == len(rows)
    assert all(r.meaning and not r.meaning.endswith(".") for r in rows)


def test_find() -> None:
    assert find("VMX", 10).constant == "EXIT_REASON_CPUID"
    assert find("SVM", 0x72).constant == "SVM_EXIT_CPUID"
    assert (find("VMX", 48).shown, find("SVM", 0x400).shown, find("SVM", -1).shown) == ("48", "0x400", "-1")
    assert find("SVM", 0x4E).meaning == "exception 14, #PF"
    with pytest.raises(KeyError, match="VMX has no exit reason 5"):
        find("VMX", 5)
    with pytest.raises(ValueError, match=r"'5.10' was not read; 6.1.192"):
        named("VMX", "5.10")


def test_reasons_that_linux_does_not_name() -> None:
    assert [r.name for r in (*VMX, *SVM) if not r.since] == ["GETSEC", "RSM"]


WORDS = json.loads((Path(__file__).parents[3] / "oracles" / "linux_exit_words.json").read_text())


@pytest.mark.parametrize(("vendor", "rows"), [("VMX", VMX), ("SVM", SVM)])
def test_words_of_the_trace(vendor: str, rows: tuple[ExitReason, ...]) -> None:
    """As the kernel's table spells them; where it has none, the tracepoint prints the number in hex."""
    words = {number: word for word, number in WORDS[vendor].items()}
    ghcb = {number for number, word in words.items() if word.startswith("vmgexit_")}
    assert ghcb == ({0x80000000 + n for n in (1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0xFFFD)} if vendor == "SVM" else set())
    assert {row.number: row.trace for row in rows} == {row.number: words.get(row.number, f"{row.number:#x}") for row in rows}
    assert set(words) - {row.number for row in rows} == ghcb, "these are in the GHCB of an SEV-ES guest, and no EXITCODE of a VMCB"


@pytest.mark.parametrize("version", WORDS["absent"])
def test_a_word_is_not_older_than_its_constant(version: str) -> None:
    for vendor, rows in (("VMX", VMX), ("SVM", SVM)):
        older = {row.trace for row in rows if row.since in VERSIONS[: VERSIONS.index(version) + 1]}
        assert not older & set(WORDS["absent"][version][vendor])


# Instructions by exit: Intel SDM volume 3, VMX Basic Exit Reasons; AMD APM volume 2, SVM Intercept Exit Codes. Not those that name themselves.
OTHERWISE = {
    "VMX": {26: "VMXOFF", 27: "VMXON", 28: "MOV CR, CLTS or LMSW", 29: "MOV DR", 30: "IN, OUT, INS, OUTS", 31: "RDMSR", 32: "WRMSR",
            36: "MWAIT", 39: "MONITOR", 46: "LGDT, LIDT, SGDT, SIDT", 47: "LLDT, LTR, SLDT, STR", 84: "RDMSR", 85: "WRMSRNS"},
    "SVM": {0x66: "SIDT", 0x67: "SGDT", 0x68: "SLDT", 0x69: "STR", 0x6A: "LIDT", 0x6B: "LGDT", 0x6C: "LLDT", 0x6D: "LTR", 0x75: "INT n",
            0x7B: "IN, OUT, INS, OUTS", 0x7C: "RDMSR or WRMSR", 0x88: "the opcode F1", 0xA6: "HLT"},
}  # fmt: skip


@pytest.mark.parametrize(("vendor", "rows"), [("VMX", VMX), ("SVM", SVM)])
def test_what_happened_is_what_the_name_says(vendor: str, rows: tuple[ExitReason, ...]) -> None:
    for row in rows:
        if row.number in OTHERWISE[vendor]:
            assert row.meaning.startswith(OTHERWISE[vendor][row.number]), row
        elif row.meaning.split()[0].rstrip(",").isupper() and row.meaning.split()[0] not in ("VM", "VMRUN", "MOV", "INIT", "CR0"):
            assert row.meaning.split()[0].rstrip(",") == row.name.split("_")[0] or row.name.endswith("WRITE_TRAP"), row
        elif row.name.startswith(("READ_CR", "READ_DR")):
            assert row.meaning == f"MOV from {row.name[5:]}"
        elif row.name.startswith(("WRITE_CR", "WRITE_DR")):
            assert row.meaning == f"MOV to {row.name[6:]}"
        elif row.name.endswith("_WRITE_TRAP"):
            assert row.meaning == f"{row.name.removesuffix('_WRITE_TRAP')} was written"
