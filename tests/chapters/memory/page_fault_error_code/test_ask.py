"""What the chapter on page faults measures, on the machine that runs the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syslab.chapters.memory.page_fault_error_code import ask as experiment
from syslab.chapters.memory.page_fault_error_code import model, show
from syslab.chapters.memory.page_fault_error_code.ask import Faulted
from syslab.evidence import X86_64, Answer, ExperimentFailed, ask, recorded
from syslab.evidence.witnesses import called
from syslab.questions import access_matrix
from syslab.questions.access_combinations import CONDITIONS
from syslab.questions.access_matrix import Tried

pytestmark = pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))


def host_record() -> Answer[list[Faulted]]:
    """The faults of the machine that made the records."""
    return Answer(experiment.faults, [recorded(experiment.faults)])


def on_record() -> Answer[list[Tried]]:
    """The truth table of each machine."""
    return Answer(access_matrix.truth_table, [recorded(access_matrix.truth_table, name) for name in ("tcg-max", "kvm-pvm")])


@pytest.fixture(scope="module")
def answer() -> Answer[list[Faulted]]:
    return ask(experiment.faults)


def find(answer: Answer[list[Faulted]], access: str, page: str) -> Faulted:
    return next(row for row in answer.data if (row["access"], row["page"]) == (access, page))


@pytest.mark.parametrize(
    ("access", "page", "code", "si_code"),
    [
        ("read", "NULL + 0x10", 0x4, "SEGV_MAPERR"), ("write", "NULL + 0x10", 0x6, "SEGV_MAPERR"), ("fetch", "NULL + 0x10", 0x14, "SEGV_MAPERR"),
        ("write", "read-only, never touched", 0x6, "SEGV_ACCERR"), ("write", "read-only, read before", 0x7, "SEGV_ACCERR"),
        ("write", "read-only, read before the fork", 0x6, "SEGV_ACCERR"), ("read", "PROT_NONE, read before", 0x4, "SEGV_ACCERR"),
        ("fetch", "data (NX), written before", 0x15, "SEGV_ACCERR"), ("read", "kernel text", 0x5, "SEGV_MAPERR"),
        ("write", "kernel text", 0x7, "SEGV_MAPERR"), ("fetch", "kernel text", 0x15, "SEGV_MAPERR"), ("read", "vsyscall page", 0x5, "SEGV_MAPERR"),
        ("read", "unused hole at the top", 0x5, "SEGV_MAPERR"),
    ],
)  # fmt: skip
def test_page_faults(answer: Answer[list[Faulted]], access: str, page: str, code: int, si_code: str) -> None:
    row = find(answer, access, page)
    assert (row["vector"], row["error_code"], row["signal"], row["si_code"]) == (14, code, "SIGSEGV", si_code)
    assert row["cr2"] == "the address"


@pytest.mark.parametrize(("levels", "end"), [(4, 0x7FFF_FFFF_F000), (5, 0xFF_FFFF_FFFF_F000)])
def test_user_space_ends_a_page_early(levels: int, end: int) -> None:
    """Linux 7.2.13, arch/x86/include/asm/page_64.h, task_size_max(): (1ul << 47) - PAGE_SIZE, with LA57 (1ul << 56) - PAGE_SIZE."""
    assert model.task_size_max(levels) == end
    assert [model.read_of_nothing(end + n, levels) for n in (-1, 0, 0xFFF)] == [0x4, 0x5, 0x5]


def test_the_last_page_of_the_lower_half_counts_as_present() -> None:
    """sanitize_error_code() compares with TASK_SIZE_MAX. The byte below may be the stack's, where addresses are not randomized."""
    below, first, last = ask(experiment.last_page).data
    assert [(row["error_code"], row["si_code"], row["cr2"]) for row in (first, last)] == [(0x5, "SEGV_MAPERR", "the address")] * 2
    assert below["error_code"] in (0x4, None)
    assert [int(row["address"], 16) - model.task_size_max(experiment.levels()) for row in (below, first, last)] == [-1, 0, 0xFFF]


@pytest.mark.parametrize(
    ("name", "vector", "signal"), [("ud2", 6, "SIGILL"), ("divide by zero", 0, "SIGFPE"), ("int3", 3, "SIGTRAP")]
)
def test_other_exceptions_have_no_error_code(answer: Answer[list[Faulted]], name: str, vector: int, signal: str) -> None:
    row = find(answer, "execute", name)
    assert (row["vector"], row["error_code"], row["signal"]) == (vector, 0, signal)


