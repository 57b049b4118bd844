"""What the project knows of its chapters: their files, their front matter, the notes' topics, and their code key."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from syslab.evidence import records
from syslab.evidence.answer import VIEWS
from syslab.sources import closure, hash_files, imports

from .able import able
from .environment import ROOT

BOOK = ROOT / "book"
VERDICTS = ("confirmed", "refined", "corrected", "answered")
CODE_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"\A---\n.*?^---\n", re.MULTILINE | re.DOTALL)
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """One page of the book. ``name`` is its path below ``book/`` without the suffix, as Sphinx calls it."""

    name: str

    @property
    def path(self) -> Path:
        """Its source."""
        return BOOK / f"{self.name}.md"

    @cached_property
    def text(self) -> str:
        """The source text."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def front(self) -> dict[str, Any]:
        """The front matter; empty if there is none."""
        found = FRONT.match(self.text)
        return yaml.safe_load(found[1]) or {} if found else {}

    @property
    def about(self) -> dict[str, Any]:
        """The ``rsn`` part of the front matter: line, and of chapters proper can, next, needs, builds_on, topics."""
        about: dict[str, Any] = self.front.get("rsn", {})
        return about

    @cached_property
    def title(self) -> str:
        """The first heading."""
        found = re.search(r"^# (.+)$", self.text, re.MULTILINE)
        if not found:
            raise ValueError(f"book/{self.name}.md has no title")
        return found[1].strip()

    @property
    def drawing(self) -> Path:
        """The small drawing that stands for the chapter; it is in the folder of its code."""
        return ROOT / "syslab/chapters" / self.name.replace("-", "_") / "drawing.svg"

    @property
    def runs(self) -> bool:
        """Whether it has cells to execute."""
        return "kernelspec" in self.front

    @cached_property
    def cells(self) -> list[str]:
        """The code of its cells, options left out."""
        return [
            "\n".join(line for line in OPTIONS.sub("", body).splitlines() if not line.startswith(":")).strip("\n")
            for body in CODE_CELL.findall(self.text)
        ]

    @cached_property
    def files(self) -> list[Path]:
        """The project's modules that its cells import, with what those import, and what is found by name when answers are shown."""
        modules: set[str] = set()
        for cell in self.cells:
            modules |= imports(ast.parse(_python_only(cell)), "")
        own = {m for m in modules if m.split(".")[0] == "syslab"}
        reached = {path.parent for path in closure(own) if path.name == "ask.py" or path.parent.name == "questions"}
        views = {".".join((folder / "show").relative_to(ROOT).parts) for folder in reached}
        return closure(own | views | {VIEWS})

    @property
    def rooms(self) -> list[str]:
        """The modules with the questions it asks."""
        asks = [
            path
            for path in self.files
            if path.name == "ask.py" or (path.parent.name == "questions" and path.stem not in ("__init__", "show"))
        ]
        return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in asks)

    def key(self) -> str:
        """Changes when anything changes that its outputs depend on, besides its own cells.

        That is: the project's modules its cells import (with what those import), records of its experiments, the
        locked requirements, Python's version, and what this machine can do of what they need.
        """
        digest = hashlib.sha256(hash_files([*self.files, ROOT / "requirements.txt"]).encode())
        kept = [records.digest(room) for room in self.rooms]
        digest.update(repr((sys.version_info[:2], able(self.rooms), kept)).encode())
        return digest.hexdigest()[:16]

    def keyed_text(self, text: str | None = None) -> str:
        """The source with the key in its kernelspec, which is part of what the execution cache compares."""
        source = self.text if text is None else text
        return re.sub(r"^(kernelspec:\n)", rf"\1  rsn_key: {self.key()}\n", source, count=1, flags=re.MULTILINE)


def _python_only(cell: str) -> str:
    return "\n".join("pass" if re.match(r"\s*[%!]", line) else line for line in cell.splitlines())


def toc() -> list[dict[str, Any]]:
    """The parts of ``_toc.yml``."""
    parts: list[dict[str, Any]] = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return parts


def all_chapters() -> list[Chapter]:
    """Every page of the table of contents, the front page first."""
    root = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["root"]
    return [Chapter(root), *(Chapter(entry["file"]) for part in toc() for entry in part["chapters"])]


def written_chapters() -> list[Chapter]:
    """The chapters proper, with or without a topic of the notes: those that say what a live run needs."""
    return [chapter for chapter in all_chapters() if "needs" in chapter.about]


def chapters_of(part: str) -> list[Chapter]:
    """The chapters proper of a part, in the order of the table of contents; none where it is still to be written."""
    entries = [entry["file"] for found in toc() if found["caption"] == part for entry in found["chapters"]]
    return [chapter for chapter in map(Chapter, entries) if "needs" in chapter.about]


def topic_chapters() -> list[Chapter]:
    """The chapters that answer topics of the notes."""
    return [chapter for chapter in all_chapters() if chapter.about.get("topics")]


@dataclass(frozen=True)
class Topic:
    """One topic of the notes, and what became of it. ``verdict`` and ``evidence`` are empty until it is written."""

    id: str
    title: str
    claim: str
    part: str
    chapter: str
    verdict: str = ""
    evidence: str = ""
    written: bool = False


def topics() -> list[Topic]:
    """All topics in the book's order, verdicts taken from the chapters' own front matter."""
    answered = {
        name: (chapter.name, entry["verdict"], entry["evidence"])
        for chapter in topic_chapters()
        for name, entry in chapter.about["topics"].items()
    }
    listed = []
    for part in yaml.safe_load((BOOK / "topics.yml").read_text(encoding="utf-8")):
        for entry in part["topics"]:
            where = answered.get(entry["id"])
            planned = f"{part['folder']}/{entry['chapter']}"
            if where and where[0] != planned:
                raise ValueError(f"topic {entry['id']} is planned for {planned} but answered in {where[0]}")
            listed.append(
                Topic(
                    id=entry["id"],
                    title=entry["title"],
                    claim=entry["claim"],
                    part=part["part"],
                    chapter=planned,
                    verdict=where[1] if where else "",
                    evidence=where[2] if where else "",
                    written=where is not None,
                )
            )
    unknown = set(answered) - {t.id for t in listed}
    if unknown:
        raise ValueError(f"chapters answer topics that book/topics.yml does not list: {', '.join(sorted(unknown))}")
    return listed
