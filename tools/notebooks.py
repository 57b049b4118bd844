"""book/**/*.md -> notebooks/**/*.ipynb, one way and byte-stable; ``--check`` only compares.

Only files are touched that it wrote itself and that nobody has changed since (:mod:`.keeping`).

What only Sphinx understands is written as Markdown that JupyterLab and GitHub show: the book's own directives
(:mod:`.markup`), terms, verdicts, foldings, and links between pages.
"""

from __future__ import annotations

import argparse
import hashlib
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import jupytext
import nbformat
import yaml

from . import failures
from .chapters import VERDICTS, Chapter, all_chapters, chapters_of, topics
from .environment import ROOT
from .keeping import Unusable, refresh, seal
from .markup import SHAPES, choices, ways

OUT = ROOT / "notebooks"
BLOCK = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{(?P<name>[a-z]+)\}[ ]*(?P<arg>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL
)
KNOWN_TO_JUPYTER = {"code-cell", "note", "warning", "tip", "figure"}  # jupytext's own, and jupyterlab-myst's


def _promise(chapter: Chapter, arg: str, body: str) -> str:
    about = chapter.about
    lines = [f"**{' '.join(body.split())}**"]
    if "needs" in about:
        meta = [f"live run needs: {about['needs']}"]
        meta += [f"builds on [{Chapter(name).title}]({_relative(chapter, name)})" for name in about.get("builds_on", [])]
        lines += ["", f"*{' · '.join(meta)}*"]
    return "\n".join(lines)


def _claim(chapter: Chapter, arg: str, body: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in body.strip().splitlines())
    return f"> **{SHAPES[arg.strip()]} {arg.strip()}** by what follows\n>\n{quoted}"


def _predict(chapter: Chapter, arg: str, body: str) -> str:
    parts = [f"**{arg.strip()}** Open the one you think is right."]
    for choice in choices(body.splitlines(), f"{chapter.name}: predict"):
        word = "Yes." if choice.right else "Not quite."
        summary = re.sub(r"`([^`]+)`", r"<code>\1</code>", choice.text)
        parts.append(f"<details><summary>▸ {summary}</summary>\n\n{word} {choice.why}\n\n</details>")
    return "\n\n".join(parts)


def _dropdown(chapter: Chapter, arg: str, body: str) -> str:
    return f"<details><summary>▸ {arg.strip()}</summary>\n\n{body.strip()}\n\n</details>"


def _parts(chapter: Chapter, arg: str, body: str) -> str:
    lines, later = [], []
    for part in dict.fromkeys(t.part for t in topics()):
        found = chapters_of(part)
        if not found:
            later.append(part)
            continue
        links = [f"- [{one.title}]({_relative(chapter, one.name)}) {one.about['line']}" for one in found]
        lines += [f"**{part}**", "", *links, ""]
    return "\n".join([*lines, f"Planned: {', '.join(later)}."] if later else lines)


def _ways(chapter: Chapter, arg: str, body: str) -> str:
    found = ways(body.splitlines(), f"{chapter.name}: ways")
    return "\n".join(f"- **[{way.title}]({_relative(chapter, way.page)})** {way.about}" for way in found)


def _tally(chapter: Chapter, arg: str, body: str) -> str:
    counts = Counter(topic.verdict for topic in topics() if topic.written)
    return ", ".join(f"**{SHAPES[word]} {counts[word]} {word}**" for word in VERDICTS) + ": the claims that were tried."


def _after(chapter: Chapter) -> str:
    about = chapter.about
    if "can" not in about:
        return ""
    ways_on = [f"- [{Chapter(name).title}]({_relative(chapter, name)}) {why}" for name, why in about["next"].items()]
    return "\n".join(["", "---", "", f"**What you can do now.** {about['can']}", "", *ways_on, ""])


TRANSLATE: dict[str, Callable[[Chapter, str, str], str]] = {
    "promise": _promise,
    "claim": _claim,
    "predict": _predict,
    "dropdown": _dropdown,
    "parts": _parts,
    "ways": _ways,
    "tally": _tally,
}


