"""How a widget is put together: its own .js and .css, behind those that its script imports.

The sources are ES modules that import one another by relative paths, so that tools can check them. Whoever runs a widget
gets one text that imports nothing: anywidget the ES module that :func:`script` makes, a page of the book the files that
tools/sphinx_ext/widgets.py makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", re.MULTILINE)
MARK = "// syslab/"  # the first line of what anywidget gets says which source it is


@cache
def parts(path: Path) -> tuple[Path, ...]:
    """The scripts that ``path`` imports, each behind what it imports itself; then ``path``."""
    found: dict[Path, None] = {}
    for _, other in IMPORT.findall(path.read_text(encoding="utf-8")):
        found.update(dict.fromkeys(parts((path.parent / other).resolve())))
    return (*found, path)


def _path(name: str) -> Path:
    return (Path(name) if name.endswith(".py") else FOLDER / name).with_suffix(".js").resolve()


@cache
def script(name: str) -> str:
    """The ES module of widget ``name`` (a file of this folder, or ``__file__``), with all that it imports."""
    *shared, own = parts(_path(name))
    texts = [EXPORT.sub("", IMPORT.sub("", part.read_text(encoding="utf-8"))) for part in shared]
    texts.append(IMPORT.sub("", own.read_text(encoding="utf-8")))
    return f"{MARK}{own.relative_to(PACKAGE).as_posix()}\n" + "\n".join(texts)


@cache
def style(name: str) -> str:
    """The style sheets of the same scripts, in the same order."""
    sheets = [part.with_suffix(".css") for part in parts(_path(name))]
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.is_file())


def source(esm: str) -> Path | None:
    """The widget's own script, from the text that :func:`script` made; None for another text."""
    first = esm.partition("\n")[0]
    return PACKAGE / first.removeprefix(MARK) if first.startswith(MARK) else None


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows with the same keys as a list for each key: of many rows a page carries a fifth less that way."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        for key, value in row.items():
            found.setdefault(key, []).append(value)
    return found
