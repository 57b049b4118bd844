"""Real children: what is seen of them is settled, bounded, and gone afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syslab.bits.signal_mask import DEFAULT_ACTION, NAMES
from syslab.chapters.processes.signals import cases as signal_cases
from syslab.chapters.processes.signals import processes
from syslab.chapters.processes.signals import typing as keyboard
from syslab.chapters.processes.signals.processes import Child, children, limit_core, masks, state, target_argv

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def no_child_left() -> Iterator[None]:
    before = children(os.getpid())
    yield
    assert children(os.getpid()) == before


@pytest.fixture
def inherited() -> Iterator[None]:
    """A parent that hands down the worst: an ignored SIGINT and SIGQUIT, a blocked SIGTERM."""
    old = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in old.items():
        signal.signal(number, handler)


def test_children_start_clean_whatever_the_parent_hands_down(inherited: None) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        row = signal_cases.observe(number, "default", "process")
        assert (row["stands"], row["outcome"], row["wait_status"]) == ("default", "died", number)


def test_nothing_is_ignored_but_what_the_program_ignores() -> None:
    with Child(["sleep", "60"]) as child:
        assert {name: mask for name, mask in masks(child.pid).items() if mask} == {}
    with signal_cases.program(signal.SIGTERM, "default").child as child:  # Python ignores two signals
        assert masks(child.pid)["SigIgn"] == 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1


def test_an_argument_with_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="contains a NUL"):
        Child(["sleep", "1\0"])


def test_every_default_action_is_what_the_layout_says() -> None:
    reset = "signal.signal(signal.SIGPIPE, signal.SIG_DFL); signal.signal(signal.SIGXFSZ, signal.SIG_DFL)"
    orphaned = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}  # these stop nobody whose process group is orphaned
    for number in range(1, 32):
        running = signal_cases.program(number, "default", reset)
        with running.child as child:
            running.send(number)
            fate = running.settle(len(child.said))
            word = child.word
        action = DEFAULT_ACTION[number]
        expected = (
            "survived" if number in orphaned or action in ("ignore", "continue") else "stopped" if action == "stop" else "died"
        )
        assert fate == expected, NAMES[number]
        assert word == (number if fate == "died" else None), NAMES[number]


def test_words_come_in_order() -> None:
    running = signal_cases.program(signal.SIGTERM, "default")
    with running.child as child:
        running.send(signal.SIGSTOP)
        assert running.settle(len(child.said)) == "stopped"
        running.send(signal.SIGCONT)
        assert running.go_on(len(child.said)) == "continued"
        child.until(lambda: child.said.count("alive\n") == 2, "the answer that was asked for while it was stopped, and the next")
        running.send(signal.SIGTERM)
        assert running.settle(len(child.said)) == "died"
        assert child.words == [0x137F, 0xFFFF, 0x0F] and child.word == 0x0F


def test_masks_show_the_disposition() -> None:
    for disposition, mask in (("ignored", "SigIgn"), ("handled", "SigCgt"), ("blocked", "SigBlk")):
        with signal_cases.program(signal.SIGTERM, disposition).child as child:
            assert masks(child.pid)[mask] >> signal.SIGTERM - 1 & 1
    with pytest.raises(OSError):
        masks(child.pid)
    assert state(child.pid) == ""


def test_core_limit_is_the_one_that_stops_both_kinds() -> None:
    with signal_cases.program(signal.SIGQUIT, "default").child as child:
        assert limit_core(child.pid, processes.NO_CORE) == 1
        os.kill(child.pid, signal.SIGQUIT)
        child.until(lambda: child.words, "its end")
    assert child.word == 3


def test_a_silent_child_is_given_up_and_killed() -> None:
    with Child(["sleep", "60"]) as child, pytest.raises(TimeoutError, match="for a word; the child said"):
        child.until(lambda: child.said, "a word", 0.05)
    assert child.word == signal.SIGKILL
    child.close()  # again: nothing happens


def test_an_exception_inside_with_kills_too() -> None:
    with pytest.raises(KeyError), Child(["sleep", "60"]) as child:
        raise KeyError
    assert state(child.pid) == ""


def test_no_shell_reads_the_arguments() -> None:
    with Child(["bash", "-c", 'echo "$1"', "bash", "$(echo run); `id` ; 'x"]) as child:
        child.until(lambda: child.words, "its end")
    assert child.said == "$(echo run); `id` ; 'x\n"


def test_descriptors_are_given_back() -> None:
    before = os.listdir("/proc/self/fd")
    signal_cases.observe(signal.SIGTERM, "default", "process")
    signal_cases.observe(signal.SIGHUP, "default", "interactive-bash")
    with pytest.raises(FileNotFoundError, match="no-such-program is not installed"):
        Child(["no-such-program"])
    assert os.listdir("/proc/self/fd") == before


def test_bad_words() -> None:
    with pytest.raises(ValueError, match="disposition 'deaf' is none of default, ignored"):
        target_argv(15, "deaf")
    for bad in ("BOO", "", "15", 15, None):
        with pytest.raises(ValueError, match="is none of INT, TERM"):
            signal_cases.number_of(bad)  # type: ignore[arg-type]
    assert signal_cases.number_of("sigterm") == signal_cases.number_of("TERM") == 15


def test_a_setup_that_fails_says_so() -> None:
    with pytest.raises(RuntimeError, match="wait status 0x100: ZeroDivisionError"):
        signal_cases.program(15, "default", "1/0")
    with pytest.raises(RuntimeError, match="wait status 0x0: it said nothing"):
        signal_cases.program(15, "default", "sys.exit(0)")


REFUSED = """
import json
with open("/proc/sys/user/max_user_namespaces", "w") as limit:  # of the user namespace this runs in, no other
    limit.write("0")
