"""Asking here, the lab VM and the records in their order, and showing several answers beside each other.

The lab VM itself is tested in tests/lab_vm/test_lab_vm.py; here it is a function that answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syslab.evidence import (
    LAB_VM,
    CannotRunHere,
    Evidence,
    Experiment,
    Need,
    Provenance,
    Witness,
    ask,
    experiment,
    lab,
    records,
)
from syslab.evidence.bounded import Result
from syslab.lab_vm.host import cache
from syslab.show.table import Column, Table
from syslab.sources import PACKAGE, closure, code_hash
from tools import book, record

NEVER = Need("a unicorn", lambda: "there are none", "apt install unicorn")
PROVENANCE = Provenance("live", "host", "A CPU", "Linux 1", "root", "2026-01-01", 0.1)


@experiment(lab=True)
def anywhere() -> str:
    return "here"


@experiment(LAB_VM)
def only_there(x: int = 1) -> str:
    return "here"


@experiment(NEVER, lab=True)
def not_here() -> str:
    return "here"


@experiment()
def only_here() -> str:
    return "here"


@pytest.fixture(autouse=True)
def records_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab VM that answers."""
    about = replace(PROVENANCE, how="lab", witness=lab.WITNESS)
    monkeypatch.setattr(lab, "run", lambda experiment, arguments=None: (Result("there", 0.1), about))


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")


def recorded(experiment: Experiment[Any], *witnesses: str) -> None:
    for witness in witnesses:
        records.save(experiment.name, f"record {witness}", replace(PROVENANCE, witness=witness))


def said(answers: Sequence[Evidence[Any]]) -> list[tuple[str, str, str]]:
    return [(answer.provenance.how, answer.provenance.witness, answer.data) for answer in answers]


@pytest.mark.long
def test_the_order(there: None) -> None:
    assert ask(anywhere).provenance.how == "live"
    assert ask(not_here).data == ask(only_there).data == "there"
    assert ask(only_there, x=2).provenance.how == "lab", "arguments are answered there as well"
    assert ask(only_here).provenance.how == "live"


def test_without_it_there_are_records(hidden: None) -> None:
    recorded(only_there, lab.WITNESS)
    answer = ask(only_there)
    assert (answer.provenance.how, answer.data) == ("record", f"record {lab.WITNESS}")
    assert "To run it live: unset SYSLAB_LAB" in repr(answer)
    with pytest.raises(CannotRunHere, match="needs the lab VM, but SYSLAB_LAB is off"):
        ask(only_there, x=2)
    with pytest.raises(CannotRunHere, match="needs a unicorn, but there are none; needs the lab VM, but SYSLAB_LAB is off"):
        ask(not_here)


