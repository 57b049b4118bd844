"""LinkGraph: names, inodes and open files as a drawing, and the calls that change it or are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from syslab.widgets.base import script, style

from .model import CALLS, FIRST_FD, LONGEST, MAX_SYMLINKS, PATHS, TARGETS, WHY, run, token
from .state import State


class LinkGraph(anywidget.AnyWidget):
    """``stories``: label -> calls with dots between, as :mod:`~syslab.chapters.files.links.model` has them; the first one shown first.

    ``anchor`` is its name in links: ``#links=create-a.link-a-b`` are the calls so far, ``#links=`` an empty folder.
    ValueError for no story, or one that cannot be.
    """

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


def steps(calls: str) -> list[str]:
    """``create-a.link-a-b`` as a list; ValueError for a call that is none, or for too many."""
    found = calls.split(".") if calls else []
    if len(found) > LONGEST:
        raise ValueError(f"{len(found)} calls are more than {LONGEST}")
    run(found)
    return found
