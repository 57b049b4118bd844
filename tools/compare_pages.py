"""Compare the text of two built books, page by page: what readers read, not how it is marked up.

python -m tools.compare_pages OLD NEW [PAGE ...]    OLD and NEW are the html folders

``--facts`` is for pages that were rewritten: it lists what can be looked up in the old text and is nowhere in the new one,
which is numbers, names (capitals, underscores, dots, slashes, calls) and quotations in code.

Left aside: the cells' code (``--code`` shows it) and the folds with the code that asked. In provenance lines, dates and seconds
stand as DATE and SECONDS. Exit status 1 if a page differs, is new or is gone; measured times and counts do differ from run to run.
"""

from __future__ import annotations

import argparse
import difflib
import html
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from .elements import BLOCKS, SKIPPED, VOID


class _Text(HTMLParser):
    """Collects the lines of a page's article; what is in an element of a class in ``aside`` is left out."""

    def __init__(self, aside: frozenset[str]) -> None:
        super().__init__()
        self.aside = aside
        self.lines: list[str] = []
        self.line = ""
        self.open: list[str] = []
        self.within = self.without = -1  # depths of the article, and of what is left out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag == "br":
            self._end()
        if tag in VOID:
            return
        classes = set((dict(attrs).get("class") or "").split())
        if tag == "article" and self.within < 0:
            self.within = len(self.open)
        if self.without < 0 and (tag in SKIPPED or classes & self.aside):
            self.without = len(self.open)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._end()
        if tag in self.open:
            while self.open.pop() != tag:
                pass
            self.within = -1 if self.within >= len(self.open) else self.within
            self.without = -1 if self.without >= len(self.open) else self.without

    def handle_data(self, data: str) -> None:
        if self.within >= 0 and self.without < 0:
            self.line += data

    def _end(self) -> None:
        if text := " ".join(self.line.split()):
            self.lines.append(text)
        self.line = ""


def lines(page: str, code: bool = False) -> list[str]:
    """The text of a page's article, a line a block; the code of its cells only if ``code``."""
    parser = _Text(frozenset({"asked", "headerlink", "copybtn"} | (set() if code else {"cell_input"})))
    parser.feed(page)
    parser.close()
    told = re.compile(r"^(?:live|lab|record) · |^(?:live|lab|record) [\w-]+ · ")
    return [_steady(line) if told.match(line) else line for line in parser.lines]


def _steady(line: str) -> str:
    return re.sub(r"(?:[\d.]+|under 0\.01)[\u00a0 ]s\b", "SECONDS", re.sub(r"\d{4}-\d\d-\d\d", "DATE", line))


def compared(old: Path, new: Path, only: list[str], code: bool = False) -> list[str]:
    """A unified difference of every page that is in either folder; empty where all say the same."""
    names = sorted({path.relative_to(folder).as_posix() for folder in (old, new) for path in folder.rglob("*.html")})
    found: list[str] = []
    for name in names:
        if "_static" in name or (only and name.removesuffix(".html") not in only):
            continue
        before, after = [
            lines((folder / name).read_text(encoding="utf-8"), code) if (folder / name).is_file() else [] for folder in (old, new)
        ]
        found += difflib.unified_diff(before, after, f"old/{name}", f"new/{name}", lineterm="", n=0)
    return found


def facts(text: list[str]) -> set[str]:
    """What of a page's lines can be looked up: words with a digit, a capital, or a sign that only names have.

    A capital at the beginning of a sentence makes no name.
    """
    found: set[str] = set()
    for line in text:
        for sentence in re.split(r"(?<=[.!?:;|·])\s+", line):
            for number, match in enumerate(re.finditer(r"[\w$#~/.()-]+", sentence)):
                word = match[0].strip("./-()")
                if re.search(r"\d|[A-Z_/.$#]", word if number else word[:1].lower() + word[1:]):
                    found.add(word)
    return found - {"DATE", "SECONDS"}  # what stands for times in provenance lines


def lost(old: Path, new: Path, only: list[str]) -> list[str]:
    """For each page of ``old``, the facts that its successor in ``new`` has nowhere, folds and code included."""
    found = []
    for path in sorted(old.rglob("*.html")):
        name = path.relative_to(old).as_posix()
        if "_static" in name or (only and name.removesuffix(".html") not in only):
            continue
        before = facts(lines(path.read_text(encoding="utf-8")))
        page = (new / name).read_text(encoding="utf-8") if (new / name).is_file() else ""
        after = html.unescape(page)  # the widgets' state and pictures count as said
        gone = sorted(word for word in before if word not in after)
        found += [f"{name}: {word}" for word in gone]
    return found


def main() -> int:
    """Print the differences; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="the html folder of before")
    parser.add_argument("new", type=Path, help="the html folder of now")
    parser.add_argument("pages", nargs="*", help="only these, as kvm/halt")
    parser.add_argument("--code", action="store_true", help="compare the cells' code too")
    parser.add_argument("--facts", action="store_true", help="only what can be looked up in OLD and is nowhere in NEW")
    options = parser.parse_args()
    for folder in (options.old, options.new):
        if not (folder / "index.html").is_file():
            print(f"{folder} has no built book: there is no index.html in it", file=sys.stderr)
            return 2
    if options.facts:
        found = lost(options.old, options.new, options.pages)
    else:
        found = compared(options.old, options.new, options.pages, options.code)
    print("\n".join(found) if found else "the pages say the same")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
