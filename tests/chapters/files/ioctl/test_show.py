"""The tables of the chapter on ioctl, and its list of requests, show what was measured."""

from __future__ import annotations

import re

import pytest

from syslab.bits.ioctl_names import REQUESTS
from syslab.chapters.files.ioctl import ask as experiment
from syslab.chapters.files.ioctl import show as view
from syslab.evidence import Answer, Experiment, recorded, records


@pytest.mark.parametrize(
    ("which", "table"),
    [
        (experiment.resized, view.resized),
        (experiment.files, view.files),
        (experiment.numbers, view.numbers),
    ],
    ids=lambda given: getattr(given, "name", getattr(given, "__name__", "")),
)
def test_every_row_is_shown(which: Experiment, table: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    answer = recorded(which)
    page = table(answer)._repr_html_()  # type: ignore[operator]
    assert page.count("<tr") == 1 + len(answer.data)
    assert page.count('class="provenance"') == 1


def test_every_argument_is_in_the_table() -> None:
    answer = recorded(experiment.arguments)
    table = view.arguments(Answer(experiment.arguments, [answer]))
    text = repr(table)
    assert len(table.rows) == len(answer.data)
    assert "OSError EFAULT: Bad address" in text
    assert "TypeError: ioctl expected at least 2 arguments, got 0" in text
    assert "Python 3." in table.caption
    first = [line.split("  ")[0] for line in text.splitlines()]
    assert first[1:7] == ["ioctl()", "ioctl(tty)", "none", "0", "2**31", "addressof(page)"]
    for shown in ("bytes(4) ", "bytearray(8), False ", "array('H', [0] * 4) ", "memoryview(bytes(8)) "):
        assert f"\n{shown}" in text


def test_numbers_open_in_the_decoder() -> None:
    page = view.numbers(recorded(experiment.numbers))._repr_html_()
    assert 'href="#ioc=0x80085413"' in page
    assert 'href="#ioc=0xae00"' in page


def test_the_witnesses_beside_each_other() -> None:
    answers = [recorded(experiment.kvm, witness) for witness in records.witnesses("ioctl.kvm")]
    table = view.kvm(answers)
    assert table.differing == 0
    assert 'href="#ioc=0xae80"' in table._repr_html_()


def test_every_request_is_in_the_list() -> None:
    widget = view.by_name()
    assert any(row[0] == "KVM_SET_TSS_ADDR" and "address" in row[3] for row in widget.rows), (
        "api.rst, KVM_SET_TSS_ADDR: an unsigned long"
    )
    assert len(widget.rows) == len(REQUESTS)
    assert next(row[:3] for row in widget.rows if row[0] == "TIOCGWINSZ") == ["TIOCGWINSZ", "0x5413", "0x5413, as it is"]
    assert next(row for row in widget.rows if row[0] == "KVM_RUN")[1:4] == ["0xae80", "_IO(0xae, 0x80)", "an int, or nothing"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ioctl(0, TCGETS, {B38400 opost isig icanon echo ...}) = 0", "TCGETS"),
        ("ioctl(3</dev/pts/0>, 0x5413, 0x7ffd) = 0", "0x5413"),
        ("[pid 7] ioctl(11, KVM_RUN, 0) = 0", "KVM_RUN"),
    ],
)
def test_lines_of_strace(line: str, name: str) -> None:
    found = re.search(view.STRACE, line)
    assert found and found[1] == name
