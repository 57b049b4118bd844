"""A build that fails says in a sentence what to do, logs its traceback, and leaves neither processes nor files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.environment import ROOT

NOBODY = 65534
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do this to a disk or a network")
TOC = "format: jb-book\nroot: index\nparts:\n  - caption: Part\n    chapters:\n      - file: part/one\n"
CHAPTER = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst, format_version: 0.13}}
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

# One

```{{code-cell}} python3
{cell}
```
"""
BOOK = [sys.executable, "-m", "tools.book"]
PLAIN = [str(Path(sys.executable).with_name("jupyter-book")), "build", "book"]


class Checkout:
    """The project with a book of one chapter, which has one cell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        ignore = shutil.ignore_patterns("__pycache__")
        for name in ("tools", "syslab", "book/_assets", "book/_templates"):
            shutil.copytree(ROOT / name, self.project / name, ignore=ignore)
        for name in ("_config.yml", "CHANGELOG.md", "requirements.txt", "book/topics.yml"):
            shutil.copy(ROOT / name, self.project / name)
        (self.project / "_toc.yml").write_text(TOC)
        (self.project / "book" / "_toc.yml").symlink_to("../_toc.yml")
        (self.project / "book" / "index.md").write_text("# Index\n\nText.\n")
        (self.project / "book" / "part").mkdir()
        self.write("6 * 7")
        (folder / "tmp").mkdir()
        self.mark = uuid.uuid4().hex
        self.environment = os.environ | {
            "PYTHONPATH": str(self.project), "SYSLAB_LAB": "off", "TMPDIR": str(folder / "tmp"), "HOME": str(folder), "MARK": self.mark,
        }  # fmt: skip

    def write(self, cell: str) -> None:
        (self.project / "book" / "part" / "one.md").write_text(CHAPTER.format(cell=cell))

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.project, env=self.environment | environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, command: list[str], **environment: str) -> tuple[int, str]:
        """The exit status and what it said last, colours and the build's own lines left out."""
        with self.start(command, **environment) as process:
            try:
                said = process.communicate(timeout=300)[0]
            finally:
                process.kill()
        return process.returncode, said

    def processes(self) -> list[str]:
        """Command lines of what this checkout started and still runs."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if f"MARK={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def kernels(self) -> list[str]:
        folder = self.project / "_build" / "kernels"
        return os.listdir(folder) if folder.is_dir() else []

    def log(self) -> str:
        return "".join(path.read_text() for path in (self.project / "_build" / "logs").glob("*.log"))


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    folder = Path(tempfile.mkdtemp(prefix="checkout-", dir="/tmp"))
    folder.chmod(0o755)  # pytest's own are closed to other users
    try:
        made = Checkout(folder)
        yield made
        deadline = time.monotonic() + 20
        while made.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert made.processes() == []
        assert os.listdir(folder / "tmp") == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_nobody(checkout: Checkout) -> list[str]:
    """The start of a command that an ordinary user runs."""
    start = ["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    status, said = checkout.run([*start, sys.executable, "-c", "import tools; print(tools.__file__)"])
    if status or str(checkout.project) not in said:
        pytest.skip(f"an ordinary user cannot read this environment: {said.strip()[-200:]}")
    return start


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it says up to a line with these words."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without {words!r}: {said}")


def clear(said: str) -> None:
    """No traceback on the terminal, and nothing that a reader could take for one."""
    assert "Traceback" not in said
    assert 'File "' not in said


@pytest.mark.parametrize("command", [BOOK, PLAIN], ids=["make book", "jupyter-book"])
def test_a_cell_that_raises(checkout: Checkout, command: list[str]) -> None:
    checkout.write("def f():\n    return 1 / 0\n\nf()")
    status, said = checkout.run(command)
    assert status == 1
    clear(said)
    where, *cell, log = said.rstrip().splitlines()[-6:]
    assert where == "book/part/one.md:12: this cell raised ZeroDivisionError: division by zero."
    assert [line.strip() for line in cell] == ["def f():", "return 1 / 0", "", "f()"]
    assert log.startswith("The traceback is in _build/logs/")
    assert "----> 4 f()" in checkout.log() and "Traceback (most recent call last)" in checkout.log()
    assert checkout.kernels() == []


def test_a_kernel_that_is_killed(checkout: Checkout) -> None:
    checkout.write("import os\nos.kill(os.getpid(), 9)")
    status, said = checkout.run(BOOK)
    assert status == 1
    clear(said)
    assert "book/part/one.md:12: the kernel ended in this cell, killed by SIGKILL: if nobody sent it, memory ran out" in said
    assert checkout.kernels() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted(checkout: Checkout, number: signal.Signals) -> None:
    checkout.write("import time\ntime.sleep(300)")
    with checkout.start(BOOK) as process:
        until(process, "executing 1 of 1")
        time.sleep(1)
        os.killpg(process.pid, number)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + number
    clear(said)
    assert said.count("Stopped.") == 1
    assert checkout.processes() == []
    assert checkout.kernels() == []


def test_a_killed_build_takes_its_children_with_it(checkout: Checkout) -> None:
    """SIGKILL to `make book`: jupyter-book ends, and so do the kernels; SIGKILL to jupyter-book has words."""
    checkout.write("import time\ntime.sleep(300)")
    with checkout.start(BOOK) as process:
        until(process, "executing 1 of 1")
        process.kill()
        clear(process.communicate(timeout=60)[0])
    with checkout.start(BOOK) as process:
        until(process, "executing 1 of 1")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signal.SIGKILL
    clear(said)
    assert "jupyter-book was killed by SIGKILL: if nobody sent it, memory ran out" in said


def test_two_builds_take_turns(checkout: Checkout) -> None:
    """The second waits, says for whom, and finds the first's work done; a plain jupyter-book too."""
    checkout.write("import time\ntime.sleep(2)")
    with checkout.start(BOOK) as first, checkout.start(PLAIN) as second:
        answers = [process.communicate(timeout=300)[0] for process in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), answers
        waited = [said for said in answers if "Another build is at work" in said]
        assert len(waited) == 1
        other = second if waited[0] == answers[0] else first
        assert f"(process {other.pid})" in waited[0]
    assert sum(said.count("executed part/one") for said in answers) == 1
    assert [said for said in answers if "executed part/one" in said] != waited


