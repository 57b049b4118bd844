"""What was executed is found again: by the next build, and by MyST-NB, which would run it once more."""

from __future__ import annotations

from pathlib import Path

from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig
from myst_parser.config.main import MdParserConfig

from tools.chapters import Chapter
from tools.execution import execute, read


def test_a_chapter_runs_once(tmp_path: Path) -> None:
    said: list[str] = []
    chapter, md, nb = Chapter("index"), MdParserConfig(), NbParserConfig()
    first = execute([chapter], tmp_path / "cache", md, nb, said.append)
    assert said[-1].startswith("executed index in")
    get_cache(str(tmp_path / "cache")).match_cache_notebook(read(chapter, md, nb))  # as MyST-NB looks for it
    again: list[str] = []
    assert execute([chapter], tmp_path / "cache", md, nb, again.append) == first
    assert again == []
