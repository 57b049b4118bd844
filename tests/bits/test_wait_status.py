"""The status word of wait(2) against the W macros, and $? against bash's own words."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.bits import get
from syslab.bits.signal_mask import NAMES
from syslab.bits.wait_status import SHELL_STATUS, WAIT
from tests.exhaustive import EXHAUSTIVE

# each low byte, with the high bytes that say something, and every 61st word; all of them under make test-all
HIGH = (0, 1, 5, 9, 0x13, 0x40, 0x7F, 0x80, 0x85, 0xFF)
LOW_WORDS = (
    range(1 << 16) if EXHAUSTIVE else sorted({high << 8 | low for high in HIGH for low in range(256)} | set(range(0, 1 << 16, 61)))
)


def shown(number: int) -> str:
    return f"{NAMES[number]} ({number})" if number not in (32, 33) else f"signal {number}, which glibc keeps for itself"


def from_the_macros(word: int) -> str | None:
    """The sentence that glibc's macros (through Python) allow; None where they name no state a kernel reports."""
    if os.WIFCONTINUED(word):
        return "Continued by SIGCONT."
    if os.WIFSTOPPED(word):
        return f"Stopped by {shown(os.WSTOPSIG(word))}." if os.WSTOPSIG(word) in NAMES else None
    if os.WIFEXITED(word):
        return None if os.WCOREDUMP(word) else f"Exited with code {os.WEXITSTATUS(word)}."
    if os.WIFSIGNALED(word) and os.WTERMSIG(word) in NAMES and word < 0x100:
        return f"Ended by {shown(os.WTERMSIG(word))}, {'core dumped' if os.WCOREDUMP(word) else 'no core'}."
    return None


@pytest.mark.long
def test_every_low_word_agrees_with_the_macros() -> None:
    wrong = []
    for word in LOW_WORDS:
        expected, sentence = from_the_macros(word), WAIT.sentence(word)
        if expected is not None and sentence != expected:
            wrong.append((hex(word), sentence, expected))
    assert not wrong[:3]


@pytest.mark.long
def test_every_low_word_without_a_state_is_named_so() -> None:
    for word in LOW_WORDS:
        if from_the_macros(word) is not None:
            assert not WAIT.decode(word).impossible, hex(word)
        elif word != 0x80 << 8 | 5 << 8 | 0x7F:  # the system call stop
            decoded = WAIT.decode(word)
            stopped_by_none = decoded.sentence.endswith("which is no signal.")
            beside_a_signal = "that only an exit has" in decoded.sentence
            assert decoded.impossible or stopped_by_none or beside_a_signal, (hex(word), decoded.sentence)
            assert len(decoded.impossible) == len(set(decoded.impossible))


@given(st.integers(0, (1 << 32) - 1))
def test_fields_put_together_again_give_the_word(word: int) -> None:
    decoded = WAIT.decode(word)
    again = WAIT.encode(**decoded.fields) | sum(1 << bit for bit in decoded.reserved)
    assert again == word
    assert decoded.sentence.count("{") == 0 and decoded.sentence.endswith(".")


@given(st.integers(0, 255))
def test_exit_codes(code: int) -> None:
    assert WAIT.sentence(WAIT.encode(STATUS=code)) == f"Exited with code {code}."


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (0x300, "Exited with code 3."),
        (0x0F, "Ended by SIGTERM (15), no core."),
        (0x8B, "Ended by SIGSEGV (11), core dumped."),
        (0x147F, "Stopped by SIGTSTP (20)."),
        (0xFFFF, "Continued by SIGCONT."),
        (0x857F, "Stopped at a system call, for a tracer."),
        (0x6057F, "Stopped by SIGTRAP (5), at the tracer's event exit."),
        (0x80137F, "Stopped by SIGSTOP (19), at the tracer's event stop."),
        (0x1000000, "Exited with code 0. Reserved bit set: 24."),
    ],
)
def test_sentences(word: int, sentence: str) -> None:
    assert WAIT.sentence(word) == sentence


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x8b", 0x8B),
        ("139", 139),
        ("(4711, 256)", 256),
        ("wstatus = 0x137f", 0x137F),
        ("77 (a (b) c) Z " + " ".join(["-1"] + ["0"] * 47) + " 15", 15),
    ],
)
def test_reading(text: str, value: int) -> None:
    assert WAIT.read(text).value == value


def test_reads_a_real_line_of_proc_stat() -> None:
    with open("/proc/self/stat", encoding="utf-8") as line:
        assert WAIT.read(line.read()).value == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("si_status=15", "si_status"),
        ("Main process exited, code=killed, status=15/TERM", "systemd"),
        ("-15", "returncode"),
        ("0x100000000", "32 bits wide"),
        ("", "nothing to read"),
        ("ended", "cannot read"),
    ],
)
def test_what_is_not_the_word_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        WAIT.read(text)


@pytest.mark.parametrize("bad", [-1, 1 << 32])
def test_too_wide(bad: int) -> None:
    with pytest.raises(ValueError, match="wait status is 32 bits wide"):
        WAIT.decode(bad)


@pytest.mark.parametrize("bad", [True, 1.0, "15", None])
def test_wrong_types(bad: object) -> None:
    with pytest.raises(TypeError, match="wait status"):
        WAIT.decode(bad)  # type: ignore[arg-type]


def test_shell_status_is_honest_about_its_two_meanings() -> None:
    assert SHELL_STATUS.sentence(143) == "128 + 15: ended by SIGTERM (15), or the program itself returned 143."
    assert SHELL_STATUS.sentence(148) == "128 + 20: stopped by SIGTSTP (20), or the program itself returned 148."
    assert SHELL_STATUS.sentence(145) == "128 + 17: the program itself returned 145; SIGCHLD (17) ends no process."
    assert SHELL_STATUS.sentence(255) == "128 + 127: the program itself returned it; there is no signal 127."
    assert SHELL_STATUS.sentence(3) == "3: the program itself returned 3."
    for status in range(256):
        could_be_a_signal = " by " in SHELL_STATUS.sentence(status)
        ends_nothing = {int(signal.SIGCHLD), int(signal.SIGCONT), int(signal.SIGURG), int(signal.SIGWINCH)}
        assert could_be_a_signal == (129 <= status <= 192 and status - 128 not in ends_nothing), status


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_names_the_same_signals() -> None:
    statuses = [str(s) for s in range(129, 193) if s - 128 not in (32, 33)]
    said = subprocess.run(["bash", "-c", 'kill -l "$@"', "bash", *statuses], capture_output=True, text=True, timeout=60, check=True)
    for status, name in zip(statuses, said.stdout.split(), strict=True):
        assert NAMES[int(status) - 128].removeprefix("SIG") == name.replace("POLL", "IO")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("143", 143),
        ("$?=130", 130),
        ("exit code 137", 137),
        ("Exited (137) 2 minutes ago", 137),
        ("returned non-zero exit status 143.", 143),
        ("make: *** [Makefile:3: all] Error 143", 143),
        ("Main process exited, code=exited, status=143/n/a", 143),
    ],
)
def test_reading_shell_status(text: str, value: int) -> None:
    assert SHELL_STATUS.read(text).value == value


@pytest.mark.parametrize(
    ("text", "reason"), [("256", "8 bits wide"), ("code=killed, status=15/TERM", "systemd"), ("-15", "returncode")]
)
def test_what_is_no_shell_status(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        SHELL_STATUS.read(text)


def test_anchors() -> None:
    assert get("wait") is WAIT and get("shell-status") is SHELL_STATUS
