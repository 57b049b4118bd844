"""The mask of signals against Python's signal module, bash and a real process."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.bits import get
from syslab.bits.bare import as_logged
from syslab.bits.signal_mask import DEFAULT_ACTION, NAMES, NUMBERS, SIGMASK


def test_numbers_are_those_of_the_c_headers() -> None:
    theirs = {int(s): s.name for s in signal.Signals if int(s) < 32}
    assert {n: name for n, name in NAMES.items() if n < 32} == theirs
    assert NAMES[int(signal.SIGRTMIN)] == "SIGRTMIN" and NAMES[int(signal.SIGRTMAX)] == "SIGRTMAX"
    assert sorted(NAMES) == list(range(1, 65)) and len(NUMBERS) == 64


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_names_are_those_of_bash() -> None:
    numbers = [n for n in NAMES if n not in (32, 33)]
    argv = ["bash", "-c", 'kill -l "$@"', "bash", *map(str, numbers)]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert [NAMES[n].removeprefix("SIG") for n in numbers] == [name.replace("POLL", "IO") for name in said]


def test_default_actions() -> None:
    by_action = {action: {NAMES[n] for n in range(1, 32) if DEFAULT_ACTION[n] == action} for action in set(DEFAULT_ACTION.values())}
    assert by_action["ignore"] == {"SIGCHLD", "SIGURG", "SIGWINCH"}
    assert by_action["stop"] == {"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"}
    assert by_action["continue"] == {"SIGCONT"}
    assert by_action["core"] >= {
        "SIGQUIT",
        "SIGILL",
        "SIGABRT",
        "SIGFPE",
        "SIGSEGV",
        "SIGBUS",
        "SIGSYS",
        "SIGTRAP",
        "SIGXCPU",
        "SIGXFSZ",
    }
    assert set(DEFAULT_ACTION) == set(NAMES)


@given(st.sets(st.sampled_from(sorted(NAMES))))
def test_bit_n_minus_1_is_signal_n(numbers: set[int]) -> None:
    mask = sum(1 << n - 1 for n in numbers)
    assert SIGMASK.encode(*(NAMES[n] for n in numbers)) == mask
    decoded = SIGMASK.decode(mask)
    assert {NUMBERS[name] for name in decoded.set_names} == numbers
    assert decoded.reserved == () and decoded.impossible == ()


@given(st.integers(0, (1 << 64) - 1), st.sampled_from(["SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"]))
def test_reads_every_line_of_proc_status(mask: int, name: str) -> None:
    reading = SIGMASK.read(f"{name}:\t{mask:016x}\n")
    assert reading.value == mask and name in reading.how


def test_reads_the_mask_of_this_process() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGRTMAX])
    try:
        with open("/proc/thread-self/status", encoding="utf-8") as status:
            blocked = SIGMASK.decode(SIGMASK.read(status.read()).value)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert {"SIGUSR1", "SIGRTMAX"} <= set(blocked.set_names)


def test_sentences() -> None:
    assert SIGMASK.sentence(0) == "Nothing is set."
    assert SIGMASK.sentence(0x1001000) == "Set: SIGPIPE, SIGXFSZ."
    assert SIGMASK.sentence(0x6) == "Set: SIGINT, SIGQUIT."


@pytest.mark.parametrize(
    ("text", "reason"), [("SigQ:\t0/96365", "no mask"), ("SigIgn: 12", "cannot read"), (hex(1 << 64), "64 bits wide")]
)
def test_what_is_no_mask(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        SIGMASK.read(text)


def test_a_mask_is_an_int() -> None:
    with pytest.raises(TypeError, match="signal mask"):
        SIGMASK.decode("6")  # type: ignore[arg-type]


def test_anchor() -> None:
    assert get("sigmask") is as_logged(SIGMASK)
