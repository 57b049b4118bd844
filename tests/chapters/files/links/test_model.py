"""The model of names, inodes and open files against a real folder, over many random sequences of calls."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syslab.chapters.files.links.folder import Folder
from syslab.chapters.files.links.model import CALLS, PATHS, TARGETS, WHY, Model, parse, run, shown, token

OPERANDS = {"p": st.sampled_from([token(p) for p in PATHS]), "t": st.sampled_from([token(t) for t in TARGETS])}
OPERANDS["f"] = st.sampled_from(["3", "4", "5"])
STEPS = st.sampled_from(CALLS).flatmap(lambda call: st.tuples(st.just(call.key), *(OPERANDS[kind] for kind in call.takes)))
SEQUENCES = st.lists(STEPS.map("-".join), max_size=30)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(SEQUENCES)
@example(["create-a", "link-a-b", "rename-a-b"])
@example(["mkdir-d", "create-da", "rename-da-d", "rename-d-db", "rename-a-d", "rename-d-a", "rmdir-a"])
@example(["mkdir-d", "mkdir-a", "symlink-ua-da", "rename-da-a", "rename-a-da", "symlink-d-b", "symlink-b-c", "rename-d-c"])
@example(["symlink-b-a", "symlink-a-b", "open-a", "symlink-a-d", "create-da", "link-a-c", "unlink-a", "open-c"])
def test_a_real_folder_does_the_same(steps: list[str]) -> None:
    model = Model()
    with Folder() as folder:
        for step in steps:
            assert (step, model.do(step)) == (step, folder.do(step))
            assert model.state() == folder.state()


def test_two_names_and_a_path() -> None:
    results, state = run(["create-a", "link-a-b", "symlink-a-c", "rename-a-d"])
    assert results == ["", "", "", ""]
    assert state["names"] == [
        ["b", 1, "file", 2, "", "text 1"],
        ["c", 2, "symlink", 1, "a", "ENOENT"],
        ["d", 1, "file", 2, "", "text 1"],
    ]


def test_an_open_file_needs_no_name() -> None:
    results, state = run(["create-a", "open-a", "unlink-a", "create-a", "open-a", "close-3", "open-a", "close-7"])
    assert results == [""] * 7 + ["EBADF"]
    assert state["files"] == [[3, 2, 1, "text 2"], [4, 2, 1, "text 2"]]
    assert run(["create-a", "open-a", "unlink-a"])[1] == {"names": [], "files": [[3, 1, 0, "text 1"]]}


def test_steps_as_python() -> None:
    assert shown("link-a-da") == "os.link('a', 'd/a')"
    assert shown("symlink-ua-db") == "os.symlink('../a', 'd/b')"
    assert shown("close-3") == "os.close(3)"
    assert parse("rename-d-c")[1] == ["d", "c"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("", "is none of create, link"),
        ("chmod-a", "'chmod' is none of"),
        ("link-a", "takes 2 operands, not 1"),
        ("create-e", "'e' is none of a, b, c, d, da, db"),
        ("create-ua", "'ua' is none of"),
        ("close-a", "not the number of a descriptor"),
        ("close-300", "not the number of a descriptor"),
    ],
)
def test_what_is_no_step(bad: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        run([bad])


def test_every_error_has_words() -> None:
    seen = set()
    for steps in (
        "create-a.mkdir-d.link-d-b.create-a.open-b.create-da.unlink-d.rmdir-d.rename-d-db.symlink-b-b.open-b.close-9.rmdir-a",
    ):
        parts = steps.split(".")
        seen |= {f"{step.split('-')[0]} {name}" for step, name in zip(parts, run(parts)[0], strict=True) if name}
    assert {key.split()[-1] for key in seen} == {key.split()[-1] for key in WHY}
    assert all(key in WHY or key.split()[-1] in WHY for key in seen)


def test_nothing_is_left_behind() -> None:
    fds, files = set(os.listdir("/proc/self/fd")), set(os.listdir(tempfile.gettempdir()))
    with Folder() as folder:
        for step in ("create-a", "open-a", "mkdir-d", "create-da", "symlink-d-b", "unlink-a"):
            assert folder.do(step) == ""
        home = folder.path.parent
        assert home.name not in files
    assert not home.exists()
    assert set(os.listdir("/proc/self/fd")) == fds
