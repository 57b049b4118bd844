"""How a widget is put together: its own .js and .css, behind those that its script imports.

The sources are ES modules that import one another by relative paths, so that tools can check them. Whoever runs a widget
gets one text that imports nothing: anywidget the ES module that :func:`script` makes, a page of the book the files that
tools/sphinx_ext/widgets.py makes.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anywidget
import traitlets

BOOK = "https://runnable-systems-notes.github.io/runnable-systems-notes/"
"""Where the book is hosted."""
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


def chapter(module: str = "") -> str:
    """The page that ``module`` belongs to; without it, the chapter that this process has imported, if it is one; else ""."""
    names = [module] if module else list(sys.modules)
    found = {"/".join(name.split(".")[2:4]) for name in names if re.match(r"syslab\.chapters\.\w+\.\w", name)}
    return found.pop().replace("_", "-") if len(found) == 1 else ""


class Widget(anywidget.AnyWidget):
    """What the book's widgets share: beside what is drawn, the same in words, for viewers that draw nothing.

    ``_page`` is the address of the hosted page, for links to what is shown; ``_says`` goes where there is no JavaScript.
    """

    becomes = "something to operate"  # what JavaScript makes of the words
    home = ""  # the page to link to where no chapter is imported
    anchor: Any = ""
    value: Any = ""
    _page = traitlets.Unicode().tag(sync=True)
    _says = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_page")
    def _hosted(self) -> str:
        own = type(self).__module__
        page = chapter(own) or chapter() or self.home
        return f"{BOOK}{page}.html" if page else ""

    def in_words(self) -> str:
        """What is shown now, in lines of text."""
        raise NotImplementedError

    def fragment(self) -> str:
        """What is shown now, as links say it: ``pfec=0x15``."""
        parts = self.value if isinstance(self.value, list) else [self.value]
        return f"{self.anchor}={quote('.'.join(map(str, parts)))}"

    def __repr__(self) -> str:
        return self.in_words()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        words = self.in_words()
        self._says = f"With JavaScript this becomes {self.becomes}.\n{words}"
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:  # it is a part of another one
            return None
        data, metadata = bundle
        link = f"{self._page}#{self.fragment()}" if self._page else ""
        where = f'<a href="{html.escape(link)}">On the book’s page</a>' if link else "In JupyterLab, once its cell is run,"
        lines = "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in words.splitlines())
        texts = {
            "text/plain": f"{words}\n{f'To operate it: {link}' if link else ''}".rstrip(),
            "text/html": f"{lines}<p>{where} this becomes {html.escape(self.becomes)}.</p>",
        }
        return data | texts, metadata
