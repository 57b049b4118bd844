"""A chapter that is opened as a notebook, run and saved is byte for byte what it was: front matter, prose and cells."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupytext.async_contentsmanager import build_async_jupytext_contents_manager_class

from tools.chapters import Chapter, all_chapters
from tools.environment import ROOT
from tools.sources import canonical

CHAPTERS = [chapter for chapter in all_chapters() if chapter.runs]

# what JupyterLab adds to a notebook as soon as its kernel runs, and a widget is drawn
KERNEL = {
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3.11.2",
    },
    "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2, "version_minor": 0}},
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chapters and the settings, where a test may save."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "book", folder / "book", symlinks=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run_all(content: dict[str, Any]) -> None:
    """What a reader leaves in the notebook: outputs, counts, folded cells."""
    content["metadata"].update(KERNEL)
    for number, cell in enumerate(content["cells"]):
        cell["metadata"] |= {"trusted": True, "editable": True, "slideshow": {"slide_type": ""}}
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"}, "jupyter": {"source_hidden": True}}
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "answer"}]


@pytest.mark.long
@pytest.mark.parametrize("after", [lambda content: None, run_all], ids=["opened", "run"])
def test_saved_in_jupyterlab(checkout: Path, after: Any) -> None:
    manager = build_async_jupytext_contents_manager_class(AsyncLargeFileManager)(root_dir=str(checkout))

    async def open_and_save(path: str) -> None:
        content = (await manager.get(path, type="notebook"))["content"]
        assert content["cells"]
        after(content)
        await manager.save({"type": "notebook", "format": "json", "content": content}, path)

    for chapter in CHAPTERS:
        asyncio.run(open_and_save(f"book/{chapter.name}.md"))
        assert (checkout / "book" / f"{chapter.name}.md").read_text(encoding="utf-8") == chapter.text, chapter.name


def jupytext(*arguments: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "jupytext", "--quiet", *arguments], check=True, timeout=300, capture_output=True, text=True
    )


@pytest.mark.long
def test_through_an_ipynb_and_back(checkout: Path) -> None:
    sources = [checkout / "book" / f"{chapter.name}.md" for chapter in CHAPTERS]
    jupytext("--to", "ipynb", *sources)
    for source in sources:
        notebook = source.with_suffix(".ipynb")
        content = json.loads(notebook.read_text(encoding="utf-8"))
        run_all(content)
        notebook.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
        source.unlink()
    jupytext("--to", "md:myst", *(source.with_suffix(".ipynb") for source in sources))
    for chapter, source in zip(CHAPTERS, sources, strict=True):
        assert source.read_text(encoding="utf-8") == chapter.text, chapter.name


@pytest.mark.long
def test_sync_rewrites_nothing(checkout: Path) -> None:
    sources = [checkout / "book" / f"{chapter.name}.md" for chapter in CHAPTERS]
    jupytext("--sync", *sources)
    for chapter, source in zip(CHAPTERS, sources, strict=True):
        assert source.read_text(encoding="utf-8") == chapter.text, chapter.name


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_formatted(chapter: Chapter) -> None:
    assert canonical(chapter.text) == chapter.text, "run `make format`"
