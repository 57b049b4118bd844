"""LinkGraph: names, inodes and open files as a drawing, and the calls that change it or are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from syslab.widgets.base import Widget, script, style

from .model import CALLS, FIRST_FD, LONGEST, MAX_SYMLINKS, PATHS, TARGETS, WHY, run, shown, token
from .state import State, files, names


class LinkGraph(Widget):
    """``stories``: label -> calls with dots between, as :mod:`~syslab.chapters.files.links.model` has them; the first one shown first.

    ``anchor`` is its name in links: ``#links=create-a.link-a-b`` are the calls so far, ``#links=`` an empty folder.
    ValueError for no story, or one that cannot be.
    """

    becomes = "a drawing of names, inodes and open files, with calls that change it"
    _esm = script(__file__)
    _css = style(__file__)
    anchor = traitlets.Unicode().tag(sync=True)
    calls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    paths: traitlets.List[Any] = traitlets.List([[token(path), path] for path in PATHS]).tag(sync=True)
    targets: traitlets.List[Any] = traitlets.List([[token(path), path] for path in TARGETS]).tag(sync=True)
    why: traitlets.Dict[str, str] = traitlets.Dict(WHY).tag(sync=True)
    stories: traitlets.List[Any] = traitlets.List().tag(sync=True)
    limits: traitlets.List[Any] = traitlets.List([LONGEST, MAX_SYMLINKS, FIRST_FD]).tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, anchor: str, stories: Mapping[str, str]) -> None:
        if not stories:
            raise ValueError(f"link graph {anchor}: it needs at least one story")
        for calls in stories.values():
            steps(calls)
        super().__init__(
            anchor=anchor,
            calls=[[call.key, call.text, call.takes, list(call.labels)] for call in CALLS],
            stories=[list(story) for story in stories.items()],
        )
        self.value = next(iter(stories.values()))

    @property
    def state(self) -> State:
        """What is drawn."""
        return run(steps(self.value))[1]

    @traitlets.validate("value")
    def _can_be(self, proposal: Any) -> str:
        try:
            steps(proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(f"link graph {self.anchor}: {error}") from None
        return str(proposal["value"])

    def in_words(self) -> str:
        """The calls, and what there is after them."""
        done = steps(self.value)
        calls = [shown(step) + (f" ({errno})" if errno else "") for step, errno in zip(done, run(done)[0], strict=True)]
        lines = [f"After {'; '.join(calls)}:" if calls else "The folder is empty."]
        for name in names(self.state):
            target = f" that holds “{name.target}”" if name.target else ""
            links = "" if name.links is None else f", {name.links} link{'s' * (name.links != 1)}"
            lines.append(f"{name.path} is {name.kind} {name.number}{target}{links}; opened, it reads {name.reads or 'nothing'}")
        lines += [f"file descriptor {file.descriptor} is inode {file.number}" for file in files(self.state)]
        return "\n".join(lines)


def steps(calls: str) -> list[str]:
    """``create-a.link-a-b`` as a list; ValueError for a call that is none, or for too many."""
    found = calls.split(".") if calls else []
    if len(found) > LONGEST:
        raise ValueError(f"{len(found)} calls are more than {LONGEST}")
    run(found)
    return found