def _relative(chapter: Chapter, target: str) -> str:
    """A link from one notebook to another page: its notebook if it has one, else the hosted page."""
    if Chapter(target).path.is_file() and Chapter(target).runs:
        return posixpath.relpath(f"{target}.ipynb", posixpath.dirname(chapter.name) or ".")
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return f"{config['html']['baseurl']}{target}.html"


def translate(chapter: Chapter) -> str:
    """The chapter's source with the book's own markup written out. ValueError for a directive nobody translates."""

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        if name in TRANSLATE:
            return TRANSLATE[name](chapter, found["arg"], found["body"])
        if name not in KNOWN_TO_JUPYTER:
            raise ValueError(
                f"book/{chapter.name}.md: directive {name!r} means nothing in a notebook; translate it in tools/notebooks.py"
            )
        return found[0]

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(chapter.name), found[2]))
        return f"[{found[1]}]({_relative(chapter, target)}{found[3] or ''})"

    text = BLOCK.sub(block, chapter.text) + _after(chapter)
    text = re.sub(r"\{verdict\}`(\w+)`", lambda m: f"**{SHAPES[m[1]]} {m[1]}**", text)
    text = re.sub(r"\{term\}`(?:([^`<]+?) <[^`>]+>|([^`]+))`", lambda m: m[1] or m[2], text)
    text = re.sub(r"\[([^\]]+)\]\(([\w./-]+)\.md(#[\w-]+)?\)", link, text)
    odd = re.search(r"\{[a-z]+\}`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    if odd:
        raise ValueError(f"book/{chapter.name}.md: role {odd[0]!r} means nothing in a notebook; translate it in tools/notebooks.py")
    return text


def notebook(chapter: Chapter, language: dict[str, Any] | None = None) -> str:
    """The whole .ipynb, sealed: no outputs, cell ids from the cells' contents. ``language`` is what a kernel says of its own."""
    nb = jupytext.reads(translate(chapter), fmt="md:myst")
    nb.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": language or {"name": "python"},
        "rsn": {"chapter": chapter.name, "sha256": ""},
    }
    seen: dict[str, int] = {}
    for cell in nb.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:8]
        number = seen[digest] = seen.get(digest, -1) + 1
        cell["id"] = f"{digest}-{number}" if number else digest
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if {"remove-input", "hide-input"} & set(tags):  # the book hides or folds the code; JupyterLab folds it
            cell.metadata["jupyter"] = {"source_hidden": True}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nb.nbformat, nb.nbformat_minor = 4, 5
    nbformat.validate(nb)
    return seal(str(nbformat.writes(nb, indent=1, sort_keys=True, ensure_ascii=False)) + "\n")


def notebooks(language: dict[str, Any] | None = None) -> dict[str, str]:
    """The texts of all notebooks, by their chapters' names."""
    return {chapter.name: notebook(chapter, language) for chapter in all_chapters() if chapter.runs}


def main() -> int:
    """Exit status 1 if a notebook that somebody changed was kept; with ``--check`` if anything is out of step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if notebooks/ is not in step with book/")
    check = parser.parse_args().check
    try:
        outcome = refresh(OUT, notebooks(), dry=check)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 1
    where = OUT.relative_to(ROOT)
    for name in outcome.written + outcome.removed:
        print(f"{'out of step' if check else 'wrote' if name in outcome.written else 'removed'}: {where}/{name}.ipynb")
    for name in outcome.own + outcome.kept:
        print(f"changed by hand, so it was kept: {where}/{name}.ipynb (edit book/{name}.md; to have it made anew, delete it)")
    for name in outcome.foreign:
        print(f"not made from a chapter, so it was kept: {where}/{name}.ipynb (a place of your own is work/)")
    edited = bool(outcome.own + outcome.kept)
    if check and (outcome.written or outcome.removed or outcome.foreign or edited):
        print("notebooks/ is out of step with book/; `make notebooks` writes all but what it keeps", file=sys.stderr)
        return 1
    return int(edited)


if __name__ == "__main__":
    sys.exit(failures.run(main))
