"""``make lab`` in a checkout of its own: what the reader does in JupyterLab is found again, and nobody else gets in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tools.environment import ROOT

NOBODY = 65534
TOC = "format: jb-book\nroot: index\nparts:\n  - caption: Bits, bytes and files\n    chapters:\n      - file: files/links\n"
LEFT_OUT = shutil.ignore_patterns(".*_cache", ".git", ".venv", ".hypothesis", "_build", "work", "__pycache__", "*.egg-info")


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy that everybody on this machine can reach, in git if there is one."""
    above = Path(tempfile.mkdtemp(prefix="checkout-", dir="/tmp"))
    above.chmod(0o755)
    folder = above / "notes"
    try:
        shutil.copytree(ROOT, folder, symlinks=True, ignore=LEFT_OUT)
        if shutil.which("git"):
            git(folder, "init", "--quiet")
            git(folder, "add", "--all")
            git(folder, "-c", "user.name=reader", "-c", "user.email=reader@localhost", "commit", "--quiet", "-m", "as cloned")
        yield folder
    finally:
        shutil.rmtree(above, ignore_errors=True)


def git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def environment(checkout: Path) -> dict[str, str]:
    hidden = ("JUPYTER", "IPYTHONDIR", "SYSLAB_EVIDENCE", "SYSLAB_HOSTED")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**inherited, "PYTHONPATH": str(checkout), "SYSLAB_LAB": "off"}


def run(checkout: Path, *command: str) -> str:
    """Run a module of the checkout; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


class Lab:
    """``make lab`` without a browser, on a free port of loopback; gone when the block ends."""

    def __init__(self, checkout: Path, umask: int = 0o022) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.runtime = checkout / "_build" / "jupyter" / "runtime"
        self.log = checkout.parent / "lab.log"
        command = [sys.executable, "-m", "tools.lab", "--no-browser"]
        command += [f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=checkout, env=environment(checkout), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, umask=umask,
            )  # fmt: skip

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def __enter__(self) -> Lab:
        about = self.runtime / f"jpserver-{self.process.pid}.json"
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                self.token = json.loads(about.read_text())["token"]
                self.ask("/api")
                return self
            except (OSError, ValueError):
                time.sleep(0.1)
        self.__exit__()
        pytest.fail(f"JupyterLab did not start: {self.said()[-3000:]}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{urllib.parse.quote(path, safe='/?=')}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def open(self, path: str) -> dict[str, Any]:
        content: dict[str, Any] = self.ask(f"/api/contents/{path}?type=notebook")["content"]
        return content

    def save(self, path: str, content: dict[str, Any]) -> None:
        self.ask(f"/api/contents/{path}", "PUT", {"type": "notebook", "format": "json", "content": content})


def first_code(content: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    return cell


def below(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def work_in_the_lab(checkout: Path) -> dict[str, bytes]:
    """Edit a notebook, save outputs into another, add a third and a folder; the files as they then are."""
    with Lab(checkout) as lab:
        asked = lab.ask("/lab/api/settings/@jupyterlab/apputils-extension:notification")["schema"]["properties"]
        assert asked["fetchNews"]["default"] == "false", "JupyterLab asks nobody whether he would like news"
        edited = lab.open("files/links.ipynb")
        first_code(edited)["source"] += "\n# my answer"
        lab.save("files/links.ipynb", edited)
        answered = lab.open("processes/signals.ipynb")
        cell = first_code(answered)
        cell["execution_count"] = 1
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "my machine's answer\n"}]
        lab.save("processes/signals.ipynb", answered)
        lab.save("scratch.ipynb", answered)
        lab.ask("/api/contents/mine", "PUT", {"type": "directory"})
        lab.save("mine/untouched copy.ipynb", lab.open("desk.ipynb"))
    mine = below(checkout / "work")
    assert b"# my answer" in mine["files/links.ipynb"]
    assert b"my machine's answer" in mine["processes/signals.ipynb"]
    names = ("files/links.ipynb", "processes/signals.ipynb", "scratch.ipynb", "mine/untouched copy.ipynb")
    return {name: mine[name] for name in names}


def edit(path: Path) -> bytes:
    nb = nbformat.read(path, as_version=4)
    nb.cells[0].source += "\n\nmy remark"
    nbformat.write(nb, path)
    return path.read_bytes()


def test_the_readers_work_survives_each_command(checkout: Path) -> None:
    in_git = (checkout / ".git").is_dir()
    mine = work_in_the_lab(checkout)
    if in_git:
        assert git(checkout, "status", "--porcelain") == "", "the lab touches no tracked file and leaves none"
    # beside it, somebody works in the tracked notebooks all the same
    tracked = checkout / "notebooks"
    theirs = {
        "desk.ipynb": edit(tracked / "desk.ipynb"),
        "scratch.ipynb": shutil.copy(tracked / "index.ipynb", tracked / "scratch.ipynb").read_bytes(),
    }
    before = git(checkout, "status", "--porcelain") if in_git else ""

    # the book gets a newer version of two chapters, and all but two pages are taken out of it
    for name in ("index", "files/links"):
        with (checkout / "book" / f"{name}.md").open("a", encoding="utf-8") as file:
            file.write("\nA newer sentence.\n")
    (checkout / "_toc.yml").write_text(TOC, encoding="utf-8")

    run(checkout, "tools.book")
    assert (checkout / "_build" / "html" / "files" / "links.html").is_file()
    if in_git:
        changed = {line[3:] for line in git(checkout, "status", "--porcelain").splitlines()}
        assert changed == {line[3:] for line in before.splitlines()} | {"_toc.yml", "book/index.md", "book/files/links.md"}

    with Lab(checkout) as lab:
        assert "work/files/links.ipynb has your changes and was kept; the book has a newer one" in lab.said()
        assert "# my answer" in first_code(lab.open("files/links.ipynb"))["source"]
        assert "A newer sentence." in json.dumps(lab.open("index.ipynb"))
    now = below(checkout / "work")
    assert {name: now.get(name) for name in mine} == mine
    assert set(now) == {*mine, "index.ipynb"}, "what nobody touched went with its chapter"

    done = subprocess.run(
        [sys.executable, "-m", "tools.notebooks"],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "notebooks/scratch.ipynb" in done.stdout
    now = below(tracked)
    assert {name: now.get(name) for name in theirs} == theirs
    assert set(now) == {*theirs, "index.ipynb", "files/links.ipynb"}
    now = below(checkout / "work")
    assert {name: now.get(name) for name in mine} == mine

    subprocess.run(["make", "clean"], cwd=checkout, check=True, capture_output=True, timeout=60)
    assert {name: below(checkout / "work").get(name) for name in mine} == mine


@pytest.mark.parametrize(
    ("target", "modules"), [("lab", ["tools.lab"]), ("book", ["tools.book"]), ("notebooks", ["tools.notebooks"])]
)
def test_each_command_runs_its_own_module_alone(target: str, modules: list[str]) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--old-file=.venv/ready", target],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line.split()[-1] for line in done.stdout.splitlines()] == modules


TRY = """
import json, os, sys, urllib.error, urllib.request
folder, pid, url = sys.argv[1:]
found = {"uid": os.getuid(), "folder": sorted(os.listdir(os.path.dirname(folder)))}
def attempt(name, work):
    try:
        work()
        found[name] = "done"
    except urllib.error.HTTPError as error:
        found[name] = error.code
    except OSError as error:
        found[name] = type(error).__name__
