"""The lab VM: what it answers, what it survives, and that nothing of it is left. Builds it once where it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import marked
from syslab.evidence import ExperimentFailed, ExperimentTimeout, ask
from syslab.evidence.experiment import Witness
from syslab.evidence.lab import WITNESS
from syslab.lab_vm.host import LabDied, LabHung, LabMissing, LabVm, cache, packages, qemu, vm
from tests.waiting import PATIENCE, soon

from . import lab_cases

ROOT = Path(__file__).parents[2]
CASES = "tests.lab_vm.lab_cases"


@pytest.fixture(scope="module")
def image() -> cache.Image:
    try:
        return cache.ready()
    except LabMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def lab(image: cache.Image) -> Iterator[LabVm]:
    """One boot for all experiments that leave it alive."""
    with LabVm() as running:
        yield running


@pytest.fixture(scope="module")
def debs(image: cache.Image, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The packages, downloaded once."""
    folder = tmp_path_factory.mktemp("debs")
    return str(packages.fetch(folder)[0].parent)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv(cache.FOLDER, str(folder))
    return folder


@pytest.fixture
def copied(image: cache.Image, own_cache: Path) -> Path:
    """A copy of the image in a cache of its own; big files are links, so replace them, never write into them."""
    target = own_cache / image.folder.name
    target.mkdir(mode=0o700)
    for path in image.folder.iterdir():
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copy2(path, target / path.name)
    return target


def machines() -> list[str]:
    return [line for line in marked(os.environ["SYSLAB_TEST_RUN"]) if "qemu-system" in line and "EPYC,+svm" in line]


def gone(count: int = 0) -> bool:
    """Whether at most ``count`` machines are left, soon."""
    return soon(lambda: len(machines()) <= count)


# several experiments in one boot


def test_it_prints_and_answers(lab: LabVm) -> None:
    reply = lab.ask(f"{CASES}:talks")
    assert reply.output == "on standard output\non standard error\n"
    executable, folder, home, child = reply.data
    assert executable.startswith("/usr/bin/python3") and folder == home and child == "True"
    about = reply.provenance
    assert about and about["how"] == "lab" and about["hypervisor"] == "QEMU TCG"
    assert about["kernel"].startswith("Linux ") and "EPYC" in about["cpu"]
    assert about["tools"][qemu.PROGRAM] == qemu.version().split(" ")[0]


def test_rows_and_arguments(lab: LabVm) -> None:
    reply = lab.ask(f"{CASES}:rows", {"stop": 4})
    assert reply.data == reply.rows == [0, 1, 2, 3]
    error = lab.ask(f"{CASES}:rows", {"start": 4}).error
    assert error and error["type"] == "TypeError" and "start" in error["text"]


def test_a_failure_has_its_rows_and_its_place(lab: LabVm) -> None:
    reply = lab.ask(f"{CASES}:fails")
    assert reply.rows == [7] and reply.error
    assert reply.error["type"] == "KeyError" and 'raise KeyError("missing thing")' in reply.error["trace"]


def test_the_deadline_keeps_rows(lab: LabVm) -> None:
    reply = lab.ask(f"{CASES}:slow", timeout=5)
    assert reply.timeout == 5 and reply.rows == [1, 2] and reply.error is None


def test_what_an_experiment_leaves_behind_is_killed(lab: LabVm) -> None:
    assert lab.ask(f"{CASES}:family").left >= 3
    before = lab.ask(f"{CASES}:family").data
    assert lab.ask(f"{CASES}:family").data == before, "each finds as many processes as the one before"


def test_odd_answers(lab: LabVm) -> None:
    assert len(lab.ask(f"{CASES}:big").data) == 1_000_000
    error = lab.ask(f"{CASES}:not_json").error
    assert error and "bytes is not JSON serializable" in error["text"]
    reply = lab.ask(f"{CASES}:noisy")
    assert reply.data == 1 and 1 << 20 <= len(reply.output) < 2 << 20
    error = lab.ask(f"{CASES}:dies").error
    assert error and error["text"] == "ended with status -9 and no answer"
    error = lab.ask(f"{CASES}:eats_memory").error
    assert error and (error["type"] == "MemoryError" or "status -9" in error["text"])


def test_no_network_and_the_right_date(lab: LabVm) -> None:
    assert lab.ask(f"{CASES}:network").data == ["lo"]
    assert abs(lab.ask(f"{CASES}:date").data - time.time()) < 60, "not the date of the snapshot"


