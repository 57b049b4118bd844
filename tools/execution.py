"""Running the chapters' cells, on all cores, into the execution cache that the book is built from.

MyST-NB would run chapters one after another, and its cache compares nothing but the cells' own code. Here each
chapter's source carries a key over everything else its outputs depend on (see :meth:`.chapters.Chapter.key`), and
what the cache lacks is run in parallel before Sphinx reads the first page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import jupyter_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig

from .chapters import Chapter

TIMEOUT = 120  # seconds a cell may take


class ChapterFailed(RuntimeError):
    """A cell raised; the message has the chapter and the traceback."""


def read(chapter: Chapter, md: MdParserConfig, nb: NbParserConfig) -> Any:
    """The chapter as a notebook, key included, just as Sphinx will read it."""
    reader = create_nb_reader(str(chapter.path), md, nb, chapter.keyed_text())
    if reader is None:
        raise ChapterFailed(f"book/{chapter.name}.md is not a MyST notebook")
    return reader.read(chapter.keyed_text())


def _run(chapter: Chapter, notebook: Any) -> tuple[Chapter, Any, float]:
    started = time.monotonic()
    result = single_nb_execution(notebook, cwd=str(chapter.path.parent), allow_errors=False, timeout=TIMEOUT, meta_override=True)
    if result.err is not None:
        raise ChapterFailed(f"book/{chapter.name}.md: {result.exc_string}")
    return chapter, notebook, time.monotonic() - started


def execute(
    chapters: list[Chapter],
    cache_path: Path,
    md: MdParserConfig,
    nb: NbParserConfig,
    say: Callable[[str], None] = print,
) -> int:
    """Run what the cache at ``cache_path`` lacks, two or more at a time; how many ran. ChapterFailed at the first error."""
    cache = jupyter_cache.get_cache(str(cache_path))
    missing = list(_missing(chapters, cache, md, nb))
    if not missing:
        return 0
    workers = min(len(missing), os.cpu_count() or 1)
    say(f"executing {len(missing)} of {len(chapters)} chapters, {workers} at a time")
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_run, chapter, notebook) for chapter, notebook in missing]
        try:
            for job in as_completed(jobs):
                chapter, notebook, seconds = job.result()
                bundle = CacheBundleIn(notebook, str(chapter.path), data={"execution_seconds": seconds})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                say(f"executed {chapter.name} in {seconds:.1f} s")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return len(missing)


def _missing(chapters: list[Chapter], cache: Any, md: MdParserConfig, nb: NbParserConfig) -> Iterator[tuple[Chapter, Any]]:
    for chapter in chapters:
        if chapter.runs:
            notebook = read(chapter, md, nb)
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                yield chapter, notebook
