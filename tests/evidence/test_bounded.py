"""Experiments run bounded: deadlines, partial answers, errors with names, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import marked
from syslab.evidence import ExperimentFailed, ExperimentTimeout, experiment
from syslab.evidence.bounded import run
from tests.waiting import soon


@experiment()
def answer(x: int = 1) -> dict[str, Any]:
    return {
        "x": x,
        "cwd": os.getcwd(),
        "home": os.environ["HOME"],
        "tmp": tempfile.gettempdir(),
        "mode": oct(os.stat(".").st_mode & 0o777),
    }


@experiment()
def talks() -> str:
    print("this is no message")
    os.write(1, b"nor is this\n")
    return "fine"


@experiment(timeout=60)
def slow() -> Iterator[int]:
    yield 1
    yield 2
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    subprocess.Popen([sys.executable, "-c", "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\ntime.sleep(1000)"])
    while True:
        pass


@experiment()
def fails() -> Iterator[int]:
    yield 7
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    raise KeyError("missing thing")


@experiment()
def dies() -> None:
    os.kill(os.getpid(), 9)


@experiment()
def leaves_files() -> str:
    Path("left").write_text("x")
    return os.getcwd()


def running() -> list[str]:
    return [line for line in marked(os.environ["SYSLAB_TEST_RUN"]) if "sleep" in line]


def test_it_has_a_private_folder_that_is_gone_afterwards() -> None:
    data = run(answer, {"x": 3}).data
    assert data["x"] == 3
    assert data["cwd"] == data["home"] == data["tmp"]
    assert data["mode"] == "0o700"
    assert not Path(data["cwd"]).exists()
    assert not Path(run(leaves_files).data).exists()


def test_what_it_prints_is_no_answer() -> None:
    assert run(talks).data == "fine"


def test_a_deadline_keeps_what_was_measured_and_leaves_nobody() -> None:
    for limit in (1.5, 6, 24, 60):  # a machine may be too slow to begin in time; what was measured by then may be nothing
        with pytest.raises(ExperimentTimeout, match=rf"test_bounded.slow took longer than {limit:g} s") as caught:
            run(slow, timeout=limit)
        assert not running()
        if caught.value.rows == [1, 2]:
            break
    assert caught.value.rows == [1, 2] and str(caught.value).endswith("; it had measured 2 row(s)")


def test_a_failure_is_told_and_leaves_nobody() -> None:
    with pytest.raises(ExperimentFailed, match="KeyError: 'missing thing'; it had measured 1 row") as caught:
        run(fails)
    assert caught.value.rows == [7]
    assert not running()


def test_a_death_is_told() -> None:
    with pytest.raises(ExperimentFailed, match="ended with status -9 and no answer"):
        run(dies)


def test_bad_arguments_are_told() -> None:
    with pytest.raises(ExperimentFailed, match=r"TypeError.*unexpected keyword argument 'y'"):
        run(answer, {"y": 1})


def test_killing_the_caller_ends_the_experiment() -> None:
    code = f"from syslab.evidence.bounded import run; from {__name__} import slow; run(slow, timeout=60)"
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert soon(running), "the experiment never started its children"
    caller.kill()
    caller.wait()
    assert soon(lambda: not running()), f"still running: {running()}"