def test_exits_are_counted_and_functions_traced(lab: LabVm) -> None:
    data = lab.ask(f"{CASES}:exits", {"count": 10}).data
    assert data["reasons"]["cpuid"] == 10 and data["reasons"]["hlt"] == 1
    assert data["first"]["event"] == "kvm_exit" and data["first"]["fields"]["vcpu"] == "0"
    assert data["calls"] == {"kvm_emulate_cpuid": 10, "kvm_emulate_halt": 1, "kvm_vcpu_kick": 0}
    assert data["untraceable"] == ["no_such_function"]
    assert data["call"]["name"] == "kvm_emulate_cpuid" and data["call"]["caller"]


def test_reload_and_the_next_experiment_sees_nothing_of_it(lab: LabVm) -> None:
    data = lab.ask(f"{CASES}:reloaded").data
    assert data["before"][0] == "Y" and data["now"] == "N"
    assert data["exits"]["cpuid"] == 10
    assert "npf" in lab.ask(f"{CASES}:exits").data["reasons"], "nested paging is back"
    lab.ask(f"{CASES}:leaves_changes")
    assert lab.ask(f"{CASES}:settings").data == ["Y", "True", "nop", "0"]


def test_bad_use_is_told(lab: LabVm) -> None:
    said = lab.ask(f"{CASES}:bad_use").data
    for text, told in zip(
        (
            "no tracepoint kvm:no_such_event",
            "can trace none of",
            "no_such_parameter",
            "fixed when the module loads",
            "kvm has no parameter",
        ),
        said,
        strict=True,
    ):
        assert text in told
    assert "close every Kvm" in lab.ask(f"{CASES}:in_use").data
    with pytest.raises(ValueError, match="is not loaded here"):
        lab.ask("no_such_module:f")
    error = lab.ask(f"{CASES}:no_such_function").error
    assert error and error["type"] == "AttributeError"


# the ends it can come to


def test_a_panic_is_a_death_with_the_rows_until_then(image: cache.Image) -> None:
    with LabVm() as running:
        with pytest.raises(LabDied, match="panic") as caught:
            running.ask(f"{CASES}:panics")
        assert caught.value.rows == [1]
        with pytest.raises(ValueError, match="closed"):
            running.ask(f"{CASES}:rows")


