"""Exercises of the chapter on links."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from syslab.widgets.exercise import Exercise, Feedback, Trial, tried

from .ask import each
from .model import Model
from .state import State, files, names

count = Exercise(
    anchor="links-count",
    question="In an empty folder: open('a', 'x'), os.link('a', 'b'), os.symlink('a', 'c'), os.link('b', 'd'), os.unlink('a'). What is st_nlink of b?",
    accepts=("2",),
    why="The inode has the names b and d left. The symlink is an inode of its own and counts for nothing; it dangles now.",
    near={
        "3": "That was so before the unlink. One name of the three is gone, and the symlink never counted.",
        "1": "b is one name. Which other one was made from b?",
        "0": "b itself is a name, so the count cannot be 0.",
        "4": "Four names were made, but one of them is a symlink, and one was unlinked.",
    },
    hint="Count the directory entries of this inode, and nothing else.",
)

size = Exercise(
    anchor="links-size",
    question="On a system whose file names are UTF-8, a symlink holds ../ä.txt. What is st_size of the symlink by lstat?",
    accepts=("9",),
    why="It is the length of the text in bytes: 3 for ../, 2 for ä in UTF-8, and 4 for .txt.",
    near={
        "8": "That counts characters. The kernel sees bytes, and ä has two of them.",
        "0": "A symlink has contents: the text.",
        "10": "The text is stored without a zero at its end, as far as st_size tells.",
    },
    hint="It does not depend on the file that the text leads to, nor on whether there is one.",
)

same = Exercise(
    anchor="links-same",
    question="a and b are two names of one inode. os.rename('a', 'b') returns without an error. Which names are left?",
    choices=("only b", "only a", "both a and b", "neither"),
    accepts=("both a and b",),
    why="rename(2) says so: if both names lead to the same file, it does nothing and reports success.",
    near={
        "only b": "This is what one would expect, and what happens when the two are different files.",
        "only a": "rename never removes only its target.",
        "neither": "A rename that succeeds always leaves its target.",
    },
)


def _judged(rows: Sequence[State]) -> Feedback:
    """The folder after each call: never without an a, and in the end another one than the reader's."""
    there = [{name.path: name.reads for name in names(row)} for row in rows]
    if any("a" in before and "a" not in after for before, after in pairwise(there)):
        return Feedback(False, "For a moment there was no name a. Whoever opened it just then got ENOENT.")
    read = {file.descriptor: file.text for file in files(rows[-1])}
    last = f"In the end a reads {there[-1].get('a', 'nothing')}, and descriptor 3 {read.get(3, 'is not open')}."
    return Feedback(there[-1].get("a") == "text 2" and read.get(3) == "text 1", last)


def _replace(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give the calls as text, such as 'create-a.open-a', not as {type(answer).__name__}.")
    return tried(each, lambda asked: _judged(asked.data), calls=answer)


def _modelled(calls: str) -> Feedback:
    """By the model, which the tests compare with real folders: these choices too."""
    model, states = Model(), list[State]()
    for step in calls.split("."):
        model.do(step)
        states.append(model.state())
    return _judged(states)


replace = Trial(
    anchor="links-replace",
    question="A reader has the file a open as descriptor 3. Replace a so that the reader still reads text 1, every program that opens a "
    "afterwards reads text 2, and there is always an a. Which calls do it?",
    judge=_replace,
    wrong=(
        "",
        "chmod-a",
        "create-a.open-a",
        "create-a.open-a.unlink-a.create-a",
        "create-a.open-a.create-b.rename-a-b",
        "create-a.create-b.rename-b-a.open-a",
        15,
    ),
    choices={
        calls: calls
        for calls in (
            "create-a.open-a.unlink-a.create-a",
            "create-a.open-a.create-b.rename-a-b",
            "create-a.open-a.create-b.rename-b-a",
            "create-a.open-a.create-b.unlink-a.link-b-a",
            "create-a.open-a.create-b.link-b-a",
        )
    },
    outcome=_modelled,
)
