"""Every fact of the chapter on signals, asked of this machine."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from itertools import product

import pytest

from syslab.bits.wait_status import WAIT
from syslab.chapters.processes.signals import ask as signals
from syslab.chapters.processes.signals.cases import (
    DISPOSITIONS,
    NAMESPACED,
    SHELLS,
    SIGNALS,
    TARGETS,
    TITLES,
    Observed,
    namespace_refusal,
)
from syslab.chapters.processes.signals.exercises import orderly
from syslab.chapters.processes.signals.typing import KEYS
from syslab.evidence import ExperimentFailed, Need, ask
from syslab.evidence.experiment import Witness
from tests.anew import anew

pytestmark = pytest.mark.skipif(bool(signals.outcomes.missing()), reason="needs Linux, bash and unshare")
refused = namespace_refusal() if shutil.which("unshare") else "unshare is not installed"
TERMINATING = ("INT", "TERM", "QUIT", "HUP")
Rows = dict[tuple[str, str, str], Observed]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return {(r["signal"], r["disposition"], r["target"]): r for r in ask(signals.outcomes).data}


def number(name: str) -> int:
    return int(signal.Signals[f"SIG{name}"])


def test_every_choice_has_one_row_in_order(rows: Rows) -> None:
    assert list(rows) == [(name, how, target) for target, name, how in product(TARGETS, SIGNALS, DISPOSITIONS)]
    assert set(TITLES) == set(TARGETS)
    outcomes = Counter(row["outcome"] for row in rows.values())
    assert set(outcomes) <= {"died", "survived", "stopped", "continued", "not possible here"}
    assert all(bool(row["why"]) == (row["outcome"] == "not possible here") for row in rows.values())


def test_rows_are_stable(rows: Rows) -> None:
    again = {(r["signal"], r["disposition"], r["target"]): r for r in anew(signals.outcomes).data}
    assert again == rows


@pytest.mark.parametrize("name", TERMINATING)
def test_a_plain_process(rows: Rows, name: str) -> None:
    died = rows[name, "default", "process"]
    assert (died["outcome"], died["wait_status"], died["core"], died["atexit_ran"]) == ("died", number(name), False, False)
    assert WAIT.sentence(number(name)) == f"Ended by SIG{name} ({number(name)}), no core."
    assert rows[name, "ignored", "process"]["outcome"] == "survived"
    handled = rows[name, "handled", "process"]
    assert (handled["outcome"], handled["said"]) == ("survived", [f"handler SIG{name}"])
    blocked = rows[name, "blocked", "process"]
    assert (blocked["outcome"], blocked["pending"], blocked["sig_blk"]) == ("survived", True, hex(1 << number(name) - 1))


@pytest.mark.parametrize("name", ["KILL", "STOP"])
def test_kill_and_stop_obey_nobody(rows: Rows, name: str) -> None:
    for how in DISPOSITIONS:
        row = rows[name, how, "process"]
        assert row["refused"] == ("EINVAL" if how in ("ignored", "handled") else "")  # blocking is silently ignored
        assert row["stands"] == "default"
        assert (row["outcome"], row["wait_status"]) == (("died", 9) if name == "KILL" else ("stopped", 0x137F))


@pytest.mark.parametrize("target", [t for t in TARGETS if t not in NAMESPACED])
def test_continuing_does_not_ask_for_the_disposition(rows: Rows, target: str) -> None:
    for how in DISPOSITIONS:
        row = rows["CONT", how, target]
        assert row["outcome"] == "continued" and row["pending"] == (how == "blocked")
        assert row["said"] == (["handler SIGCONT"] if how == "handled" else [])
        assert row["wait_status"] == (None if target == "background-job" else 0xFFFF)


def test_an_interactive_bash_survives_two_of_the_three_recommended_signals(rows: Rows) -> None:
    fates = {name: rows[name, "default", "interactive-bash"] for name in SIGNALS}
    assert {name for name, row in fates.items() if row["outcome"] == "died"} == {"HUP", "KILL"}
    assert (fates["TERM"]["stands"], fates["QUIT"]["stands"], fates["INT"]["stands"]) == ("ignored", "ignored", "handled")
    assert fates["HUP"]["wait_status"] == 1


def test_a_script_run_by_bash_ignores_only_sigquit(rows: Rows) -> None:
    fates = {name: rows[name, "default", "script"] for name in TERMINATING}
    assert {name: row["outcome"] for name, row in fates.items()} == {
        "INT": "died",
        "TERM": "died",
        "QUIT": "survived",
        "HUP": "died",
    }
    assert fates["QUIT"]["stands"] == "ignored" and fates["TERM"]["wait_status"] == 15


def test_a_script_that_waits_for_a_command_survives_an_interrupt_of_its_own(rows: Rows) -> None:
    waiting = rows["INT", "default", "script-waiting"]
    assert (waiting["outcome"], waiting["stands"]) == ("survived", "handled")
    assert rows["TERM", "default", "script-waiting"]["wait_status"] == 15


@pytest.mark.parametrize("target", SHELLS)
def test_a_trap_catches_and_an_empty_trap_ignores(rows: Rows, target: str) -> None:
    for name in TERMINATING:
        ignored = rows[name, "ignored", target]
        assert (ignored["stands"], ignored["outcome"]) == ("ignored", "survived")
        if target != "interactive-bash" or name in ("INT", "QUIT"):
            assert rows[name, "handled", target]["said"] == [f"handler SIG{name}"]


def test_a_trap_makes_an_interactive_bash_more_vulnerable(rows: Rows) -> None:
    """readline, waiting for a key, takes a caught SIGTERM or SIGHUP for the end of input (input.c, rl_getc): bash exits."""
    for name in ("TERM", "HUP"):
        row = rows[name, "handled", "interactive-bash"]
        assert (row["stands"], row["outcome"], row["wait_status"], row["said"]) == ("handled", "died", 0, [])


def test_a_background_job_of_a_script_ignores_what_keys_send(rows: Rows) -> None:
    job = rows["TERM", "default", "background-job"]
    plain = rows["TERM", "default", "process"]
    assert int(job["sig_ign"], 16) & ~int(plain["sig_ign"], 16) == 0x6  # SIGINT and SIGQUIT
    assert rows["TERM", "default", "script"]["sig_ign"] == "0x4"  # bash itself: SIGQUIT
    assert (job["outcome"], job["wait_status"], job["shell_status"]) == ("died", None, 143)
    for name in ("INT", "QUIT"):
        assert rows[name, "default", "background-job"]["outcome"] == "survived"
        assert rows[name, "handled", "background-job"]["outcome"] == "survived"


def test_what_is_blocked_is_kept_even_if_it_is_ignored(rows: Rows) -> None:
    row = rows["INT", "blocked", "background-job"]
    assert row["stands"] == "blocked, ignored" and row["pending"] is True


@pytest.mark.skipif(bool(refused), reason=f"no pid namespace here: {refused}")
def test_pid_1_needs_a_handler(rows: Rows) -> None:
    for name in TERMINATING:
        for target in NAMESPACED:
            assert rows[name, "default", target]["outcome"] == "survived"
            assert rows[name, "default", target]["stands"] == "default"
            assert rows[name, "handled", target]["said"] == [f"handler SIG{name}"]
    for name, from_outside in (("KILL", "died"), ("STOP", "stopped")):
        assert rows[name, "default", "pid-1"]["outcome"] == from_outside
        assert rows[name, "default", "pid-1-inside"]["outcome"] == "survived"
    assert rows["KILL", "default", "pid-1"]["wait_status"] == 9


@pytest.mark.skipif(bool(refused), reason=f"no pid namespace here: {refused}")
def test_pid_1_continues(rows: Rows) -> None:
    assert rows["CONT", "default", "pid-1"]["outcome"] == "continued"
    assert rows["CONT", "default", "pid-1-inside"]["outcome"] == "survived"  # SIGSTOP from inside had not stopped it


def test_a_refused_namespace_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from syslab.chapters.processes.signals import cases as signal_cases

    monkeypatch.setattr(signal_cases, "namespace_refusal", lambda: "unshare: unshare failed: Operation not permitted")
    row = signals.one(signal="TERM", target="pid-1")
    assert (row["outcome"], row["why"]) == ("not possible here", "unshare: unshare failed: Operation not permitted")


def test_one_row_is_the_row_of_the_table(rows: Rows) -> None:
    for key in (("TERM", "handled", "process"), ("QUIT", "default", "script"), ("TERM", "default", "interactive-bash")):
        name, how, target = key
        assert ask(signals.one, signal=f"SIG{name}", disposition=how, target=target).data == rows[key]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"signal": "BOO"}, "signal 'BOO' is none of INT, TERM"),
        ({"disposition": "deaf"}, "disposition 'deaf' is none of default, ignored"),
        ({"target": "PID 1; reboot"}, "target 'PID 1; reboot' is none of process, script"),
    ],
)
def test_unknown_words(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        signals.one(**arguments)


def test_keys_reach_the_foreground_process_group_alone() -> None:
    answer = ask(signals.keyboard).data
    assert Counter(row["key"] for row in answer) == dict.fromkeys(KEYS, 5)
    assert all(row["got_it"] == row["in_foreground_group"] for row in answer)
    fate = {"^C": "died", "^\\": "died", "^Z": "stopped"}
    code = {"^C": 130, "^\\": 131, "^Z": 148}
    for row in answer:
        in_front = row["process"].startswith("job in front")
        assert row["outcome"] == (fate[row["key"]] if in_front else "survived")
        assert row["got_it"] == (in_front or row["situation"] == "prompt")
        if "second" in row["process"]:
            assert row["shell_status"] == code[row["key"]]


def test_the_core_flag_follows_core_pattern_and_the_limit() -> None:
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as f:
        pattern = f.read().strip()
    answer = {row["limit"]: row for row in ask(signals.core_flag).data}
    assert {row["core_pattern"] for row in answer.values()} == {pattern}
    assert answer["1 byte"]["wait_status"] == 3  # stops a file and a pipe
    rule = answer["0"]["rule"]
    assert answer["0"]["wait_status"] == (0x83 if rule == "piped" else 3)
    hard = answer["the hard limit"]
    if rule == "file" and hard["raised"]:
        assert (hard["wait_status"], hard["core"]) == (0x83, True)
    assert hard["tried"] == (rule in ("file", "off"))
    assert not [name for name in os.listdir() if name == "core" or name.startswith("core.")]


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("core", "file"),
        ("core.%p", "file"),
        ("/var/cores/%e", "file elsewhere"),
        ("|/bin/collect %p", "piped"),
        ("@/run/x", "piped"),
        ("", "off"),
    ],
)
def test_core_patterns(pattern: str, rule: str) -> None:
    assert signals._core_rule(pattern) == rule


def test_clean_up_runs_only_where_somebody_arranged_it() -> None:
    answer = {(r["program"], r["signal"], r["handling"]): r for r in ask(signals.clean_up).data}
    default = answer["Python", "TERM", "sets nothing"]
    assert (default["wait_status"], default["atexit_ran"], default["finally_ran"]) == (15, False, False)
    handled = answer["Python", "TERM", "handler that calls sys.exit(3)"]
    assert (handled["wait_status"], handled["atexit_ran"], handled["finally_ran"]) == (0x300, True, True)
    interrupted = answer["Python", "INT", "sets nothing: Python raises KeyboardInterrupt"]
    assert (interrupted["wait_status"], interrupted["atexit_ran"], interrupted["finally_ran"]) == (2, True, True)
    assert not answer["Python", "INT", "default action instead of Python's"]["atexit_ran"]
    assert answer["Python", "TERM", "handler that returns"]["outcome"] == "survived"
    assert not answer["Python", "KILL", "sets nothing"]["atexit_ran"]
    assert answer["bash", "TERM", "a trap on EXIT, none on the signal"]["atexit_ran"]
    assert not answer["bash", "KILL", "a trap on EXIT, none on the signal"]["atexit_ran"]


def test_one_end_told_three_ways() -> None:
    answer = {row["command"]: row for row in ask(signals.shell_says).data}
    for name, status in (("HUP", 129), ("INT", 130), ("QUIT", 131), ("KILL", 137), ("TERM", 143)):
        row = answer[f"ended by SIG{name}"]
        assert (row["wait_status"], row["returncode"], row["shell_status"]) == (status - 128, 128 - status, status)
    assert answer["exit 143"]["shell_status"] == answer["ended by SIGTERM"]["shell_status"]
    assert answer["exit 143"]["wait_status"] == 0x8F00


def test_a_setup_decides() -> None:
    in_order = ask(signals.with_setup, setup="signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))").data
    assert (in_order["wait_status"], in_order["atexit_ran"]) == (0, True)
    at_once = ask(signals.with_setup, setup="signal.signal(signal.SIGTERM, lambda *_: os._exit(0))").data
    assert (at_once["wait_status"], at_once["atexit_ran"]) == (0, False)
    with pytest.raises(ExperimentFailed, match="NameError"):
        ask(signals.with_setup, setup="no_such_thing")


def test_the_exercise_says_so_where_it_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    unicorn = Need("a unicorn", lambda: None)
    monkeypatch.setattr(Witness, "missing", lambda self: [(unicorn, "there are none")])
    reply = orderly.check("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))")
    assert not reply.right
    assert reply.text == "Nothing was tried. signals.with_setup cannot run here: needs a unicorn, but there are none"


def test_a_background_job_inherits_ignored_signals() -> None:
    data = ask(signals.inherited).data
    front, behind = (int(line.split()[1], 16) for line in data["said"].splitlines())
    assert behind & ~front == 0x6
    assert data["returncode"] == 0


def test_a_trap_on_exit_runs_and_the_signal_still_ends_bash() -> None:
    data = ask(signals.trapped).data
    assert data["said"] == "cleaning up\n"
    assert (data["wait_status"], data["returncode"]) == (15, -15)
