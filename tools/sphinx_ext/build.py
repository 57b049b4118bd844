"""Execution before reading, and reading again what depends on something that changed."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from syslab.evidence.line import HOSTED
from syslab.sources import hash_files

from .. import build_lock
from ..book import lab_vm
from ..chapters import BOOK, Chapter
from ..environment import ROOT, contain
from ..execution import execute
from ..failures import Failure, report

logger = logging.getLogger(__name__)


def _chapters(app: Sphinx) -> list[Chapter]:
    """The pages of the table of contents that exist and have cells."""
    from ..chapters import all_chapters

    return [c for c in all_chapters() if c.path.is_file() and c.runs]


def take_turn(app: Sphinx) -> None:
    """Wait until no other build is at work in this checkout, before anything of its is read."""
    turn = ExitStack()
    turn.enter_context(build_lock.held(logger.info))
    app.connect("build-finished", lambda app, error: turn.close(), priority=900)


def run_chapters(app: Sphinx) -> None:
    """Execute what the cache lacks. MyST-NB then finds every chapter in it."""
    contain()
    lab_vm()
    os.environ[HOSTED] = "1"
    config: Any = app.env
    cache = Path(config.mystnb_config.execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    try:
        config.rsn_executed = execute(_chapters(app), cache, config.myst_config, config.mystnb_config, logger.info)
    except Failure as error:
        raise ExtensionError(str(error)) from error


def _say_in_a_sentence(app: Sphinx | None, args: object, error: BaseException, stderr: object = None) -> NoReturn:
    raise SystemExit(report(error))


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
    """Every page if the look changed, else chapters whose key did (a helper, a record or the lock file is new) or that ran again."""
    before: dict[str, str] = getattr(env, "rsn_keys", {})
    executed: dict[str, int] = env.rsn_executed  # type: ignore[attr-defined]
    now = {"look": look()} | {chapter.name: f"{chapter.key()} {executed[chapter.name]}" for chapter in _chapters(app)}
    env.rsn_keys = now  # type: ignore[attr-defined]
    if before.get("look") != now["look"]:
        return sorted(env.found_docs)
    return [name for name, key in now.items() if before.get(name) != key and name in env.found_docs]


def setup(app: Sphinx) -> None:
    """Register; MyST-NB makes its configuration at the same event with priority 500.

    jupyter-book hands what its builds raise to Sphinx, which prints tracebacks and leaves a file in the temp folder, and
    then raises an exception of its own. There is no event for that, so the function itself gives way to ours.
    """
    if "jupyter_book.sphinx" in sys.modules:
        sys.modules["jupyter_book.sphinx"].handle_exception = _say_in_a_sentence  # type: ignore[attr-defined]
    take_turn(app)
    app.connect("builder-inited", run_chapters, priority=900)
    app.connect("source-read", add_key)
    app.connect("env-get-outdated", outdated)
