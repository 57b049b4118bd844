"""On Windows, macOS and an Arm machine everything can be imported, and what cannot run there is a record that says so."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from syslab.chapters.kvm.vcpu_requests import spinning_vcpu
from syslab.chapters.processes.signals import typing as keyboard
from syslab.kvm import bounded
from syslab.native import faults
from tests.other_systems import ARM_LINUX, MAC, NOWHERE, WINDOWS, System, lacks
from tools.chapters import all_chapters
from tools.environment import ROOT

WSL = "; on Windows, in WSL"
POORER = (WINDOWS, MAC)
REAL = (WINDOWS, MAC, ARM_LINUX)


@cache
def report(system: System) -> dict[str, Any]:
    """What became of everything on that system."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.elsewhere", str(system)], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONWARNDEFAULTENCODING": "1", "SYSLAB_EVIDENCE": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Building the lab VM" not in done.stderr
    return dict(json.loads(done.stdout))


def test_the_other_systems_are_poor() -> None:
    modules, names = lacks(WINDOWS)
    assert {"fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog", "posix"} <= modules
    assert {"fork", "killpg", "geteuid", "memfd_create", "O_NONBLOCK", "O_CLOEXEC", "WNOHANG"} <= names["os"]
    assert {"SIGKILL", "SIGCHLD", "SIGBUS", "Signals.SIGKILL", "pthread_sigmask"} <= names["signal"]
    assert "AF_UNIX" in names["socket"] and {"poll", "epoll"} <= names["select"] and {"PROT_READ", "MAP_PRIVATE"} <= names["mmap"]
    assert "SIGRTMAX" in lacks(MAC)[1]["signal"] and "fcntl" not in lacks(MAC)[0]
    assert lacks(ARM_LINUX) == (set(), {})


@pytest.mark.parametrize("system", REAL, ids=str)
def test_every_module_can_be_imported(system: System) -> None:
    modules = report(system)["modules"]
    assert {name: error for name, error in modules.items() if error} == {}
    files = [path for path in (ROOT / "syslab").rglob("*.py") if path.parent.joinpath("__init__.py").is_file()]
    assert len(modules) == len(files) - 1  # all but syslab itself


@pytest.mark.parametrize("system", REAL, ids=str)
def test_what_cannot_run_is_a_record_that_says_where_it_would(system: System) -> None:
    answers = report(system)["asked"]
    assert len(answers) > 60
    where = "run it on x86-64 Linux; on Windows, in WSL" if system is WINDOWS else "run it on x86-64 Linux"
    for name, answer in answers.items():
        assert [why for _, why in answer["missing"] if str(system.machine) in why], name
        for line in answer["lines"]:
            assert line.startswith("record · "), name
            assert line.endswith((where, where.replace("x86-64 ", ""))), line
        if not answer["lines"]:
            assert re.search(rf"needs (x86-64 )?Linux, but .*{system.machine} {system.name}", answer["none"]), answer["none"]
    assert sum(bool(answer["lines"]) for answer in answers.values()) > 50


@pytest.mark.parametrize("system", POORER, ids=str)
def test_no_experiment_is_tried_where_it_could_not_be_bounded(system: System) -> None:
    answers = report(system)["asked"]
    assert set(answers) == set(report(NOWHERE)["asked"])
    assert [name for name, answer in answers.items() if not answer["missing"]] == []


def test_a_plain_call_says_what_it_needs() -> None:
    calls = report(WINDOWS)["calls"]
    assert calls["page_fault_error_code.faults"] == calls["signals.keyboard"] == calls["ioctl.files"] == "UnsupportedMachine"
    assert calls["binary_formats.libraries"] == calls["ntfs_links.contents"] == ""


@pytest.mark.parametrize("system", POORER, ids=str)
def test_the_pages_show_what_they_show_from_records_here(system: System) -> None:
    """Every cell of every chapter, with all that its widgets know. Excused: chapters whose own cells name what Python lacks or start a program."""
    modules, names = lacks(system)
    absent = re.compile(
        "|".join([*(rf"import {module}$" for module in modules), *(rf"\bos\.{name}\b" for name in names["os"]), r"\bsubprocess\."]),
        re.M,
    )
    for chapter in all_chapters():
        if not chapter.runs:
            continue
        lost = any(absent.search(cell) for cell in chapter.cells)
        pairs = zip(report(NOWHERE)["cells"][chapter.name], report(system)["cells"][chapter.name], strict=True)
        for number, (here, there) in enumerate(pairs):
            if lost and re.match(
                "ModuleNotFoundError|NameError|AttributeError: module 'os'|AssertionError: a child was started", there
            ):
                continue
            there = there.replace(f"{system.machine} {system.name}", f"{NOWHERE.machine} {NOWHERE.name}").replace(WSL, "")
            assert there == here, f"{chapter.name}, cell {number}"


@pytest.mark.parametrize("system", POORER, ids=str)
def test_exercises_are_checked(system: System) -> None:
    assert report(system)["exercises"] == report(NOWHERE)["exercises"]
    assert report(NOWHERE)["exercises"]["accepted"] > 40


def test_numbers_that_stand_for_names_are_linux_s() -> None:
    """Not every system has the names, so the modules have Linux's numbers."""
    assert faults.SIGNALS == (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
    assert [number for _, number in keyboard.KEYS.values()] == [signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP]
    assert spinning_vcpu.SIGNAL == signal.SIGUSR1
    assert bounded.SIGNAL == signal.SIGRTMAX - 5
