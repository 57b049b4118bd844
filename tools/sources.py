"""``make format`` for ``book/**/*.md``: headers and cells as Jupytext writes them.

A chapter that is opened and saved in JupyterLab, or taken to .ipynb and back, then differs from its source in what was
edited and in nothing else. What is kept of the metadata is in ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import json

import jupytext
import nbformat
from jupytext.config import load_jupytext_config

from .chapters import BOOK, all_chapters
from .environment import ROOT
from .keeping import write

FORMAT = "md:myst"


def canonical(text: str) -> str:
    """The source of a chapter with cells as Jupytext writes it: keys in order, the cells' language as kernels name it."""
    config = load_jupytext_config(str(BOOK))
    nb = jupytext.reads(text, fmt=FORMAT, config=config)
    nb = nbformat.from_dict(json.loads(json.dumps(nb, sort_keys=True)))  # an .ipynb has its keys in order
    nb.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return str(jupytext.writes(nb, fmt=FORMAT, config=config))


def main() -> None:
    """Write the chapters that differ from their canonical form, and name them."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for chapter in all_chapters():
        if chapter.runs and chapter.text != (text := canonical(chapter.text)):
            write(chapter.path, text)
            print(f"formatted {chapter.path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