from syslab.chapters.processes.signals import cases as signal_cases
print(json.dumps(signal_cases.observe(15, "default", "pid-1")))
"""


@pytest.mark.skipif(bool(signal_cases.namespace_refusal()), reason=f"no user namespace here: {signal_cases.namespace_refusal()}")
def test_a_kernel_that_refuses_is_quoted() -> None:
    argv = ["unshare", "--user", "--map-root-user", sys.executable, "-c", REFUSED]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["outcome"], row["wait_status"]) == ("not possible here", None)
    assert row["why"].startswith("unshare: unshare failed: ")


ALL_OF_THEM = """
import ctypes, json, os, signal
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: whoever is orphaned comes to us
from syslab.chapters.processes.signals import typing as keyboard, processes, cases as signal_cases
for target in signal_cases.TARGETS:
    for name, disposition in (("TERM", "default"), ("KILL", "default"), ("STOP", "default"), ("INT", "blocked")):
        signal_cases.observe(signal_cases.number_of(name), disposition, target)
keyboard.with_jobs("^Z")
try:
    signal_cases.program(15, "default", "1/0")
except RuntimeError:
    pass
left = [pid for pid in processes.children(os.getpid()) if processes.state(pid) not in ("Z", "X", "")]
print(json.dumps(left))
"""


def test_nothing_is_left_running() -> None:
    done = subprocess.run([sys.executable, "-c", ALL_OF_THEM], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("heard", range(4))
def test_a_shell_that_falls_silent_is_ended(monkeypatch: pytest.MonkeyPatch, heard: int) -> None:
    """However far it came, from its first prompt to the one behind the trap that was typed."""
    pids: list[int] = []
    hear = Child.hear

    def deaf(self: Child, text: str, after: int = 0) -> int:
        pids.append(self.pid)
        if len(pids) > heard:
            raise TimeoutError("it says nothing")
        return hear(self, text, after)

    monkeypatch.setattr(Child, "hear", deaf)
    with pytest.raises(TimeoutError):
        keyboard._shell(signal.SIGINT)
    assert len(pids) == heard + 1 and state(pids[0]) == ""