def test_non_canonical_is_a_general_protection_fault(answer: Answer[list[Faulted]]) -> None:
    row = find(answer, "read", "non-canonical")
    assert (row["vector"], row["error_code"], row["si_code"]) == (13, 0, "SI_KERNEL")


def test_the_model_holds_for_every_access(answer: Answer[list[Faulted]]) -> None:
    for row in answer.data:
        if row["access"] != "execute":
            want = model.predict(row["access"], row["page"])
            assert (row["error_code"] if row["vector"] == 14 else None) == want, row


def test_no_signal_frame_shows_a_supervisor_code(answer: Answer[list[Faulted]]) -> None:
    assert all(row["error_code"] & 4 for row in answer.data if row["vector"] == 14)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"access": "write"}, 0x6), ({"access": "write", "touch": True}, 0x7), ({"access": "read", "protection": ""}, 0x4),
        ({"access": "fetch", "protection": "r", "touch": True}, 0x15), ({"access": "fetch", "protection": "r"}, 0x15),
        ({"access": "read"}, None), ({"access": "write", "protection": "rw"}, None), ({"access": "fetch", "protection": "rx"}, None),
        ({"access": "write", "protection": "rx"}, 0x7),
    ],
)  # fmt: skip
def test_one_fault(arguments: dict[str, Any], code: int | None) -> None:
    assert ask(experiment.one_fault, **arguments).data["error_code"] == code


def test_a_protection_is_called_as_mmap_calls_it() -> None:
    shown = {letters: experiment.one_fault(access="write", protection=letters)["page"] for letters in ("", "r", "wr", "rx")}
    assert shown == {"": "PROT_NONE", "r": "PROT_READ", "wr": "PROT_READ | PROT_WRITE", "rx": "PROT_READ | PROT_EXEC"}


@pytest.mark.parametrize(
    "arguments", [{"access": "x"}, {"access": "read", "protection": "q"}, {"access": "read", "protection": "wx"}]
)
def test_one_fault_refuses_other_words(arguments: dict[str, Any]) -> None:
    with pytest.raises(ExperimentFailed, match="ValueError"):
        ask(experiment.one_fault, **arguments)


def test_the_tables_show_every_row(answer: Answer[list[Faulted]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")  # no style sheet in front
    assert answer._repr_html_().count("vb-confirmed") == len(experiment.CASES)
    assert "#pfec=0x15" in answer._repr_html_()
    assert show.others(answer)._repr_html_().count("<tr") == 1 + len(experiment.OTHERS)
    assert "fetch an instruction" in repr(show.sentences(answer))


def test_the_witnesses_are_in_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    host, truth = host_record(), on_record()
    table = show.witnesses(host, truth)
    cells = {str(name): [str(cell) for cell in six] for _, (name, *six) in table.shown_rows()}
    assert list(cells) == list(CONDITIONS)
    assert cells["not present"] == ["0x0", "0x2", "0x10", "0x4", "0x6", "0x14"]
    assert cells["user, SMAP, AC=0"] == ["0x1", "0x3", "ok", "ok", "ok", "ok"]
    assert cells["first non-canonical address"] == ["#GP"] * 6
    assert cells["reserved bit 51"][0] == "≠0x8 TCG, 0x9 KVM"
    assert cells["1-GByte page"][0] == "ok TCG, 0x9 KVM", "each as its CPU should"
    assert table._repr_html_().count('class="provenance"') == 3
    assert f"{sum(len(one.data) for one in truth) + len(show.HOST)} answers" in table.caption


def test_every_disagreement_is_found_by_comparing() -> None:
    host, truth = host_record(), on_record()
    table = show.disagreements(host, truth)
    wrong = {(called(row["witness"]), row["condition"]) for answer in truth for row in answer.data if not row["agrees"]}
    shown = [cells for _, cells in table.shown_rows()]
    assert {(witness, condition) for condition, witness, *_ in shown} == wrong
    assert [row[3] for row in shown if row[0] == "reserved bit 51"] == ["0x9 0xb 0x19 0xd 0xf 0x1d"]


def test_a_host_that_differs_is_named() -> None:
    host, truth = host_record(), on_record()[:1]
    rows = [row | {"error_code": 0x44} if (row["access"], row["page"]) == ("read", "NULL + 0x10") else row for row in host.data]
    lying = Answer(experiment.faults, [replace(host[0], data=rows)])
    assert "not present                           this machine  user read  0x4" in repr(show.disagreements(lying, truth))
    shown = repr(show.witnesses(lying, truth))
    assert "0x4 TCG, ≠0x44 this machine" in shown
    assert "≠0x8 TCG, 0x9 the model" in shown