def test_killed_in_the_middle(image: cache.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    with LabVm() as running:
        take = vm._Received.take

        def taken(self: vm._Received, kind: bytes, data: bytes) -> bool:
            ended = take(self, kind, data)
            if self.told.rows:
                os.kill(running.pid, signal.SIGKILL)
            return ended

        monkeypatch.setattr(vm._Received, "take", taken)
        with pytest.raises(LabDied, match="killed by SIGKILL") as caught:
            running.ask(f"{CASES}:waits", timeout=60)
        assert caught.value.rows == [1]


def test_a_stuck_guest_is_killed(image: cache.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm, "GRACE", 1.0)
    with LabVm() as running:
        pid = running.pid
        with pytest.raises(LabHung, match="did not answer in time") as caught:
            running.ask(f"{CASES}:starves", timeout=5)
        assert caught.value.rows == [1]
        assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_caller_that_ends_takes_qemu_along(image: cache.Image, how: signal.Signals) -> None:
    before = len(machines())
    code = "from syslab.evidence import lab\nfrom tests.lab_vm.lab_cases import waits\nlab.run(waits)"
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    assert soon(lambda: len(machines()) > before), "the lab VM never started"
    caller.send_signal(how)
    caller.wait(PATIENCE)
    assert gone(before)


def test_a_bounded_number_at_once(image: cache.Image) -> None:
    assert vm.AT_ONCE._initial_value == 2  # type: ignore[attr-defined]


def test_through_evidence(image: cache.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)
    answer = ask(lab_cases.settings)
    assert answer.provenance.how == "lab" and answer.provenance.witness == WITNESS
    assert "vb-lab" in answer._repr_html_()
    monkeypatch.setattr(Witness, "missing", lambda self: [(lab_cases.LAB_VM, "not here")])
    with pytest.raises(ExperimentTimeout, match=r"lab_cases.slow took longer than 5 s in the lab VM.*2 row") as late:
        ask(lab_cases.slow)
    assert late.value.rows == [1, 2]
    with pytest.raises(ExperimentFailed, match=r"lab_cases.fails in the lab VM: KeyError: 'missing thing'.*1 row"):
        ask(lab_cases.fails)


# the cache


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "truncated": lambda image: replaced(image / cache.SNAPSHOT, (image / cache.SNAPSHOT).read_bytes()[:-1]),
    "a byte changed": lambda image: replaced(image / cache.KERNEL, b"\0" + (image / cache.KERNEL).read_bytes()[1:]),
    "half-written": lambda image: (image / cache.SNAPSHOT).unlink(),
    "no manifest": lambda image: (image / cache.MANIFEST).unlink(),
    "odd manifest": lambda image: replaced(image / cache.MANIFEST, b'{"made_by": 7, "files": []}'),
    "manifest cut": lambda image: replaced(image / cache.MANIFEST, (image / cache.MANIFEST).read_bytes()[:50]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_image_is_not_used(copied: Path, damage: str) -> None:
    assert cache.find(cache.made_by()) is not None
    DAMAGE[damage](copied)
    assert cache.find(cache.made_by()) is None


def test_other_code_or_another_qemu_makes_another(copied: Path) -> None:
    assert cache.find("0" * 16) is None


def test_an_image_that_does_not_start_is_built_anew(copied: Path, image: cache.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = json.loads((copied / cache.MANIFEST).read_text())
    replaced(copied / cache.SNAPSHOT, b"nothing QEMU knows")
    import hashlib

    manifest["files"][cache.SNAPSHOT] = [18, hashlib.sha256(b"nothing QEMU knows").hexdigest()]
    replaced(copied / cache.MANIFEST, json.dumps(manifest).encode())
    built: list[Path] = []

    def build(folder: Path, by: str, say: Callable[[str], None]) -> cache.Image:
        assert not copied.exists(), "the bad one is gone"
        built.append(folder)
        return image

    monkeypatch.setattr(cache, "_build", build)
    with LabVm() as running:
        assert running.ask(f"{CASES}:rows").data == [0, 1, 2]
    assert len(built) == 1


def test_two_at_once_build_once(copied: Path, own_cache: Path, debs: str) -> None:
    """From a cache that is damaged and has what a killed builder left."""
    DAMAGE["truncated"](copied)
    (own_cache / ".building-1").mkdir()
    (own_cache / ".building-1" / "initrd").write_bytes(b"half")
    environment = {**os.environ, packages.FOLDER: debs}
    code = (
        "import sys\nfrom syslab.lab_vm.host import LabVm, cache\n"
        "cache.ready(say=lambda text: print(text, file=sys.stderr))\n"
        "with LabVm() as lab: print(lab.ask('syslab.native:this_machine').data)"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=600) for one in both]
    assert [out for out, _ in said] == ["x86_64 Linux\n"] * 2, said
    assert sum("Building the lab VM" in err for _, err in said) == 1
    assert sorted(path.name for path in own_cache.iterdir()) == sorted([copied.name, "lab.lock"])
    assert {path.name for path in copied.iterdir()} == {cache.KERNEL, cache.SNAPSHOT, cache.MANIFEST}
    assert copied.stat().st_mode & 0o777 == 0o700


def test_no_space(own_cache: Path, debs: str) -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, 20 << 20))\n"
        "from syslab.lab_vm.__main__ import main; raise SystemExit(main())"
    )
    environment = {**os.environ, packages.FOLDER: debs}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"no lab VM: no space for it in {own_cache}" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in own_cache.iterdir()] == ["lab.lock"]


def test_a_cache_that_is_not_ours_or_cannot_be(copied: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4_000_000)
        with pytest.raises(LabMissing, match="belongs to another user"):
            cache.ready()
    copied.chmod(0o777)
    with pytest.raises(LabMissing, match=r"can be written by others \(chmod go-w"):
        cache.ready()
    monkeypatch.setenv(cache.FOLDER, "/proc/no/where")
    with pytest.raises(LabMissing, match=r"/proc/no/where cannot be used: .*\(set SYSLAB_LAB_CACHE"):
        cache.ready()
    (own_cache / "file").write_text("")
    monkeypatch.setenv(cache.FOLDER, str(own_cache / "file"))
    with pytest.raises(LabMissing, match="cannot be used"):
        cache.ready()


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")
    with pytest.raises(LabMissing, match=r"SYSLAB_LAB is off \(unset SYSLAB_LAB\)"), LabVm():
        pass


def test_nothing_is_left(lab: LabVm) -> None:
    assert gone(1), "the one that this file shares, and no other"
