"""The page-fault error code: against kernel headers, and the facts of the chapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syslab.bits.page_fault import PFEC

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_page_fault.json").read_text())["constants"]


@pytest.mark.parametrize("version", ORACLE)
def test_every_constant_of_the_kernel_has_its_bit(version: str) -> None:
    ours = {name: f.mask for f in PFEC.fields for name in f.linux}
    for name, value in ORACLE[version].items():
        assert ours[name] == value, f"{name} of Linux {version}"


def test_no_constant_is_invented() -> None:
    known = {name for constants in ORACLE.values() for name in constants}
    assert {name for f in PFEC.fields for name in f.linux} == known


def test_what_came_after_6_1() -> None:
    new = set(ORACLE["7.2.13"]) - set(ORACLE["6.1.192"])
    assert new == {"X86_PF_SHSTK", "X86_PF_RMP"} == set(ORACLE["6.12.117"]) - set(ORACLE["6.1.192"])


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["U/S"], 0x4), (["U/S", "W/R"], 0x6), (["P", "U/S", "W/R"], 0x7), (["P", "U/S", "I/D"], 0x15), (["U/S", "I/D"], 0x14),
        (["P", "I/D"], 0x11), (["P"], 0x1), (["P", "W/R"], 0x3), (["P", "W/R", "U/S", "SS"], 0x47), (["P", "W/R", "RMP"], 0x80000003),
    ],
)  # fmt: skip
def test_computed_codes(names: list[str], code: int) -> None:
    assert PFEC.encode(*names) == code
    assert set(PFEC.decode(code).set_names) == set(names)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x0, "Supervisor-mode code tried to read from a page that is not present."),
        (0x15, "User-mode code tried to fetch an instruction from a present page that does not allow it."),
        (0x23, "Supervisor-mode code tried to write to a present page that does not allow it, and a protection key said no."),
        (0xD, "User-mode code tried to read from an address whose translation has a reserved bit set."),
        (0x104, "User-mode code tried to read from a page that is not present. Reserved bit set: 8."),
    ],
)
def test_sentences(code: int, words: str) -> None:
    assert PFEC.sentence(code) == words


@pytest.mark.parametrize("code", [0x8, 0x20, 0x12, 0x31, 0x51, 0x8000])
def test_impossible_codes_are_named(code: int) -> None:
    assert PFEC.decode(code).impossible


@pytest.mark.parametrize(
    "code", [0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x9, 0xB, 0xD, 0xF, 0x10, 0x11, 0x14, 0x15, 0x19, 0x1D, 0x21, 0x23, 0x25, 0x27]
)
def test_codes_that_machines_report_are_possible(code: int) -> None:
    assert not PFEC.decode(code).impossible


def ruled_out(code: int) -> bool:
    """Intel SDM volume 3A, *Page-Fault Exceptions*, flag by flag: RSVD only with P; PK for a translation that exists; HLAT "only if it
    clears bit 0 or sets bit 3"; SGX only with P, and RSVD and PK "both 0". A fetch is no write, no shadow-stack access, and has no key."""
    p, w, _, rsvd, fetch, pk, ss, hlat, sgx, _ = (bool(code >> bit & 1) for bit in (0, 1, 2, 3, 4, 5, 6, 7, 15, 31))
    translated = p and not rsvd
    reasons = (
        rsvd and not p,
        pk and not translated,
        hlat and translated,
        sgx and (not translated or pk),
        fetch and (w or pk or ss),
    )
    return any(reasons)


@pytest.mark.parametrize("fetch", [0, 1 << 4])
def test_what_the_manual_rules_out_and_nothing_else(fetch: int) -> None:
    bits = (0, 1, 2, 3, 5, 6, 7, 15, 31)
    for number in range(1 << len(bits)):
        code = fetch | sum((number >> place & 1) << bit for place, bit in enumerate(bits))
        assert bool(PFEC.decode(code).impossible) == ruled_out(code), hex(code)


def test_a_reserved_bit_without_p_is_what_an_old_cpu_says_of_a_page_that_is_not_there() -> None:
    """Xeon 5400, erratum AX74, and "Bad pagetable: 000c" out of production: Vasily Averin, LKML, 1 July 2022, PATCH v2 x86/fault."""
    (why,) = PFEC.decode(0xC).impossible
    assert "AX74" in why and "QEMU" in why
    words = "User-mode code tried to read from an address that has no page, or a reserved bit in its translation."
    assert PFEC.sentence(0xC) == words


def test_p_is_not_about_rights_alone() -> None:
    """0x9 is a reserved bit, 0x8005 SGX, 0x80000003 the RMP: in all of them P is set, and no right was missing."""
    assert {PFEC.field("P").of(code) for code in (0x9, 0x8005, 0x80000003)} == {1}
    assert "reserved bit, SGX or the RMP" in PFEC.field("P").title


OOPS = """BUG: kernel NULL pointer dereference, address: 0000000000000008
#PF: supervisor write access in kernel mode
#PF: error_code(0x0002) - not-present page
PGD 0 P4D 0
Oops: Oops: 0002 [#1] SMP NOPTI
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0x15", 0x15), ("21", 0x15), ("0b10101", 0x15),
        ("#PF: error_code(0x0015) - permissions violation", 0x15),
        ("[   12.3] prog[77]: segfault at 10 ip 0000000000401136 sp 00007ffc error 15 in prog[401000+1000] likely on CPU 1", 0x15),
        ("page_fault_user: address=0x10 ip=0x401136 error_code=0x6", 0x6),
        ("Oops: 0002 [#1] SMP", 0x2), ("Oops: Oops: 0010 [#1] PREEMPT SMP", 0x10), (OOPS, 0x2),
        ("check_exception old: 0xffffffff new 0xe\n     0: v=0e e=0014 i=0 cpl=3", 0x14),
    ],
)  # fmt: skip
def test_what_engineers_paste(text: str, code: int) -> None:
    assert PFEC.read(text).value == code


@pytest.mark.parametrize(
    "text",
    [
        "traps: prog[9] general protection fault ip:401136 sp:7ffc error:0 in prog[401000+1000]",
        "traps: prog[9] trap invalid opcode ip:401136 sp:7ffc error:0 in prog",
        "     0: v=0d e=0000 i=0 cpl=3",
    ],
)
def test_other_exceptions_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match="another exception"):
        PFEC.read(text)
