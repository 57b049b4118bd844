"""For every test: nothing the run started is still running when it ends. And the summary of the pages' weights."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repo", deadline=None)  # a slow machine is no failure
settings.load_profile("repo")

MARK = "SYSLAB_TEST_RUN"
os.environ.setdefault("SYSLAB_EVIDENCE", "strict")  # a run that fails is a failure here, not a record; kernels inherit it


SHARED = os.environ.get("SYSLAB_ANSWERS", "")
"""What the run that this is part of has asked already (:mod:`syslab.evidence.shared`); xdist's processes inherit it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Notebooks and the tests of questions and exercises take answers from there, others do not; :func:`tests.anew.anew` asks again."""
    own = "chapters" in item.path.parts and item.path.name in ("test_ask.py", "test_exercises.py")
    if SHARED and (own or item.path.suffix == ".ipynb"):
        os.environ["SYSLAB_ANSWERS"] = SHARED
    else:
        os.environ.pop("SYSLAB_ANSWERS", None)
    return (yield)


LONGEST = ("tests/whole/test_other_users.py", "tests/pages/test_accessibility.py", "tests/whole", "tests/lab_vm", "tests/pages")
"""Files that take longest begin first, so that the two processes end together; the others follow as they are collected."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them so; files stay whole."""

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((i for i, first in enumerate(LONGEST) if name.startswith(first)), len(LONGEST))

    items.sort(key=place)


def marked(value: str) -> list[str]:
    """Command lines of other processes that carry the mark in their environment; zombies do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"{MARK}={value}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200])
            except OSError:
                continue  # it ended, or is not ours
    return [line for line in found if line.strip()]


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Every child inherits the mark, however it detaches; at the end nobody may carry it."""
    os.environ[MARK] = value = uuid.uuid4().hex
    yield
    for _ in range(600):
        if not marked(value):
            return
        time.sleep(0.1)  # a process that is being reaped
    pytest.fail(f"still running: {marked(value)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The weights of the pages that this run measured (under xdist a worker wrote them; this is the controller)."""
    weights = Path(__file__).parent / "_build" / "weights.txt"
    if weights.is_file() and weights.stat().st_mtime >= terminalreporter._session_start.time:
        terminalreporter.write_sep("-", "page weights, gzip")
        terminalreporter.write(weights.read_text(encoding="utf-8"))
