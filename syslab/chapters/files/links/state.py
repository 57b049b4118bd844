"""What a folder looks like between two calls: one form for the model and for the real one."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict


class Name(NamedTuple):
    """A name: its inode's number, counted as they are made; a symlink's target, else ""; what opening it reads, or the errno.

    ``links`` is None for a directory: file systems count differently.
    """

    path: str
    number: int
    kind: str
    links: int | None
    target: str
    reads: str


class OpenFile(NamedTuple):
    """A descriptor, its inode's number and link count, and what it reads."""

    descriptor: int
    number: int
    links: int
    text: str


class State(TypedDict):
    """Plain data: each :class:`Name`, sorted by path, and each :class:`OpenFile`, as lists, since JSON has no tuples."""

    names: list[list[Any]]
    files: list[list[Any]]


def names(state: State) -> list[Name]:
    """The names of a state."""
    return [Name(*one) for one in state["names"]]


def files(state: State) -> list[OpenFile]:
    """The open files of a state."""
    return [OpenFile(*one) for one in state["files"]]