def test_modes(there: None, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(only_there, lab.WITNESS)
    recorded(anywhere, "host", lab.WITNESS)
    monkeypatch.setenv("SYSLAB_EVIDENCE", "record")
    assert ask(only_there).provenance.how == "record"
    assert said(ask(anywhere)) == [("record", w, f"record {w}") for w in ("host", lab.WITNESS)]
    monkeypatch.setenv("SYSLAB_EVIDENCE", "live")
    assert ask(only_there).provenance.how == "lab"
    assert said(ask(anywhere)) == [("live", "host", "here"), ("lab", lab.WITNESS, "there")]


def test_live_takes_no_records(hidden: None, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(only_there, lab.WITNESS)
    monkeypatch.setenv("SYSLAB_EVIDENCE", "live")
    with pytest.raises(CannotRunHere, match="SYSLAB_LAB is off"):
        ask(only_there)


@pytest.mark.long
def test_each_witness_answers_once_host_first(there: None) -> None:
    assert said(ask(anywhere)) == [("live", "host", "here"), ("lab", lab.WITNESS, "there")]
    assert said(ask(only_there)) == [("lab", lab.WITNESS, "there")]
    assert said(ask(only_here)) == [("live", "host", "here")]
    assert said(ask(not_here)) == [("lab", lab.WITNESS, "there")]
    recorded(not_here, "kvm-pvm", lab.WITNESS)
    assert said(ask(not_here)) == [("record", "kvm-pvm", "record kvm-pvm"), ("lab", lab.WITNESS, "there")]


def test_each_from_records(hidden: None) -> None:
    recorded(not_here, "kvm-pvm", lab.WITNESS)
    first, second = ask(not_here)
    assert (first.data, second.data) == ("record kvm-pvm", f"record {lab.WITNESS}")
    assert "apt install unicorn" in repr(first) and "unset SYSLAB_LAB" in repr(second)
    assert said(ask(anywhere)) == [("live", "host", "here")]
    with pytest.raises(CannotRunHere, match=r"no record of test_lab\.only_there that could stand in"):
        ask(only_there)


def test_the_need_is_met_inside_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LAB_VM.missing() == "this machine is not the lab VM"
    monkeypatch.setattr("os.path.exists", lambda path: path == "/lab/image.json")
    assert LAB_VM.missing() is None


def test_the_way_there_makes_no_record_stale() -> None:
    module = "syslab.chapters.processes.signals.ask"
    files = closure({module})
    assert PACKAGE / "lab_vm" / "host" / "vm.py" in files, "the chapter's key has it"
    before = code_hash(module)
    assert before == code_hash(module)
    from syslab import sources as module_itself

    assert module_itself.hash_files(files) != before


def test_records_of_both(there: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [place for place, _ in record.places(anywhere)] == ["here", "lab"]
    assert [[place for place, _ in record.places(one)] for one in (only_there, only_here)] == [["lab"], ["here"]]
    monkeypatch.setattr(record, "code_hash", lambda module: "abc")
    assert record.record(anywhere).startswith("recorded by host")
    assert record.record(anywhere, "lab").startswith(f"recorded by {lab.WITNESS}")
    assert records.witnesses(anywhere.name) == ["host", lab.WITNESS]
    assert not record.stale(anywhere) and not record.stale(anywhere, lab.WITNESS) and record.stale(anywhere, "mars")
    monkeypatch.setattr(record, "code_hash", lambda module: "def")
    assert record.stale(anywhere, lab.WITNESS)


def test_a_record_that_cannot_be_made(hidden: None) -> None:
    assert record.record(only_there, "lab") == "not in the lab VM: the lab VM: SYSLAB_LAB is off"


def test_the_book_goes_on_without(hidden: None, capsys: pytest.CaptureFixture[str]) -> None:
    book.lab_vm()
    assert capsys.readouterr().out == "no lab VM: SYSLAB_LAB is off (unset SYSLAB_LAB). What needs it is shown from records.\n"


def answers(*data: list[dict[str, Any]], witnesses: tuple[str, ...] = ("kvm-pvm", "kvm-svm-tcg")) -> list[Evidence[Any]]:
    return [Evidence("x.y", rows, replace(PROVENANCE, witness=w)) for rows, w in zip(data, witnesses, strict=True)]


KEYS: list[Column[Any]] = [Column("Case", lambda row: row["case"])]
VALUES: list[Column[Any]] = [Column("Result", lambda row: row["result"])]


def test_side_by_side() -> None:
    left = [{"case": "a", "result": "<0>"}, {"case": "b", "result": 1}, {"case": "c", "result": 2}]
    right = [{"case": "c", "result": 2}, {"case": "a", "result": "<0>"}, {"case": "b", "result": 9}, {"case": "d", "result": 4}]
    table = Table(answers(left, right), VALUES, keys=KEYS, caption="Two <machines>")
    lines = [line.split("  ") for line in repr(table).splitlines()]
    plain = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert plain[:5] == [
        ["Case", "kvm-pvm", "kvm-svm-tcg", "Witnesses"],
        ["a", "<0>", "<0>", "agree"],
        ["b", "1", "9", "differs"],
        ["c", "2", "2", "agree"],
        ["d", "no such row", "4", "only kvm-svm-tcg"],
    ]
    assert table.differing == 2 and len(lines) == 7, "a provenance line each"
    page = table._repr_html_()
    assert page.count('class="provenance"') == 2 and page.count('class="differs"') == 2
    assert "<caption>Two &lt;machines&gt;</caption>" in page and "&lt;0&gt;" in page and "<0>" not in page
    assert 'role="region" aria-label="Two &lt;machines&gt;"' in page
    assert page.count('<th scope="col">') == 4


def test_side_by_side_with_one_two_values_and_equal_keys() -> None:
    rows = [{"case": "a", "result": 1, "more": 2}, {"case": "a", "result": 3, "more": 4}]
    values = [*VALUES, Column("More", lambda row: row["more"], number=True)]
    head = repr(Table(answers(rows, rows[:1]), values, keys=KEYS)).splitlines()
    assert head[0].split("  ")[0] == "Case" and "More · kvm-svm-tcg" in head[0]
    assert "only kvm-pvm" in head[2]
    alone = repr(Table(answers(rows, witnesses=("kvm-pvm",)), VALUES, keys=KEYS))
    assert "Result · kvm-pvm" in alone and "Witnesses" not in alone
    twins = repr(Table(answers(rows, rows, witnesses=("host", "host")), VALUES, keys=KEYS))
    assert "host 1" in twins and "host 2" in twins


# several machines asked the same, and a question to which one answer is enough


@experiment(lab=True, alone=True)
def one_is_enough(x: int = 1) -> int:
    return x


@experiment(NEVER, lab=True, alone=True)
def one_is_enough_elsewhere() -> str:
    return "here"


@experiment(witnesses=(Witness("left", machine="l"), Witness(lambda: "right", (NEVER,), machine="r")))
def of_two(machine: str) -> str:
    return f"asked {machine}"


def test_where_one_answer_is_enough_the_lab_is_asked_only_instead(there: None) -> None:
    assert said(ask(one_is_enough, x=3)) == [("live", "host", 3)]
    recorded(one_is_enough_elsewhere, "host")
    assert said(ask(one_is_enough_elsewhere)) == [("lab", lab.WITNESS, "there")], "a machine before a record"


def test_without_the_lab_its_record_is_enough(hidden: None) -> None:
    recorded(one_is_enough_elsewhere, "host")
    assert said(ask(one_is_enough_elsewhere)) == [("record", "host", "record host")]


def test_each_declared_witness_is_asked_with_its_machine() -> None:
    assert said(ask(of_two)) == [("live", "left", "asked l")], "the other one cannot be asked, and there is no record"
    recorded(of_two, "left", "someone", "right")
    first, second = ask(of_two)
    assert (second.provenance.how, second.data) == ("record", "record right"), "its own record before another's"
    assert "apt install unicorn" in repr(second) and "record" not in repr(first)


def test_a_witness_that_has_another_name_elsewhere_takes_the_record_of_that_name() -> None:
    recorded(of_two, "left", "right-elsewhere")
    assert [one.data for one in ask(of_two)] == ["asked l", "record right-elsewhere"], "and never that of the first"


def test_what_its_witnesses_are_is_known_of_a_question() -> None:
    assert of_two.parameters == () and one_is_enough.parameters == ("x",)
    assert of_two.needs == (NEVER,) and of_two.missing() == [], "one of them can be asked"
    assert [record.called(*where) for where in record.places(of_two)] == ["left", "right"]
    with pytest.raises(ValueError, match="has its needs, tools and names there"):
        experiment(NEVER, witnesses=(Witness(),))


def test_both_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "code_hash", lambda module: "abc")
    (_, left), (_, right) = record.places(of_two)
    assert record.record(of_two, "here", left).startswith("recorded by left")
    assert record.record(of_two, "here", right) == "not here: needs a unicorn, but there are none"
    assert records.load(of_two.name, "left")[0] == "asked l"


# a lab VM of another kernel or QEMU

OTHER = "kvm-svm-tcg-linux6-12-qemu10-0"


@pytest.mark.parametrize(
    ("kernel", "qemu", "name"),
    [
        ("Linux 6.1.192", "7.2.22", lab.WITNESS),
        ("Linux 6.12.118", "10.0.13", OTHER),
        ("Linux 6.12.118", "7.2.22", "kvm-svm-tcg-linux6-12-qemu7-2"),
        ("Linux 6.1.192", "", "kvm-svm-tcg-linux6-1-qemuunknown"),
    ],
)
def test_another_kernel_or_qemu_is_another_witness(kernel: str, qemu: str, name: str) -> None:
    for asked in ("host", lab.WITNESS):
        about = replace(PROVENANCE, how="lab", witness=asked, kernel=kernel, tools={"qemu-system-x86_64": qemu})
        assert lab.witness(about) == name
        assert lab.is_other(replace(about, witness=name)) == (name != lab.WITNESS)
    assert lab.witness(replace(about, witness="tcg-max")) == "tcg-max"
    for path in records.FOLDER.rglob("*.json"):
        assert path.name.count(".") == 2, "a witness is also a word in links"


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab VM that is not the one of the records."""
    about = replace(PROVENANCE, how="lab", witness=OTHER, kernel="Linux 6.12.118")
    monkeypatch.setattr(lab, "run", lambda experiment, arguments=None: (Result("there", 0.1), about))


def test_another_lab_vm_does_not_contradict_the_text_silently(another: None) -> None:
    recorded(only_there, lab.WITNESS)
    answer = ask(only_there)
    assert (answer.data, answer.provenance.witness) == ("there", OTHER)
    assert f"The text speaks of {lab.WITNESS} (Linux 1), which answered otherwise" in repr(answer)
    assert len(answer) == 1, "a question that only a lab VM can answer has one answer"
    recorded(not_here, lab.WITNESS)
    assert said(ask(not_here)) == [("lab", OTHER, "there"), ("record", lab.WITNESS, f"record {lab.WITNESS}")]
    assert said(ask(only_there, x=2)) == [("lab", OTHER, "there")], "there is no record of that"
    assert "otherwise" not in repr(ask(only_there, x=2))


def test_another_lab_vm_that_answers_the_same(another: None) -> None:
    assert said(ask(only_there)) == [("lab", OTHER, "there")], "nor is a record needed"
    records.save(only_there.name, "there", replace(PROVENANCE, witness=lab.WITNESS))
    assert said(ask(only_there)) == [("lab", OTHER, "there")]
    assert "otherwise" not in repr(ask(only_there))


def test_another_lab_vm_makes_no_records(another: None) -> None:
    said = record.record(only_there, "lab")
    assert said == f"not recorded: this lab VM is {OTHER}, and the text speaks of {lab.WITNESS}, Debian 12's"
    assert records.witnesses(only_there.name) == []
    kept = records.save(only_there.name, 1, replace(PROVENANCE, note="for one reader", install=("x",))).read_text()
    assert "note" not in kept and "install" not in kept
