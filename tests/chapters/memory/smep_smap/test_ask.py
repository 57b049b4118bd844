"""The SMEP and SMAP matrix on each machine, the chapter's own twelve lines, and what user mode sees."""

from __future__ import annotations

import pytest

from syslab.chapters.memory import smep_smap
from syslab.chapters.memory.smep_smap.ask import ACCESSES, Answered, Case, case_of, cases
from syslab.evidence import KVM, X86_64, Evidence, ask, recorded
from syslab.questions import access_matrix
from syslab.questions.machines import QEMU
from tests.chapter_functions import definitions, functions

NO_QEMU = pytest.mark.skipif(QEMU.missing() is not None, reason=str(QEMU.missing()))
NO_KVM = pytest.mark.skipif(bool(KVM.missing() or X86_64.missing()), reason=str(KVM.missing() or X86_64.missing()))
HERE = pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))
MACHINES = [pytest.param("tcg-max", marks=NO_QEMU), pytest.param("kvm-", marks=NO_KVM)]
MODEL = functions("memory/smep-smap")
RULES = [MODEL[name] for name in ("rights", "mode", "smep", "smap")]


def by(witness: str) -> Evidence[list[Answered]]:
    """What the witness whose name begins so answers."""
    return next(one for one in ask(smep_smap.matrix) if one.provenance.witness.startswith(witness))


def test_the_model_has_twelve_lines() -> None:
    defined = definitions("memory/smep-smap")
    assert [one.name for one in defined] == ["code", "rights", "mode", "smep", "smap"]
    assert sum((one.end_lineno or 0) - one.lineno + 1 for one in defined) == 12


def test_the_model_says_what_the_manuals_say() -> None:
    for case in cases():
        for access in ACCESSES:
            says = MODEL["code"](access, case) if any(rule(access, case) for rule in RULES) else None
            assert says == access_matrix.predict(case.request(access)).error_code, (case, access)


@pytest.mark.parametrize("witness", MACHINES)
def test_the_machine_does_what_the_model_says(witness: str) -> None:
    answer = by(witness)
    assert answer.data and answer.provenance.how == "live"
    for row in answer.data:
        case = case_of(row)
        for access in ACCESSES:
            assert row[access] == (MODEL["code"](access, case) if any(r(access, case) for r in RULES) else None), (case, access)


@NO_QEMU
def test_every_case_is_asked_of_qemu() -> None:
    assert [case_of(row) for row in by("tcg-max").data] == cases()
    assert len(cases()) == 2 * 3 * 2**5


@pytest.mark.parametrize(
    ("case", "want"),
    [
        (Case(), (None, None, None)), (Case(smep=True), (None, None, 0x11)), (Case(smep=True, ac=True), (None, None, 0x11)),
        (Case(smap=True), (1, 3, None)), (Case(smap=True, ac=True), (None, None, None)), (Case(smap=True, wp=False), (1, 3, None)),
        (Case(page="ur", smap=True, ac=True), (None, 3, None)), (Case(page="ur", smap=True, ac=True, wp=False), (None, None, None)),
        (Case(page="sw", smep=True, smap=True), (None, None, None)), (Case(user_mode=True, smep=True, smap=True), (None, None, None)),
        (Case(user_mode=True, page="sw"), (5, 7, 0x15)), (Case(xd=True), (None, None, 0x11)),
    ],
)  # fmt: skip
def test_known_values(case: Case, want: tuple[int | None, ...]) -> None:
    for witness in ("tcg-max", "kvm-pvm"):
        row = next(row for row in recorded(smep_smap.matrix, witness).data if case_of(row) == case)
        assert tuple(row[access] for access in ACCESSES) == want


def test_a_case_refuses_other_pages() -> None:
    with pytest.raises(ValueError, match="page 'x' is none of uw, ur, sw"):
        Case(page="x")


@HERE
def test_in_user_mode() -> None:
    rows = {row["does"]: row for row in ask(smep_smap.in_user_mode).data}
    for name in ("stac", "clac"):
        assert (rows[name]["exception"], rows[name]["signal"]) == ("#UD", "SIGILL ILL_ILLOPN")
    assert rows["set AC with popfq"]["sticks"] is True
    assert rows["load 4 bytes at an odd address"]["exception"] == "none"
    assert (rows["the same with AC set"]["exception"], rows["the same with AC set"]["signal"]) == ("#AC", "SIGBUS BUS_ADRALN")
    assert rows["load at an aligned address with AC set"]["exception"] == "none"


@HERE
def test_a_bad_pointer_kills_a_program_and_not_the_kernel() -> None:
    good, *bad = ask(smep_smap.bad_pointers).data
    assert (good["program"], good["write"]) == ("works", "8")
    assert len(bad) == 4
    for row in bad:
        assert row["program"].startswith("SIGSEGV")
        assert row["write"] == "-1, EFAULT"
