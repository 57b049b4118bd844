"""A new chapter's skeleton: ``make chapter kvm/timers`` writes page, folder and tests, and the line in _toc.yml.

It runs as it stands, with a question, a model, a table and an exercise to be replaced. What is to be written says TODO, and
the tests name each until it is gone. Topics of the notes that book/topics.yml plans for this chapter are in it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from . import children, failures
from .chapters import topics, written_chapters
from .environment import ROOT
from .failures import Failure
from .sources import canonical

HERE = Path(__file__).parent / "skeleton"
NAME = re.compile(r"[a-z]+/[a-z][a-z0-9]*(-[a-z0-9]+)*")


def places(name: str) -> dict[str, str]:
    """Template -> file, relative to the repository, for the chapter ``name`` (``part/some-thing``)."""
    folder = f"chapters/{name.replace('-', '_')}"
    code = ("__init__.py", "ask.py", "model.py", "show.py", "pictures.py", "exercises.py")
    return {
        "page.md": f"book/{name}.md",
        **{file: f"syslab/{folder}/{file}" for file in (*code, "drawing.svg")},
        **{file: f"tests/{folder}/{file}" for file in ("test_ask.py", "test_show.py")},
    }


def with_chapter(toc: str, part: str, name: str) -> str:
    """The text of _toc.yml with ``name`` at the end of the part captioned ``part``, which is added where there is none."""
    line = f"      - file: {name}\n"
    head = f"  - caption: {part}\n"
    before, found, after = toc.partition(head)
    if not found:
        return f"{toc.rstrip()}\n{head}    chapters:\n{line}"
    own, more, rest = after.partition("  - caption: ")
    return f"{before}{head}{own.rstrip()}\n{line}{more}{rest}"


def write(name: str, root: Path = ROOT) -> list[str]:
    """Write the skeleton; the files, relative to ``root``. Failure, with nothing written, for a name that cannot be one."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    if not NAME.fullmatch(name):
        raise Failure(f"{name!r} names no chapter: it is a part and a name, such as kvm/timers or cpu/spin-wait")
    part, slug = name.split("/")
    parts: list[dict[str, Any]] = yaml.safe_load((root / "book/topics.yml").read_text(encoding="utf-8"))
    captions = {one["folder"]: one["part"] for one in parts}
    if part not in captions:
        raise Failure(f"there is no part {part!r}; book/topics.yml has {', '.join(captions)}")
    files = places(name)
    if there := [file for file in files.values() if (root / file).exists()]:
        raise Failure(f"the chapter {name} is there already: {', '.join(there)}")
    planned = [topic for topic in topics() if topic.chapter == name]
    title = planned[0].title if len(planned) == 1 else slug.replace("-", " ").capitalize()
    others = [chapter.name for chapter in written_chapters()]
    others.sort(key=lambda other: not other.startswith(f"{part}/"))  # two of its part, if there are
    about = {
        "others": others[:2],
        "name": name,
        "part": part,
        "slug": slug,
        "module": slug.replace("-", "_"),
        "title": title,
        "topics": planned,
    }
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True)
    for template, file in files.items():
        text = environment.get_template(f"{template}.jinja").render(about)
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(canonical(text) if file.endswith(".md") else text, encoding="utf-8")
    package = root / f"syslab/chapters/{part}/__init__.py"
    if not package.exists():
        package.write_text('"""The chapters of a part."""\n', encoding="utf-8")
    toc = root / "_toc.yml"
    toc.write_text(with_chapter(toc.read_text(encoding="utf-8"), captions[part], name), encoding="utf-8")
    return [*files.values(), "_toc.yml"]


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(prog="make chapter", description="Write a new chapter's skeleton.")
    parser.add_argument("name", help="part/name, such as kvm/timers: book/kvm/timers.md is the page")
    name = parser.parse_args().name
    for file in write(name):
        print(file)
    print(f"Next: make record, then make test CHAPTER={name}; what says TODO is to be written.")
    return children.run("notebooks", [sys.executable, "-m", "tools.notebooks"], os.environ)


if __name__ == "__main__":
    sys.exit(failures.run(main))
