"""Generated notebooks that a reader may have made his own: what we wrote is brought up to date, what he did is kept.

A generated notebook carries in ``metadata.rsn`` its chapter's name and a hash of its own text. As long as both agree
with the file it is as we wrote it, wherever the checkout came from; after any edit, and after Jupyter has saved outputs
into it, they do not agree, and the file is the reader's. A copy under another name is his from the start.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EMPTY = '"sha256": ""'  # cannot stand in a cell: there, JSON writes a backslash before each quotation mark
SEAL = re.compile(r'"sha256": "([0-9a-f]{64})"')


class Unusable(RuntimeError):
    """What stands in a folder's place cannot be used for it; the message is a sentence that says what to do."""


def seal(text: str) -> str:
    """The notebook's text with the hash of itself filled in where :data:`EMPTY` stands."""
    return text.replace(EMPTY, f'"sha256": "{hashlib.sha256(text.encode()).hexdigest()}"', 1)


def _seal(text: str) -> str:
    """The hash that a notebook says it had when it was written; empty if it says none."""
    found = SEAL.search(text)
    return found[1] if found else ""


def _as_written(text: str, name: str) -> bool:
    """Whether this is the notebook of the chapter ``name`` byte for byte as some version of the book wrote it."""
    found = SEAL.search(text)
    return bool(found) and seal(SEAL.sub(EMPTY, text, 1)) == text and f'"chapter": {json.dumps(name)}' in text


def _text(path: Path) -> str | None:
    """A regular file's text; None for whatever else is there, and for what cannot be read."""
    try:
        return path.read_bytes().decode() if stat.S_ISREG(path.lstat().st_mode) else None
    except (OSError, UnicodeDecodeError):
        return None


def write(path: Path, text: str) -> None:
    """Put ``text`` there as a whole or not at all, also when interrupted; a symlink at ``path`` is replaced, not followed."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(new, "x", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


@dataclass
class Outcome:
    """Chapters' names by what was done with their notebooks (with ``dry`` what would be); all else is as it should be."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)  # it has no chapter any more, and nobody had changed it
    kept: list[str] = field(default_factory=list)  # the reader changed it, and the book has another version than he began with
    own: list[str] = field(default_factory=list)  # the reader changed it, and the book's is still the one he began with
    foreign: list[str] = field(default_factory=list)  # neither a chapter's nor written by us


def refresh(folder: Path, wanted: dict[str, str], dry: bool = False) -> Outcome:
    """Bring the notebooks in ``folder`` up to date with ``wanted``, sealed texts by the chapters' names.

    Only what is missing or as it was written is touched, unless ``dry``, which touches nothing. Unusable, before anything
    is changed, for a file or a symlink in a folder's place; OSError where nothing can be written, with what was written
    until then left whole.
    """
    for parent in sorted({folder, *(above for name in wanted for above in _parents(folder, name))}):
        _check(parent)
    outcome = Outcome()
    for name, text in wanted.items():
        path = folder / f"{name}.ipynb"
        there = _text(path)
        if there == text:
            continue
        if not os.path.lexists(path) or (there is not None and _as_written(there, name)):
            outcome.written.append(name)
            if not dry:
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path, text)
        elif there is not None and _seal(there) == _seal(text):
            outcome.own.append(name)
        else:
            outcome.kept.append(name)
    for name in _others(folder, wanted):
        path = folder / f"{name}.ipynb"
        if _as_written(_text(path) or "", name):
            outcome.removed.append(name)
            if not dry:
                path.unlink()
        else:
            outcome.foreign.append(name)
    return outcome


def _parents(folder: Path, name: str) -> Iterator[Path]:
    path = (folder / name).parent
    while path != folder:
        yield path
        path = path.parent


def _check(folder: Path) -> None:
    """Unusable unless ``folder`` is one, or nothing is there yet. A symlink would lead our writing elsewhere."""
    try:
        mode = folder.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
        raise Unusable(f"{folder} is {what}, but a folder must be there: move it away and try again; nothing was changed")


def _others(folder: Path, wanted: dict[str, str]) -> Iterator[str]:
    """Names of the notebooks below ``folder`` that are not wanted; nothing in hidden folders, nothing behind symlinks."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            if file.endswith(".ipynb"):
                name = Path(where, file).relative_to(folder).with_suffix("").as_posix()
                if name not in wanted:
                    yield name