attempt("list", lambda: os.listdir(folder))
for name in ("", "runtime", "data", "config", "ipython"):
    attempt(f"list {name}", lambda: os.listdir(os.path.join(folder, name)))
for name in (f"jpserver-{pid}.json", f"jpserver-{pid}-open.html", "jupyter_cookie_secret"):
    attempt(name, lambda: open(os.path.join(folder, "runtime", name)).read())
def ask(path, body=None, headers={}):
    urllib.request.urlopen(urllib.request.Request(url + path, data=body, headers=headers), timeout=60).read()
attempt("contents", lambda: ask("/api/contents"))
attempt("kernel", lambda: ask("/api/kernels", b"{}"))
attempt("kernel, guessed token", lambda: ask("/api/kernels", b"{}", {"Authorization": "token 0"}))
print(json.dumps(found))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well")
def test_another_user_gets_neither_the_token_nor_a_kernel(checkout: Path) -> None:
    for folder in ("_build", "_build/jupyter", "_build/jupyter/runtime"):  # as an older version made them
        (checkout / folder).mkdir()
        (checkout / folder).chmod(0o755)
    with Lab(checkout, umask=0) as lab:
        secret = lab.runtime / f"jpserver-{lab.process.pid}-open.html"
        assert lab.token in secret.read_text(), "what is to be protected is there"
        assert lab.ask("/api/kernels") == []
        done = subprocess.run(
            [
                *("/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "/usr/bin/python3", "-c", TRY),
                *(str(lab.runtime.parent), str(lab.process.pid), f"http://127.0.0.1:{lab.port}"),
            ],
            capture_output=True, text=True, timeout=300, check=False, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found.pop("uid") == NOBODY
        assert found.pop("folder") == ["jupyter"], "it came as far as the folder, so the folder is what stops it"
        assert {name: found.pop(name) for name in ("contents", "kernel", "kernel, guessed token")} == dict.fromkeys(
            ("contents", "kernel", "kernel, guessed token"), 403
        )
        assert set(found.values()) == {"PermissionError"}, found
        assert lab.ask("/api/kernels") == []
    for folder, _, _ in os.walk(lab.runtime.parent):
        path = Path(folder)
        if path.parent == lab.runtime.parent or path == lab.runtime.parent:
            assert path.stat().st_mode & 0o777 == 0o700, path
