"""Facts of the chapter on ioctl: from this machine, and from the records."""

from __future__ import annotations

import os
import sys
import termios
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.bits.ioctl_names import BY_NAME
from syslab.chapters.files.ioctl import ask as experiment
from syslab.chapters.files.ioctl.argument import parse
from syslab.chapters.files.ioctl.ask import Argument
from syslab.chapters.files.ioctl.window import program, resize, terminal
from syslab.evidence import Evidence, ExperimentFailed, ask, recorded, records
from syslab.evidence.lab import WITNESS as LAB
from tests.anew import anew

pytestmark = pytest.mark.skipif(bool(experiment.arguments.missing()), reason="needs Linux")
LIMIT_GONE = sys.version_info >= (3, 15)
FILLED = "18 00 50 00 …"  # 24 and 80, as x86 and ARM order bytes
HERE = (experiment.resized, experiment.arguments, experiment.files, experiment.numbers)


@pytest.mark.parametrize("which", HERE, ids=lambda which: which.name)
def test_rows_are_stable_and_as_recorded(which: Any) -> None:
    first, second = ask(which), anew(which)
    assert first.data == second.data
    assert records.witnesses(which.name) == ["host"]
    if which is not experiment.arguments:  # what Python says depends on its version
        assert recorded(which).data == first.data


def calls() -> dict[tuple[str, str], Argument]:
    return {(row["before"], row["call"]): row for row in ask(experiment.arguments).data}


def test_every_kind_of_argument() -> None:
    rows = calls()
    assert list(rows) == list(experiment.ARGUMENTS)
    assert len(rows) == 17, "the chapter says sixteen besides the note's own"

    def row(call: str, before: str = "") -> Argument:
        return rows[before, call]

    assert row("ioctl()")["error"] == row("ioctl(tty)")["error"] == "TypeError"
    assert "at least 2 arguments, got 0" in row("ioctl()")["message"]
    for call in ("ioctl(tty, TIOCGWINSZ)", "ioctl(tty, TIOCGWINSZ, 0)"):
        assert (row(call)["error"], row(call)["errno"]) == ("OSError", "EFAULT")
    assert row("ioctl(tty, TIOCGWINSZ, 2**31)")["error"] == "OverflowError"
    assert row("ioctl(tty, TIOCGWINSZ, address)", "address = addressof(page)")["error"] == "OverflowError"
    assert row("ioctl(tty, TIOCGWINSZ, 1.5)")["error"] == "TypeError"
    assert row("ioctl(tty, TIOCGWINSZ, bytes(8))")["returned"] == f"8 bytes: {FILLED}"
    assert row("ioctl(tty, TIOCGWINSZ, bytes(1024))")["returned"] == f"1024 bytes: {FILLED}"


def test_too_short() -> None:
    row = calls()["", "ioctl(tty, TIOCGWINSZ, bytes(4))"]
    assert row["returned"] == "4 bytes: 18 00 50 00" or row["error"] == "SystemError"


def test_the_limit() -> None:
    rows = calls()
    for key, limited in (
        (("", "ioctl(tty, TIOCGWINSZ, bytes(1025))"), True),
        (("buffer = bytearray(1025)", "ioctl(tty, TIOCGWINSZ, buffer, False)"), True),
        (("buffer = bytearray(1025)", "ioctl(tty, TIOCGWINSZ, buffer)"), False),
    ):
        if limited and not LIMIT_GONE:
            assert rows[key]["error"] == "ValueError"
        else:
            assert not rows[key]["error"]
    assert rows["buffer = bytearray(1025)", "ioctl(tty, TIOCGWINSZ, buffer)"]["returned"] == "0"


def test_in_place_or_a_copy() -> None:
    rows = calls()
    changed = rows["buffer = bytearray(8)", "ioctl(tty, TIOCGWINSZ, buffer)"]
    copied = rows["buffer = bytearray(8)", "ioctl(tty, TIOCGWINSZ, buffer, False)"]
    fixed = rows["buffer = memoryview(bytes(8))", "ioctl(tty, TIOCGWINSZ, buffer)"]
    other = rows["buffer = array('H', [0] * 4)", "ioctl(tty, TIOCGWINSZ, buffer)"]
    assert (changed["returned"], changed["buffer"]) == (other["returned"], other["buffer"]) == ("0", f"8 bytes: {FILLED}")
    for row in (copied, fixed):
        assert (row["returned"], row["buffer"]) == (f"8 bytes: {FILLED}", "8 bytes: 00 00 00 00 …")