def test_a_chapter_that_ran_again_has_a_new_page(checkout: Checkout) -> None:
    """The cache is deleted alone: nothing else that the page depends on has changed."""
    checkout.write("import time\nprint('at', time.time_ns())")
    pages = []
    for _ in range(2):
        status, said = checkout.run(BOOK)
        assert status == 0, said
        pages.append((checkout.project / "_build" / "html" / "part" / "one.html").read_text())
        shutil.rmtree(checkout.project / "_build" / ".jupyter_cache")
    first, second = (re.findall(r"at \d{19}", page) for page in pages)
    assert first and second and first != second


def test_nobody_waits_for_a_lock_whose_holder_died(checkout: Checkout) -> None:
    holder = (
        "import os, signal; from tools import build_lock; build_lock.held().__enter__(); print('taken', flush=True); signal.pause()"
    )
    with checkout.start([sys.executable, "-c", holder]) as process:
        assert until(process, "taken") == "taken\n"
        process.kill()
    status, said = checkout.run(BOOK, TZ=":/etc/passwd")
    assert status == 1
    assert "Another build" not in said


def test_a_time_zone_that_is_none(checkout: Checkout) -> None:
    status, said = checkout.run(BOOK, TZ=":/etc/passwd")
    assert status == 1
    clear(said)
    assert "The time zone (TZ is ':/etc/passwd') cannot be read" in said
    assert "Set another: TZ=UTC make book" in said


@ROOT_ONLY
def test_without_loopback(checkout: Checkout) -> None:
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    status, said = checkout.run(["unshare", "-n", *BOOK])
    assert status == 1
    clear(said)
    assert "nothing gets there (Network is unreachable). Bring up the loopback interface: ip link set lo up." in said


def on_a_disk(*arguments: str) -> list[str]:
    """The start of a command: in a mount namespace of its own, after the mount of these arguments."""
    start = ["unshare", "-m", "sh", "-c", f'mount {" ".join(arguments)} && exec "$@"', "sh"]
    if subprocess.run([*start, "true"], check=False, capture_output=True, cwd="/tmp").returncode:
        pytest.skip("this root may not mount")
    return start


@ROOT_ONLY
def test_a_full_disk(checkout: Checkout) -> None:
    build = checkout.project / "_build"
    build.mkdir()
    status, said = checkout.run([*on_a_disk("-t", "tmpfs", "-o", "size=2m", "none", str(build)), *BOOK])
    assert status == 1
    clear(said)
    assert f"No space left on device. Make room on the disk or in the quota of {build}, then run this again." in said


@ROOT_ONLY
def test_a_read_only_checkout(checkout: Checkout) -> None:
    project = str(checkout.project)
    read_only = on_a_disk("--bind", project, project, "&&", "mount", "-o", "remount,ro,bind", project, "&&", "cd", project)
    for command in (BOOK, PLAIN, [sys.executable, "-m", "tools.lab"], [sys.executable, "-m", "tools.notebooks"]):
        status, said = checkout.run([*read_only, *command])
        assert status == 1
        clear(said)
        assert "Read-only file system: " in said
        assert said.rstrip().endswith("Build in a copy of this folder on a disk that can be written.")


@ROOT_ONLY
def test_somebody_elses_checkout(checkout: Checkout) -> None:
    status, said = checkout.run([*as_nobody(checkout), *BOOK])
    assert status == 1
    clear(said)
    assert "Permission denied: " in said
    assert f"{checkout.project} belongs to user 0, and this is user {NOBODY}" in said


@pytest.mark.parametrize(
    ("limit", "words"), [("--nofile=22", "Allow more open files than 22"), ("--nproc=1", "Allow more processes than 1")]
)
def test_limits(checkout: Checkout, limit: str, words: str) -> None:
    """As an ordinary user: root has no limit of processes."""
    command = ["prlimit", limit, *BOOK]
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", str(NOBODY), str(checkout.folder)], check=True)
        command = [*as_nobody(checkout), *command]
    status, said = checkout.run(command)
    assert status == 1
    clear(said)
    assert words in said
