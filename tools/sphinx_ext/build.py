"""Execution before reading, and reading again what depends on something that changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from syslab.evidence.line import HOSTED
from syslab.sources import hash_files

from ..chapters import BOOK, Chapter
from ..environment import ROOT, contain
from ..execution import ChapterFailed, execute

logger = logging.getLogger(__name__)


def _chapters(app: Sphinx) -> list[Chapter]:
    """The pages of the table of contents that exist and have cells."""
    from ..chapters import all_chapters

    return [c for c in all_chapters() if c.path.is_file() and c.runs]


def run_chapters(app: Sphinx) -> None:
    """Execute what the cache lacks. MyST-NB then finds every chapter in it."""
    contain()
    os.environ[HOSTED] = "1"
    config: Any = app.env
    cache = Path(config.mystnb_config.execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    try:
        execute(_chapters(app), cache, config.myst_config, config.mystnb_config, logger.info)
    except ChapterFailed as error:
        raise ExtensionError(str(error)) from error


def add_key(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give Sphinx the same source that was executed."""
    chapter = Chapter(docname)
    if chapter.path.is_file() and chapter.runs:
        source[0] = chapter.keyed_text(source[0])


def look() -> str:
    """A hash of what draws every page: the extension, the templates, the widgets' scripts and styles, the settings."""
    files = [*(ROOT / "tools").rglob("*.py"), *(BOOK / "_templates").rglob("*.html")]
    files += [ROOT / "_config.yml", ROOT / "requirements.txt"]  # another version shortens in another way
    files += [path for suffix in ("js", "css") for folder in ("tools", "syslab") for path in (ROOT / folder).rglob(f"*.{suffix}")]
    return hash_files(sorted(files))


def outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Every page if the look changed, else chapters whose key did: a helper, a record or the lock file is new."""
    before: dict[str, str] = getattr(env, "rsn_keys", {})
    now = {"look": look()} | {chapter.name: chapter.key() for chapter in _chapters(app)}
    env.rsn_keys = now  # type: ignore[attr-defined]
    if before.get("look") != now["look"]:
        return sorted(env.found_docs)
    return [name for name, key in now.items() if before.get(name) != key and name in env.found_docs]


def setup(app: Sphinx) -> None:
    """Register; MyST-NB makes its configuration at the same event with priority 500."""
    app.connect("builder-inited", run_chapters, priority=900)
    app.connect("source-read", add_key)
    app.connect("env-get-outdated", outdated)
