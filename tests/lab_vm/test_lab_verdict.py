"""Whether there can be a lab VM is found out once and said once, in no cell; and where it is kept."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from syslab.chapters.kvm.vcpu_requests import ask as vcpu_requests
from syslab.evidence import ask
from syslab.lab_vm.host import LabMissing, cache
from syslab.lab_vm.host.place import root
from tools import book

from .lab_machines import OFFLINE, Bare

ROOT = Path(__file__).parents[2]
ASK = (
    "from syslab.evidence import ask\nfrom syslab.chapters.kvm.vcpu_requests.ask import asked\nprint(ask(asked).provenance.line())"
)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bare:
    return Bare(tmp_path, monkeypatch)


def cells(*sources: str) -> list[list[dict[str, str]]]:
    """The outputs of a notebook of these cells, in a kernel of its own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(ROOT))
    return [cell.outputs for cell in notebook.cells]


def test_a_process_tries_once(bare: Bare) -> None:
    for _ in range(3):
        answer = ask(vcpu_requests.asked)
        assert answer.provenance.how == "record"
        assert "connect to a network" in answer.provenance.line() and "apt-get update" not in answer.provenance.line()
    assert ask(vcpu_requests.asked)[-1].provenance.how == "record"
    assert len(bare.asked()) == 1


def test_its_children_know(bare: Bare, capfd: pytest.CaptureFixture[str]) -> None:
    """A build tries, says it on the terminal, and its kernels and their workers neither try nor say anything."""
    book.lab_vm()
    said = capfd.readouterr()
    assert said.out.splitlines() == [
        "Building the lab VM (a kernel of this distribution in QEMU; once, some 10 seconds)",
        "no lab VM: apt-get cannot fetch packages: Temporary failure resolving 'deb.debian.org' (connect to a network that"
        " reaches it; then python -m syslab.lab_vm). What needs it is shown from records.",
    ]
    assert said.err == ""
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("record ") and done.stderr == ""
    for outputs in cells(ASK, ASK):
        assert [(out["output_type"], out["name"]) for out in outputs] == [("stream", "stdout")]
        assert "connect to a network" in outputs[0]["text"]
    assert len(bare.asked()) == 1


def test_a_kernel_of_its_own_tries_once_and_says_nothing(bare: Bare) -> None:
    for outputs in cells(ASK, ASK, ASK):
        assert [(out["output_type"], out["name"]) for out in outputs] == [("stream", "stdout")]
    assert len(bare.asked()) == 1


def test_a_terminal_is_told(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True, write=said.append, flush=lambda: None))
    with pytest.raises(LabMissing):
        cache.ready()
    assert "".join(said).startswith("Building the lab VM")


def test_who_asks_for_it_by_name_tries_again(bare: Bare) -> None:
    with pytest.raises(LabMissing):
        cache.ready()
    command = [sys.executable, "-m", "syslab.lab_vm"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Temporary failure resolving" in done.stderr.splitlines()[-1]
    assert len(bare.asked()) == 2


def test_one_that_was_built_since_is_found(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabMissing):
        cache.ready()
    assert cache.failed()
    built = cache.Image(bare.cache, {}, 1)
    monkeypatch.setattr(cache, "find", lambda by: built)
    assert cache.ready() is built and not cache.failed()


def test_what_is_mended_is_seen(bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason that took no time to find out is not kept."""
    monkeypatch.setenv(cache.FOLDER, "/proc/no/where")
    with pytest.raises(LabMissing, match="cannot be used"):
        cache.ready()
    assert not cache.failed()


# where it is kept


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/cache")
    assert root() == Path("/x/cache/runnable-systems-notes")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")  # to be ignored, says the XDG specification
    monkeypatch.setenv("HOME", "/x")
    assert root() == Path("/x/.cache/runnable-systems-notes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(cache.FOLDER, "here/lab")
    assert root() == tmp_path / "here" / "lab", "QEMU runs in another folder"


@pytest.mark.parametrize("home", ["", "relative", None])
def test_a_home_that_is_none_is_what_the_system_says(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv(cache.FOLDER, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", home)
    assert root() == Path(pwd.getpwuid(os.geteuid()).pw_dir, ".cache/runnable-systems-notes")

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert not root().parent.parent.exists(), "never a folder of the whole system"


def test_a_home_that_cannot_be_written(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.FOLDER)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/proc/no/home")
    answer = ask(vcpu_requests.asked)
    assert answer.provenance.how == "record"
    assert f"To run it live: set {cache.FOLDER} to a folder that can be written" in answer.provenance.line()
    assert OFFLINE and not bare.asked("apt")
