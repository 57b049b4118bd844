"""Facts of the chapter on links, asked of this machine and of the records."""

from __future__ import annotations

import os
import tempfile
from typing import Any

import pytest

from syslab.chapters.files.links import ask as experiment
from syslab.chapters.files.links import protection as link_protection
from syslab.chapters.files.links.model import Model
from syslab.chapters.files.links.other_users import NOBODY, attempt, may_change_users
from syslab.evidence import LINUX, Experiment, ExperimentFailed, ask, recorded

LIVE = pytest.mark.skipif(LINUX.missing() is not None, reason="needs Linux")


def answers(which: Experiment) -> list[Any]:
    return [recorded(which).data] + ([] if which.missing() else [ask(which).data])


def test_the_stories_went_as_the_model_says() -> None:
    for rows in answers(experiment.stories):
        for title, calls in experiment.STORIES.items():
            model = Model()
            told = [row for row in rows if row["story"] == title]
            assert [row["step"] for row in told] == calls.split(".")
            for row in told:
                assert row["result"] == model.do(row["step"])
                assert {key: row[key] for key in ("names", "files")} == model.state()


def test_what_the_stories_tell() -> None:
    for rows in answers(experiment.stories):
        end = {row["story"]: {name[0]: name[5] for name in row["names"]} for row in rows}
        assert end["two names and a path"] == {"b": "text 1", "c": "ENOENT", "d": "text 1"}
        assert end["a file replaced"] == {"a": "text 3", "b": "text 1", "c": "text 3"}
        assert set(end["rename between two names"]) == {"a", "b"}
        refused = {(row["call"], row["result"]) for row in rows if row["result"]}
        assert {("os.link('d', 'b')", "EPERM"), ("open('a', 'r+')", "ELOOP"), ("os.rename('d', 'd/b')", "EINVAL")} <= refused


def test_a_symlink_is_as_long_as_its_text_in_bytes() -> None:
    for rows in answers(experiment.sizes):
        assert all(row["size"] == row["bytes"] == len(row["target"].encode()) for row in rows)
        assert any(row["characters"] != row["bytes"] for row in rows)


def test_symlinks_are_followed_forty_times() -> None:
    for data in answers(experiment.chain):
        assert data == {"followed": 40, "refused": 41, "errno": "ELOOP"}


def test_only_a_symlink_leaves_its_file_system() -> None:
    for rows in answers(experiment.across):
        results = [row["result"] for row in rows]
        assert results in (["EXDEV", "EXDEV", ""], [None] * 3)
        assert rows[2]["reads"] == ("text 1" if results[2] == "" else None)


def test_an_open_file_without_a_name() -> None:
    for rows in answers(experiment.without_name):
        found = {row["what"]: row for row in rows}
        assert [row["links"] for row in rows[:5]] == [1, 0, 0, 0, 0]
        assert found["given a name again by linkat(2)"]["result"] == "ENOENT"
        assert found["opened again through /proc/self/fd"]["reads"] == "text 2"
        assert found["its only name unlinked"]["proc"] == "a (deleted)"
        if len(rows) == 7:  # the file system has O_TMPFILE
            assert (rows[6]["result"], rows[6]["links"], rows[6]["reads"]) == ("", 1, "text 3")


def test_directories_count_subdirectories_or_nothing() -> None:
    for rows in answers(experiment.directory_counts):
        for row in rows:
            counts = [row[key] for key in ("empty", "a file", "and a directory", "and another directory")]
            assert counts[0] == counts[1] and (counts == [2, 2, 3, 4] or len(set(counts)) == 1)


def expected(rule: str, what: str, who: str, setting: int) -> str:
    if not setting:
        return ""
    if rule == link_protection.HARDLINKS:
        return "EPERM" if what.endswith("may not write") and who == link_protection.ORDINARY else ""
    return "EACCES" if what == "another's symlink in a sticky directory" else ""


def test_protection() -> None:
    for rows in answers(experiment.protections):
        assert len(rows) == len(link_protection.CASES)
        for row in rows:
            if row["result"] is not None and row["setting"] is not None:
                assert row["result"] == expected(row["rule"], row["what"], row["who"], row["setting"])


def test_protection_off_and_on() -> None:
    rows = recorded(experiment.protections_switched).data
    assert {row["setting"] for row in rows} == {0, 1}
    assert all(row["result"] == expected(row["rule"], row["what"], row["who"], row["setting"]) for row in rows)


@LIVE
def test_one_sequence() -> None:
    data = ask(experiment.one, calls="create-a.mkdir-d.link-d-b").data
    assert data == {"refused": "os.link('d', 'b'): EPERM", "a": "file 1, opened: text 1", "d": "directory 2, opened: EISDIR"}
    unnamed = ask(experiment.one, calls="create-a.open-a.unlink-a").data
    assert unnamed == {"refused": "nothing", "descriptor 3": "file 1, link count 0: text 1"}
    with pytest.raises(ExperimentFailed, match="'chmod' is none of"):
        ask(experiment.one, calls="chmod-a")
    with pytest.raises(ExperimentFailed, match="31 calls are more than 30"):
        ask(experiment.one, calls=".".join(["create-a"] * 31))


@LIVE
def test_nothing_is_left_behind() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", home)
        for which in (experiment.across, experiment.without_name, experiment.protections):
            which()
        assert os.listdir(home) == []
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(not may_change_users(), reason="needs root, with other users' numbers")
def test_another_user() -> None:
    assert attempt(lambda: os.setuid(0), NOBODY) == "EPERM"
    with pytest.raises(RuntimeError, match="died before it answered"):
        attempt(lambda: os._exit(1), NOBODY)
