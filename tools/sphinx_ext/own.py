"""The book's own scripts and style sheets: each built file is made anew from its sources, shortened."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

from syslab.show.picture import STYLE as PICTURES

from ..chapters import BOOK
from .loads import EXTRA
from .progress import data_script
from .widgets import joined, short

SOURCE = BOOK / "_assets" / "rsn"
# what every page loads is one file: together they are a tenth smaller
MADE_OF = {
    "rsn.css": (SOURCE / "rsn.css", PICTURES),  # a notebook gets the rules of pictures with each picture
    "rsn.js": (SOURCE / "rsn.js", SOURCE / "progress.js", SOURCE / "shell.js"),
    **{
        name: (SOURCE / name,)
        for name in ("loader.js", "search.js", "answers.js", *(f"{page}.{kind}" for page, kinds in EXTRA.items() for kind in kinds))
    },
}


def made(name: str) -> str:
    """The text of the built file ``name``."""
    texts = [short(path.read_text(encoding="utf-8"), path.suffix[1:]) for path in MADE_OF[name]]
    return joined(texts) if name.endswith(".js") else "\n".join(texts)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write them, and take away the sources that Sphinx has copied and no page names."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "rsn"
    for name in MADE_OF:
        before = data_script(Path(app.outdir)) if name == "rsn.js" else ""
        (folder / name).write_text(before + made(name), encoding="utf-8")
    for path in SOURCE.iterdir():  # Sphinx leaves a file of an earlier build as it is
        if path.suffix not in (".css", ".js"):
            shutil.copyfile(path, folder / path.name)
    for path in {path for paths in MADE_OF.values() for path in paths} - {SOURCE / name for name in MADE_OF}:
        (folder / path.name).unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Register; after the pages are written."""
    app.connect("build-finished", finish, priority=600)
