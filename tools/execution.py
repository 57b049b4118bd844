"""Running the chapters' cells, on all cores, into the execution cache that the book is built from.

MyST-NB would run chapters one after another, and its cache compares nothing but the cells' own code. Here each
chapter's source carries a key over everything else its outputs depend on (see :meth:`.chapters.Chapter.key`), and
what the cache lacks is run in parallel before Sphinx reads the first page.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import jupyter_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig

from syslab.evidence.line import RUN_FAILED

from . import kernels
from .chapters import Chapter
from .failures import Failure
from .kernels import Runs

TIMEOUT = 120  # seconds a cell may take
EXECUTED = "rsn_executed"  # when, in what the cache keeps of an execution
FAILED = "rsn_failed"  # whether a record stood in for a run that failed: the next build tries it again


def read(chapter: Chapter, md: MdParserConfig, nb: NbParserConfig) -> Any:
    """The chapter as a notebook, key included, just as Sphinx will read it."""
    reader = create_nb_reader(str(chapter.path), md, nb, chapter.keyed_text())
    if reader is None:
        raise Failure(f"book/{chapter.name}.md is not a MyST notebook: its front matter lacks the jupytext part")
    return reader.read(chapter.keyed_text())


def _run(runs: Runs, chapter: Chapter, notebook: Any) -> tuple[Chapter, Any, float]:
    started = time.monotonic()
    key = chapter.text.count("\n") - chapter.keyed_text().count("\n")
    runs.run(notebook, chapter.path.parent, f"book/{chapter.name}.md", line=key)
    return chapter, notebook, time.monotonic() - started


def stood_in(notebook: Any) -> bool:
    """Whether an output says that a run failed and its record is shown instead."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return any(RUN_FAILED in text for output in outputs for text in output.get("data", {}).values() if isinstance(text, str))


def execute(
    chapters: list[Chapter],
    cache_path: Path,
    md: MdParserConfig,
    nb: NbParserConfig,
    say: Callable[[str], None] = print,
) -> dict[str, int]:
    """Run what the cache at ``cache_path`` lacks, two or more at a time. Failure at the first error.

    For each chapter's name, when it was executed (ns): now or by an earlier build. The caller holds the build lock.
    """
    cache = jupyter_cache.get_cache(str(cache_path))
    executed: dict[str, int] = {}
    missing = []
    for chapter in chapters:
        if chapter.runs:
            notebook = read(chapter, md, nb)
            try:
                kept = cache.match_cache_notebook(notebook).data or {}
            except KeyError:
                kept = {FAILED: True}
            if kept.get(FAILED):
                missing.append((chapter, notebook))
            else:
                executed[chapter.name] = kept.get(EXECUTED, 0)
    if not missing:
        return executed
    kernels.prepare()
    runs = Runs(TIMEOUT)
    workers = min(len(missing), os.cpu_count() or 1)
    say(f"executing {len(missing)} of {len(chapters)} chapters, {workers} at a time")
    with ThreadPoolExecutor(workers) as pool:
        try:
            jobs = [pool.submit(_run, runs, chapter, notebook) for chapter, notebook in missing]
            for job in as_completed(jobs):
                chapter, notebook, seconds = job.result()
                data: dict[str, Any] = {"execution_seconds": seconds, EXECUTED: time.time_ns(), FAILED: stood_in(notebook)}
                bundle = CacheBundleIn(notebook, str(chapter.path), data=data)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                executed[chapter.name] = data[EXECUTED]
                say(f"executed {chapter.name} in {seconds:.1f} s")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            runs.stop()
            raise
    return executed
