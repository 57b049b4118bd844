"""Exercises of the chapter on links."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from syslab.evidence import CannotRunHere, ExperimentFailed, ask
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .ask import each

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


def _replace(answer: Any) -> Feedback:
    if not isinstance(answer, str):
        return Feedback(False, f"Give the calls as text, such as 'create-a.open-a', not as {type(answer).__name__}.")
    try:
        rows = ask(each, calls=answer).data
    except CannotRunHere as reason:
        return Feedback(False, f"Nothing was tried. {reason}")
    except ExperimentFailed as error:
        return Feedback(False, f"That could not be run: {error}")
    names = [{name[0]: name[5] for name in row["names"]} for row in rows]
    if any("a" in before and "a" not in after for before, after in pairwise(names)):
        return Feedback(False, "For a moment there was no name a. Whoever opened it just then got ENOENT.")
    files = {file[0]: file[3] for file in rows[-1]["files"]}
    last = f"In the end a reads {names[-1].get('a', 'nothing')}, and descriptor 3 {files.get(3, 'is not open')}."
    return Feedback(names[-1].get("a") == "text 2" and files.get(3) == "text 1", last)


replace = Trial(
    anchor="replace",
    question="Replace a file that a reader has open, and never be without it.",
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
)
