"""A chapter's key, by which the build knows what to run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syslab.native import kvm_device
from tools import able
from tools.chapters import Chapter, written_chapters

SIGNALS, MP_STATE, TEXT = Chapter("processes/signals"), Chapter("kvm/mp-state"), Chapter("memory/address-space")


@pytest.fixture(autouse=True)
def looked_at_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SYSLAB_LAB", "off")
    able.forget()
    yield
    able.forget()


def key(chapter: Chapter) -> str:
    able.forget()
    return chapter.key()


@pytest.mark.long
def test_every_chapter_has_experiments_and_a_key() -> None:
    for chapter in written_chapters():
        assert chapter.rooms, chapter.name
        assert chapter.key() == Chapter(chapter.name).key()


def test_a_tool_that_comes_or_goes_runs_the_chapters_that_need_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        without, other = key(SIGNALS), key(TEXT)
        (tmp_path / "bash").symlink_to("/bin/sh")
        assert key(SIGNALS) != without
        assert key(TEXT) == other, "it needs no bash"
        (tmp_path / "bash").unlink()
        assert key(SIGNALS) == without


def test_kvm_that_comes_or_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kvm_device, "missing", lambda: "there is no /dev/kvm: load the kvm module")
    without = key(MP_STATE)
    monkeypatch.setattr(kvm_device, "missing", lambda: None)
    assert key(MP_STATE) != without


def test_a_lab_vm_that_comes_or_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    without, other = key(MP_STATE), key(SIGNALS)
    monkeypatch.delenv("SYSLAB_LAB")
    monkeypatch.setattr(able.images, "find", lambda by: object())
    monkeypatch.setattr(able.images, "made_by", lambda: "")
    assert key(MP_STATE) != without
    assert key(SIGNALS) == other, "its experiments stay here"


def test_other_evidence_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for mode in ("", "record", "strict"):
        monkeypatch.setenv("SYSLAB_EVIDENCE", mode)
        keys.add(key(SIGNALS))
    assert len(keys) == 2, "strict answers as usual, or not at all"