def test_who_answers() -> None:
    rows = {row["file"]: row for row in ask(experiment.files).data}
    assert [row["waiting"] for row in rows.values()] == ["6", "5", "3", "5", "ENOTTY", "ENOTTY", "EBADF", "EBADF"]
    assert [row["window"] for row in rows.values()] == ["a size", *["ENOTTY"] * 5, "EBADF", "EBADF"]
    assert len(rows) == len(experiment.FILES) == 8, "the chapter says eight kinds"


def test_the_kernel_does_not_read_the_parts() -> None:
    rows = ask(experiment.numbers).data
    assert [row["answer"] for row in rows] == [f"8 bytes: {FILLED}", "ENOTTY", "ENOTTY", "EINVAL", "EINVAL", "0"]
    assert termios.TIOCGWINSZ == 0x5413
    assert BY_NAME["TIOCSIG"].number == 0x40045436


def test_the_window() -> None:
    rows = ask(experiment.resized).data
    assert [row["signal"] for row in rows] == [False, True, True, False, True]
    assert [row["rows"] for row in rows] == [0, 24, 10, 10, 50]
    assert all([row["rows"], row["columns"]] == row["set"] for row in rows[1:])


def test_nothing_is_left() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with terminal() as ends, program(ends.tty) as child:
        resize(ends.master, 1, 1)
    assert child.returncode is not None
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(RuntimeError, match="mine"), terminal() as ends, program(ends.tty) as child:
        raise RuntimeError("mine")
    assert child.returncode is not None
    assert set(os.listdir("/proc/self/fd")) == before


def kvm_answers() -> list[Evidence]:
    kept = [recorded(experiment.kvm, witness) for witness in records.witnesses(experiment.kvm.name)]
    return kept + ([] if experiment.kvm.missing() else [ask(experiment.kvm)])


def test_dev_kvm() -> None:
    assert LAB in records.witnesses(experiment.kvm.name)
    for answer in kvm_answers():
        assert [row["answer"] for row in answer.data] == ["12", "EINVAL", "1", "EINVAL", "EINVAL"]


@pytest.mark.parametrize("request_", experiment.REQUESTS)
@pytest.mark.parametrize("argument", ["", "0", "bytes(64)", "bytearray(64)"])
def test_one_of_each(request_: str, argument: str) -> None:
    answer = experiment.one(request=request_, argument=argument)
    assert bool(answer["it returns"]) != bool(answer["the error"])
    assert bool(answer["the buffer afterwards"]) == argument.startswith("bytearray")


def test_one_asked_as_the_reader_does() -> None:
    assert ask(experiment.one, argument="bytearray(8)").data["the buffer afterwards"] == f"8 bytes: {FILLED}"
    with pytest.raises(ExperimentFailed, match="no request 'TIOCSTI'"):
        ask(experiment.one, request="TIOCSTI")


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), (" 7 ", 7), ("0x18", 24), ("-1", -1), ("bytes(0)", b""), ("bytes( 3 )", bytes(3)), ("bytearray(2)", bytearray(2))],
)
def test_parse(text: str, value: Any) -> None:
    read = parse(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize("text", ["bytes", "bytes()", "bytes(-1)", "bytes(65537)", "1.5", "eval('1')", "list(3)", "None"])
def test_what_is_no_argument_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no argument|too long"):
        parse(text)


@given(st.text(max_size=30))
def test_parse_never_fails_otherwise(text: str) -> None:
    try:
        read = parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert read is None or isinstance(read, int | bytes | bytearray)


@pytest.mark.skipif(bool(experiment.room.missing()), reason="needs /dev/kvm")
def test_the_kernel_believes_the_header() -> None:
    """KVM copies as many entries as fit into ``nent`` (kvm_dev_ioctl_get_cpuid), whatever the number's size is."""
    short, over, enough = (row["outcome"] for row in ask(experiment.room).data)
    assert (short, enough) == ("E2BIG", "returned 0")
    assert over.startswith("Python was killed by SIG") or over.startswith("SystemError")
